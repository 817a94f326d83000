"""Pixels, features and a GAN loss: terms by hand, weights of 0, gradients through the frozen network."""

from __future__ import annotations

import pytest
import torch

from hf_genimg import MSRResNetGenerator, SRGANDiscriminator
from hf_genimg.features import PerceptualDistance, load_features
from hf_genimg.losses.adversarial import gan_loss
from hf_genimg.objectives.perceptual_gan import PerceptualGAN


@pytest.fixture
def networks() -> dict[str, torch.nn.Module]:
    torch.manual_seed(0)
    return {
        "generator": MSRResNetGenerator(32, 1, 1, 4, 1, 2),
        "discriminator": SRGANDiscriminator(32, 1, 2, 4).eval(),
        "perceptual": PerceptualDistance(load_features("digits")),
    }


@pytest.fixture
def batch() -> dict[str, torch.Tensor]:
    images = torch.rand(4, 1, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return {"images": images, "inputs": images[..., ::2, ::2]}


def test_the_weighted_terms(networks: dict, batch: dict) -> None:
    terms = PerceptualGAN(gan_loss("relativistic"), 0.01, 2.0, 0.5).generator(networks, batch)
    fake = networks["generator"](batch["inputs"])
    torch.testing.assert_close(terms["l1"], 0.01 * (fake - batch["images"]).abs().mean())
    torch.testing.assert_close(terms["perceptual"], 2 * networks["perceptual"](fake, batch["images"]).mean())
    gap = networks["discriminator"](batch["images"]) - networks["discriminator"](fake)
    torch.testing.assert_close(terms["adversarial"], 0.5 * torch.nn.functional.softplus(gap).mean())
    terms["perceptual"].backward()
    assert all(weights.grad.abs().sum() > 0 for weights in networks["generator"].parameters())


def test_terms_of_weight_0_are_left_out_and_both_sides_are_augmented_alike(networks: dict, batch: dict) -> None:
    turned = PerceptualGAN(gan_loss("hinge"), 1, 0, 0, lambda *sides: tuple(side.flip(-1) for side in sides))
    plain = PerceptualGAN(gan_loss("hinge"), 1, 0, 0)
    one, other = (objective.generator(networks, batch) for objective in (turned, plain))
    assert set(one) == {"l1"} and one["l1"] != other["l1"]
    flipped = {name: side.flip(-1) for name, side in batch.items()}
    torch.testing.assert_close(one, plain.generator(networks, flipped))


def test_held_out_terms_say_both_distances(networks: dict, batch: dict) -> None:
    assert set(PerceptualGAN(gan_loss("hinge"), 1, 1, 1).held_out(networks, batch)) == {"l1", "psnr", "perceptual"}
