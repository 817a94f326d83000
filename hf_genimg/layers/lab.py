"""CIE Lab (D65) from and to sRGB, differentiable."""

from __future__ import annotations

import torch

TO_XYZ = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))
WHITE = (0.95047, 1.0, 1.08883)
DELTA = 6 / 29
SMALLEST = 1e-8  # below it a root's gradient would be infinite


def rgb_to_lab(images: torch.Tensor) -> torch.Tensor:
    """float [N, 3, H, W] in [-1, 1] to Lab: L from 0 to 100, a and b about -110 to 110."""
    levels = images.float() * 0.5 + 0.5
    linear = torch.where(levels <= 0.04045, levels / 12.92, ((levels.clamp_min(SMALLEST) + 0.055) / 1.055) ** 2.4)
    xyz = torch.einsum("ij,njhw->nihw", _matrix(images), linear) / _white(images)
    roots = torch.where(xyz > DELTA**3, xyz.clamp_min(SMALLEST) ** (1 / 3), xyz / (3 * DELTA**2) + 4 / 29)
    x, y, z = roots.unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def lab_to_rgb(lab: torch.Tensor) -> torch.Tensor:
    """The inverse of `rgb_to_lab`; what sRGB does not have is cut to [-1, 1]."""
    lightness, a, b = lab.float().unbind(1)
    y = (lightness + 16) / 116
    roots = torch.stack([y + a / 500, y, y - b / 200], 1)
    xyz = torch.where(roots > DELTA, roots**3, 3 * DELTA**2 * (roots - 4 / 29)) * _white(lab)
    linear = torch.einsum("ij,njhw->nihw", torch.linalg.inv(_matrix(lab)), xyz).clamp(0, 1)
    levels = torch.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear.clamp_min(SMALLEST) ** (1 / 2.4) - 0.055)
    return levels * 2 - 1


def _matrix(images: torch.Tensor) -> torch.Tensor:
    return torch.tensor(TO_XYZ, device=images.device)


def _white(images: torch.Tensor) -> torch.Tensor:
    return torch.tensor(WHITE, device=images.device).view(1, 3, 1, 1)
