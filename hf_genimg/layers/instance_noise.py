"""Noise on every image that the discriminator sees, which fades (arXiv:1610.04490, section 3.2)."""

from __future__ import annotations

import torch
from torch import nn


class InstanceNoise(nn.Module):
    """Adds N(0, sigma_t^2) to each pixel; sigma_t falls in a line from `sigma` to 0 over `updates` updates of the
    discriminator.
    """

    def __init__(self, sigma: float, updates: int) -> None:
        super().__init__()
        if sigma <= 0 or updates < 1:
            raise ValueError(f"instance_noise={sigma} must be above 0 and last for at least one update, not {updates}")
        self.sigma, self.last = sigma, updates
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))

    @property
    def present_sigma(self) -> torch.Tensor:
        """sigma_t, float []."""
        return self.sigma * (1 - self.updates / self.last).clamp(min=0)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] to the same."""
        return images + self.present_sigma.to(images.dtype) * torch.randn_like(images)

    def observe(self, on_real: torch.Tensor) -> None:
        """Fading does not depend on the logits."""

    def move(self) -> None:
        """After an update of the discriminator."""
        self.updates += 1

    def measured(self) -> dict[str, float]:
        """What the log is to have of it."""
        return {"augmentation/noise": self.present_sigma.item()}
