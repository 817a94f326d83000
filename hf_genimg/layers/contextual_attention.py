"""Contextual attention: what is missing is put together from patches of what is there (arXiv:1801.07892, section 4)."""

from __future__ import annotations

import torch
import torch.nn.functional as F

RATE = 2  # matched at half the size, put together at the full one
PATCH = 3  # pixels a side of what is matched
FUSE = 3  # neighbouring matches whose scores are joined
SHARPNESS = 10.0  # of the softmax over patches
SHORTEST = 1e-4  # below it a patch counts as this long


def contextual_attention(maps: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Each position as a mean of known patches, weighted by how alike they are to the patch around it.

    Args:
        maps: float [N, C, H, W], H and W multiples of `RATE`.
        mask: float [N, 1, H, W], 1 where something is filled in: no patch is taken from there.

    Returns:
        float [N, C, H, W].
    """
    return torch.cat([_of_one(*pair) for pair in zip(maps.split(1), mask.split(1), strict=True)])


def _of_one(maps: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    small, small_mask = maps[..., ::RATE, ::RATE], mask[..., ::RATE, ::RATE]
    height, width = small.shape[2:]
    patches = _patches(small, PATCH, 1)
    kernels = patches / patches.flatten(1).norm(dim=1).clamp_min(SHORTEST).view(-1, 1, 1, 1)
    scores = F.conv2d(small, kernels, padding=PATCH // 2)  # [1, patches, H / 2, W / 2]
    scores = _fused(scores, height, width)
    known = (_patches(small_mask, PATCH, 1).mean((1, 2, 3)) == 0).to(scores.dtype).view(1, -1, 1, 1)
    weights = torch.softmax(scores * known * SHARPNESS, dim=1) * known
    whole = _patches(maps, 2 * RATE, RATE)
    return F.conv_transpose2d(weights, whole, stride=RATE, padding=1) / 4


def _patches(maps: torch.Tensor, size: int, stride: int) -> torch.Tensor:
    """All patches of [1, C, H, W], padded so that there is one for each `stride` pixels: [patches, C, size, size]."""
    around = size - stride
    maps = F.pad(maps, (around // 2, around - around // 2) * 2)
    return F.unfold(maps, size, stride=stride)[0].T.reshape(-1, maps.shape[1], size, size)


def _fused(scores: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Scores joined along diagonals, so that neighbours are taken from neighbours: first row by row, then column by
    column.
    """
    kernel = torch.eye(FUSE, dtype=scores.dtype, device=scores.device).view(1, 1, FUSE, FUSE)
    table = scores.view(1, 1, height * width, height * width)
    for sides in ((height, width), (width, height)):
        table = F.conv2d(table, kernel, padding=FUSE // 2).view(*sides, *sides)
        table = table.permute(1, 0, 3, 2).reshape(1, 1, height * width, height * width)
    return table.view(1, height * width, height, width)
