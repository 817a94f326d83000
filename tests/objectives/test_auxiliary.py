"""Discriminators that guess: what is asked of whom, against sums by hand."""

from __future__ import annotations

import pytest
import torch

import hf_genimg
from hf_genimg.losses.adversarial import non_saturating
from hf_genimg.objectives.auxiliary import Auxiliary, Informed

SIZE = {"image_size": 16, "image_channels": 1, "width": 4}
BATCH = {"images": torch.rand(6, 1, 16, 16) * 2 - 1, "labels": torch.tensor([0, 1, 2, 2, 1, 0])}


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return -torch.stack([row.softmax(0)[label].log() for row, label in zip(logits, labels, strict=True)]).mean()


def test_both_kinds_of_images_are_guessed_and_both_players_gain() -> None:
    torch.manual_seed(0)
    discriminator = hf_genimg.ACGANDiscriminator(**SIZE, auxiliary_outputs=3).eval()
    networks = {
        "generator": hf_genimg.ACGANGenerator(**SIZE, num_classes=3, latent_dim=4),
        "discriminator": discriminator,
    }
    objective = Auxiliary(loss=non_saturating(), weight=2.0)
    terms = objective.discriminator(networks, BATCH)
    assert set(terms) == {"real", "fake", "class_real", "class_fake"}
    torch.testing.assert_close(
        terms["class_real"], 2 * cross_entropy(discriminator.logits_and_auxiliary(BATCH["images"])[1], BATCH["labels"])
    )
    assert set(objective.generator(networks, BATCH)) == {"adversarial", "class_fake"}
    with pytest.raises(ValueError, match="auxiliary_weight=0"):
        Auxiliary(loss=non_saturating(), weight=0)


def test_codes_are_guessed_of_fakes_alone() -> None:
    torch.manual_seed(0)
    discriminator = hf_genimg.InfoGANDiscriminator(**SIZE, auxiliary_outputs=5).eval()
    generator = hf_genimg.InfoGANGenerator(**SIZE, num_classes=3, codes=2, latent_dim=4)
    objective = Informed(loss=non_saturating(), num_classes=3, codes=2, weight=0.5)
    terms = objective.discriminator(
        {"generator": generator, "discriminator": discriminator}, {"images": BATCH["images"]}
    )
    assert set(terms) == {"real", "fake", "class", "codes"}
    latents, batch, fake = objective._fakes[0]
    auxiliary_outputs = discriminator.logits_and_auxiliary(fake)[1]
    torch.testing.assert_close(terms["class"], 0.5 * cross_entropy(auxiliary_outputs[:, :3], batch["labels"]))
    by_hand = (
        sum(
            (auxiliary_outputs[image, 3 + code] - latents[image, code]) ** 2 / 2
            for image in range(6)
            for code in range(2)
        )
        / 6
    )
    torch.testing.assert_close(terms["codes"], 0.5 * by_hand)


def test_codes_are_uniform_and_first() -> None:
    torch.manual_seed(0)
    latents = hf_genimg.InfoGANGenerator(**SIZE, codes=2, latent_dim=4).sample_latents(4000)
    assert latents[:, :2].abs().max() <= 1 and latents[:, 2:].abs().max() > 2
    assert (latents[:, :2].var(0) - 1 / 3).abs().max() < 0.02


def test_what_was_found_can_be_asked_for() -> None:
    pipe = hf_genimg.ImageGenerationPipeline(
        hf_genimg.InfoGANGenerator(**SIZE, num_classes=3, codes=2, latent_dim=4).eval()
    )
    assert (pipe.capabilities.num_classes, pipe.capabilities.codes) == (3, 2)
    low, high = (
        pipe(latents=torch.tensor([[value, 0.0, 0.0, 0.0]]), class_labels=1, output_type="pt").images
        for value in (-1, 1)
    )
    assert not torch.equal(low, high)
