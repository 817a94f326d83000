"""CIELAB, in which lightness and colour are apart: to and from sRGB, white at D65 (CIE 15, IEC 61966-2-1)."""

from __future__ import annotations

import torch

# Linear sRGB to XYZ. White is the sum of each row, so that grey has no colour.
TO_XYZ = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))
WHITE = tuple(sum(row) for row in TO_XYZ)
FROM_XYZ = tuple(map(tuple, torch.linalg.inv(torch.tensor(TO_XYZ, dtype=torch.float64)).tolist()))
DELTA = 6 / 29
BISECTIONS = 12  # of the largest share of a colour that sRGB has


def to_lab(images: torch.Tensor) -> torch.Tensor:
    """sRGB, float [N, 1 or 3, H, W] in [-1, 1], to float32 [N, 3, H, W]: L from 0 to 100, a and b within +-128."""
    levels = (images.float().clamp(-1, 1) + 1) / 2
    linear = torch.where(levels <= 0.04045, levels / 12.92, ((levels.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4)
    linear = linear.expand(-1, 3, -1, -1)
    x, y, z = (_compressed(each / white) for each, white in zip(_mixed(TO_XYZ, linear), WHITE, strict=True))
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def from_lab(lab: torch.Tensor) -> torch.Tensor:
    """CIELAB, float [N, 3, H, W], to sRGB, float32 [N, 3, H, W] in [-1, 1].

    What sRGB lacks becomes less colourful, of the same lightness and hue.
    """
    lab = lab.float()
    share = _largest_share(lab.detach())
    linear = _linear(lab[:, :1], share * lab[:, 1:]).clamp(0, 1)
    curved = 1.055 * linear.clamp(min=0.0031308) ** (1 / 2.4) - 0.055
    return torch.where(linear <= 0.0031308, 12.92 * linear, curved) * 2 - 1


def _largest_share(lab: torch.Tensor) -> torch.Tensor:
    """By what, up to 1, a and b are multiplied to be within sRGB: float [N, 1, H, W], by bisection."""
    lightness, colours = lab[:, :1].clamp(0, 100), lab[:, 1:]
    low, high = torch.zeros_like(lightness), torch.ones_like(lightness)
    share = high
    for _ in range(BISECTIONS):
        linear = _linear(lightness, share * colours)
        inside = ((linear >= -1e-5) & (linear <= 1 + 1e-5)).all(1, keepdim=True)
        low, high = torch.where(inside, share, low), torch.where(inside, high, share)
        share = torch.where(low == 1, low, (low + high) / 2)
    return low


def _linear(lightness: torch.Tensor, colours: torch.Tensor) -> torch.Tensor:
    """L, [N, 1, H, W], with a and b, [N, 2, H, W], to linear sRGB, [N, 3, H, W], not clipped."""
    y = (lightness + 16) / 116
    parts = (y + colours[:, :1] / 500, y, y - colours[:, 1:] / 200)
    xyz = torch.cat([white * _expanded(part) for part, white in zip(parts, WHITE, strict=True)], 1)
    return torch.stack(_mixed(FROM_XYZ, xyz), 1)


def _mixed(matrix: tuple[tuple[float, ...], ...], channels: torch.Tensor) -> list[torch.Tensor]:
    """A matrix times the channels of each pixel: written out, for a product would run in half precision."""
    return [sum(weight * channels[:, place] for place, weight in enumerate(row)) for row in matrix]


def _compressed(values: torch.Tensor) -> torch.Tensor:
    return torch.where(values > DELTA**3, values.clamp(min=DELTA**3) ** (1 / 3), values / (3 * DELTA**2) + 4 / 29)


def _expanded(values: torch.Tensor) -> torch.Tensor:
    return torch.where(values > DELTA, values**3, 3 * DELTA**2 * (values - 4 / 29))
