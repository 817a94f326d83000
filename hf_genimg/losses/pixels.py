"""Distances of images to targets, pixel by pixel."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

EPS = 1e-8  # of the mean squared error on [0, 1], as NAFNet's PSNR loss has it
CHARBONNIER_EPS = 1e-3


def psnr(images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Peak signal-to-noise ratio of each pair in decibels, at most 80: float [N, C, H, W] in [-1, 1] twice to
    float [N].
    """
    error = ((images - targets) / 2).square().mean((1, 2, 3))
    return -10 * torch.log10(error + EPS)


def psnr_loss(images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The negative PSNR, averaged over pairs (arXiv:2204.04676): a scalar."""
    return -psnr(images, targets).mean()


def charbonnier(images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The mean of sqrt(difference^2 + 1e-6), a smooth L1 (arXiv:1704.03915, section 3.3): a scalar."""
    return ((images - targets).square() + CHARBONNIER_EPS**2).sqrt().mean()


def colourfulness(images: torch.Tensor) -> torch.Tensor:
    """How colourful each image is: float [N, 3, H, W] in [-1, 1] to float [N], 0 for grey, about 33 for "moderately".

    Source: Hasler and Suesstrunk, Measuring colourfulness in natural images, 2003, section 7; levels from 0 to 255.
    """
    red, green, blue = (127.5 * (images.float() + 1)).unbind(1)
    opponents = torch.stack([red - green, (red + green) / 2 - blue], 1).flatten(2)
    return opponents.var(2, correction=0).sum(1).sqrt() + 0.3 * opponents.mean(2).norm(dim=1)


PIXEL_LOSSES: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "l1": F.l1_loss,
    "l2": F.mse_loss,
    "charbonnier": charbonnier,
    "psnr": psnr_loss,
}
