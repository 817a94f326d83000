"""FastGAN's objective (arXiv:2101.04775, eq. 2 to 4): a discriminator that also reconstructs real images."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from ..features import over_random
from .adversarial import Adversarial
from .base import Batch, Networks, Terms


class Reconstructing(Adversarial):
    """Besides the GAN loss, the discriminator's decoders reconstruct the augmented real images: the whole, a smaller
    copy and one random quarter, by the frozen perceptual distance `distance`, float [N, C, H, W] twice to float [N].

    The generator's second, smaller images go to the discriminator with the first, augmented on their own. Each logit,
    float [N, L], counts as one of a batch of N L.

    weight: of the sum of the three mean distances. The published code sums over a batch of 8, which is a weight of 8
    whatever the batch size.
    """

    def __init__(self, *, weight: float = 8.0, **parts: Any) -> None:
        super().__init__(**parts)
        if weight < 0:
            raise ValueError(f"reconstruction={weight} must be at least 0")
        self.weight = weight
        self._small: tuple[torch.Tensor, torch.Tensor] | None = None  # latents, and the second images made of them

    def generate(self, generator: nn.Module, latents: torch.Tensor, batch: Batch) -> torch.Tensor:
        images, small = generator.with_small(latents)
        self._small = latents, small
        return images

    def logits(
        self, networks: Networks, images: torch.Tensor, batch: Batch, latents: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, Terms]:
        discriminator = networks["discriminator"]
        if latents is None and self.weight and self.step.player == "discriminator" and torch.is_grad_enabled():
            logits, pairs = discriminator.with_reconstructions(images, int(torch.randint(4, ())))
            distances = [
                networks["distance"](*over_random(made.float(), target)).mean() for made, target in pairs.values()
            ]
            return logits.float().flatten(), {"reconstruction": self.weight * torch.stack(distances).sum()}
        small = None
        if latents is not None and self._small is not None and latents is self._small[0]:
            learns = self.step.player == "generator"
            small = self.augment(self._small[1] if learns else self._small[1].detach())
        return discriminator(images, small).float().flatten(), {}
