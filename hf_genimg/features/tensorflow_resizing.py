"""Bilinear resizing as TensorFlow 1 does it, which torch-fidelity keeps for all its networks."""

from __future__ import annotations

import torch


def resized(images: torch.Tensor, size: int) -> torch.Tensor:
    """images: float [N, C, H, W]. Returns float [N, C, size, size], differentiably, without antialiasing."""
    height, width = (tensorflow_resize(side, size).to(images) for side in images.shape[2:])
    return height @ images @ width.T


def tensorflow_resize(size: int, target: int) -> torch.Tensor:
    """The matrix [target, size] of TensorFlow 1's bilinear resize along one side: output i reads at i size / target,
    the corner aligned.
    """
    position = torch.arange(target, dtype=torch.float32) * torch.tensor(size / target, dtype=torch.float32)
    low = position.long()
    weight = position - low
    matrix = torch.zeros(target, size)
    matrix[torch.arange(target), low] += 1 - weight
    matrix[torch.arange(target), (low + 1).clamp(max=size - 1)] += weight
    return matrix
