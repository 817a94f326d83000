"""Directions found from groups, classes and scores: where the right one is known."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from diffusers.configuration_utils import register_to_config

import hf_genimg
from hf_genimg.evaluation.latent_directions import (
    direction_from_classifier,
    direction_from_scores,
    find_direction,
    latents_of_images,
    sample_images,
)
from hf_genimg.models._network import LatentNetwork, Network


class Shades(LatentNetwork):
    """The first latent is the level of the left half, the second that of the right half."""

    @register_to_config
    def __init__(
        self, image_size: int = 4, image_channels: int = 1, latent_dim: int = 3, latent_distribution: str = "normal"
    ) -> None:
        super().__init__()
        self.slope = torch.nn.Parameter(torch.tensor(0.3))

    def forward(self, latents: torch.Tensor, class_labels: None = None) -> torch.Tensor:
        levels = (self.slope * latents[:, :2]).clamp(-1, 1)
        return levels.repeat_interleave(2, 1)[:, None, None].expand(-1, 1, 4, -1)


class LeftIsLight(Network):
    """Classifies images by the level of their left half."""

    @register_to_config
    def __init__(
        self, image_size: int = 4, image_channels: int = 1, num_classes: int = 2, class_names: Any = ("dark", "light")
    ) -> None:
        super().__init__()
        self.slope = torch.nn.Parameter(torch.tensor(9.0))

    def features(self, images: torch.Tensor) -> torch.Tensor:
        return images[:, :, :, :2].mean((1, 2, 3))

    def classify(self, features: torch.Tensor) -> torch.Tensor:
        return torch.stack([-self.slope * features, self.slope * features], 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.classify(self.features(images))


def shades() -> hf_genimg.ImageGenerationPipeline:
    pipe = hf_genimg.ImageGenerationPipeline(Shades())
    pipe.set_progress_bar_config(disable=True)
    return pipe


def close(direction: Any, expected: list[float], tolerance: float = 0.15) -> bool:
    return bool((direction.vector - torch.tensor(expected)).abs().max() < tolerance)


@pytest.mark.parametrize("method", ["means", "logistic", "svm"])
def test_a_classifier_and_a_score_find_the_latent_that_they_see(method: str) -> None:
    """One standard deviation of normal latents is 1, so the direction is a unit vector."""
    classifier = hf_genimg.ImageClassificationPipeline(LeftIsLight())
    found = direction_from_classifier(shades(), classifier, "light", method=method, samples=600)
    assert close(found, [1, 0, 0]) and found.space == "z" and "light against the rest by unsaved" in found.found
    assert close(direction_from_classifier(shades(), classifier, 0, 1, method, samples=600), [-1, 0, 0])
    right = direction_from_scores(shades(), lambda images: images[..., 3].mean((1, 2)), method, note="right")
    assert close(right, [0, 1, 0]) and "highest and lowest 10% of 2000 images by right" in right.found


def test_a_boundary_tells_apart_what_occurs_together() -> None:
    """Where the second latent is large in nearly all of one group, a difference of means takes it along."""
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn(2000, 3, generator=generator)
    latents[:, 1] = 0.9 * latents[:, 0] + 0.3 * latents[:, 1]
    light = latents[:, 0] > 0
    means = find_direction(shades(), latents[light], latents[~light])
    boundary = find_direction(shades(), latents[light], latents[~light], "svm")
    assert means.vector[1] > 0.5 and abs(boundary.vector[1] / boundary.vector[0]) < 0.2


def test_styles_give_a_direction_in_w() -> None:
    torch.manual_seed(0)
    sizes = {"image_size": 8, "image_channels": 1, "latent_dim": 4, "style_dim": 5, "mapping_layers": 2, "width": 8}
    pipe = hf_genimg.ImageGenerationPipeline(hf_genimg.StyleGAN2Generator(**sizes, capacity=64))
    styles, images = sample_images(pipe, 200)
    assert styles.shape == (200, 4, 5) and images.shape == (200, 1, 8, 8)
    assert torch.allclose(styles, pipe.styles_of(pipe.network.sample_latents(200, torch.Generator().manual_seed(0))))
    order = styles[:, 0, 2].argsort()
    found = find_direction(pipe, styles[order[-40:]], styles[order[:40]], "logistic")
    assert (found.space, found.vector.shape) == ("w", (5,)) and found.vector[2] > 0
    unit = found.vector / found.vector.norm()
    torch.testing.assert_close((styles[:, 0] @ unit).std(), found.vector.norm(), rtol=0.15, atol=0)
    with pytest.raises(ValueError, match=r"groups of latents are \[2, 4, 5\] and \[2, 4\]"):
        find_direction(pipe, styles[:2], torch.zeros(2, 4))


def test_pictures_become_latents_by_the_encoder_or_by_inversion() -> None:
    torch.manual_seed(0)
    vae = hf_genimg.ImageReconstructionPipeline(hf_genimg.MLPVAE(image_size=8, latent_dim=2, width=8))
    images = vae(3, seed=1).images
    assert torch.equal(latents_of_images(vae, images), vae.encode(images))
    assert latents_of_images(shades(), shades()(2, seed=1).images, steps=2).shape == (2, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda pipe, c: find_direction(pipe, torch.zeros(2, 4), torch.zeros(2, 4)), r"give two that are \[N, 3\]"),
        (lambda pipe, c: find_direction(pipe, torch.ones(2, 3), torch.ones(2, 3)), "the same latents"),
        (lambda pipe, c: find_direction(pipe, torch.ones(2, 3), torch.zeros(2, 3), "guess"), "not known; use one of"),
        (lambda pipe, c: direction_from_classifier(pipe, c, "grey"), "there is no class 'grey'"),
        (lambda pipe, c: direction_from_classifier(pipe, c, 2), "label=2 is no class; give a name or an integer"),
        (lambda pipe, c: direction_from_classifier(pipe, c, 1, samples=4), "and 5 are needed"),
        (lambda pipe, c: direction_from_classifier(pipe, pipe, 1), "is no classifier"),
        (lambda pipe, c: direction_from_classifier(pipe, c, 1, space="w"), "latent spaces of Shades are: z"),
        (lambda pipe, c: direction_from_scores(pipe, lambda images: images[0]), "give a finite number for each image"),
        (lambda pipe, c: direction_from_scores(pipe, torch.mean, share=0.9), "up to a half"),
    ],
)
def test_what_cannot_be_found_is_one_line(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(shades(), hf_genimg.ImageClassificationPipeline(LeftIsLight()))
