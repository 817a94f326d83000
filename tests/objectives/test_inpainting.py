"""Filling in: terms by hand, what the discriminators see, and held-out terms of the hole alone."""

from __future__ import annotations

import math

import pytest
import torch

from hf_genimg import (
    ContextEncoderDiscriminator,
    ContextEncoderGenerator,
    GatedInpaintingDiscriminator,
    GatedInpaintingGenerator,
)
from hf_genimg.losses.adversarial import gan_loss
from hf_genimg.objectives.inpainting import ContextEncoding, GatedInpainting, hole_terms

Batch = dict[str, torch.Tensor]


@pytest.fixture
def batch() -> Batch:
    torch.manual_seed(0)
    images, mask = torch.rand(2, 1, 16, 16) * 2 - 1, torch.zeros(2, 1, 16, 16)
    mask[..., 5:11, 5:11] = 1
    return {"images": images, "inputs": images * (1 - mask), "mask": mask}


def test_gated_inpainting(batch: Batch) -> None:
    networks = {
        "generator": GatedInpaintingGenerator(16, 1, 1, 4),
        "discriminator": GatedInpaintingDiscriminator(16, 1, 2),
    }
    objective = GatedInpainting(gan_loss("hinge"), l1_weight=2.0)
    terms = objective.generator(networks, batch)
    coarse, refined = networks["generator"].stages(batch["inputs"], batch["mask"])
    torch.testing.assert_close(terms["coarse_l1"], 2 * (coarse - batch["images"]).abs().mean())
    torch.testing.assert_close(terms["l1"], 2 * (refined - batch["images"]).abs().mean())
    filled = networks["generator"](batch["inputs"], mask=batch["mask"])
    logits = networks["discriminator"](filled, mask=batch["mask"])
    torch.testing.assert_close(terms["adversarial"], -logits.mean())
    sum(terms.values()).backward()
    assert all(weights.grad is not None for weights in networks["generator"].parameters())
    found = objective.discriminator(networks, batch)
    torch.testing.assert_close(found["fake"], (1 + logits).relu().mean())


def test_context_encoding(batch: Batch) -> None:
    networks = {
        "generator": ContextEncoderGenerator(16, 1, 1, 2, 8).eval(),
        "discriminator": ContextEncoderDiscriminator(8, 1, 2).eval(),
    }
    terms = ContextEncoding(gan_loss("non_saturating")).generator(networks, batch)
    predicted, real = networks["generator"].predicted(batch["inputs"]), batch["images"][..., 4:12, 4:12]
    squares, inner = (predicted - real).square(), torch.zeros(8, 8, dtype=torch.bool)
    inner[1:7, 1:7] = True
    expected = (squares[..., inner].sum() + 10 * squares[..., ~inner].sum()) / squares.numel()
    torch.testing.assert_close(terms["l2"], 0.999 * expected)
    adversarial = torch.nn.functional.softplus(-networks["discriminator"](predicted)).mean()
    torch.testing.assert_close(terms["adversarial"], 0.001 * adversarial)


def test_held_out_terms_are_of_the_hole(batch: Batch) -> None:
    images = torch.where(batch["mask"] > 0, batch["images"] + 0.2, batch["images"])
    terms = hole_terms(images, batch)
    assert terms["l1"].item() == pytest.approx(0.2, abs=1e-6)
    assert terms["psnr"].item() == pytest.approx(-10 * math.log10(0.01), abs=1e-3)
    grey = batch["images"][batch["mask"] > 0].view(2, -1).div(2).square().mean(1)
    assert terms["psnr_of_grey"].item() == pytest.approx((-10 * grey.log10()).mean().item(), abs=1e-3)


@pytest.mark.parametrize("refine", [False, True])
def test_without_a_weight_there_is_no_discriminator(batch: Batch, refine: bool) -> None:
    gated = GatedInpainting(gan_loss("hinge"), adversarial_weight=0)
    terms = gated.generator({"generator": GatedInpaintingGenerator(16, 1, 1, 4, refine)}, batch)
    assert set(terms) == ({"coarse_l1", "l1"} if refine else {"l1"})
    encoding = ContextEncoding(gan_loss("non_saturating"), adversarial_weight=0)
    assert set(encoding.generator({"generator": ContextEncoderGenerator(16, 1, 1, 2, 8)}, batch)) == {"l2"}
    assert gated.players == encoding.players == ("generator",)
    assert GatedInpainting(gan_loss("hinge")).players == ("discriminator", "generator")
