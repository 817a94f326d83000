"""Statistics of feature maps that describe style: Gram matrices, and each channel's mean and standard deviation."""

from __future__ import annotations

import torch


def gram_matrix(maps: torch.Tensor) -> torch.Tensor:
    """The Gram matrix of each image's channels, over all positions.

    Args:
        maps: float [N, C, H, W].

    Returns:
        float [N, C, C], divided by C H W (arXiv:1603.08155, eq. 3; the Gram matrix of arXiv:1508.06576 is not divided).
    """
    channels, height, width = maps.shape[1:]
    vectors = maps.flatten(2)
    return vectors @ vectors.transpose(1, 2) / (channels * height * width)


def channel_statistics(maps: torch.Tensor, eps: float = 1e-5) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of each channel over positions, as of instance norm (arXiv:1703.06868, eq. 5 and 6).

    Args:
        maps: float [N, C, H, W].
        eps: added to the variance, which is divided by H W.

    Returns:
        mean and standard deviation, float [N, C, 1, 1] each.
    """
    variance, mean = torch.var_mean(maps, (2, 3), correction=0, keepdim=True)
    return mean, (variance + eps).sqrt()
