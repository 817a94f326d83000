"""Networks whose forwards in training mode have noise of their own, from the generators that the loop seeds."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch
from torch import nn


@runtime_checkable
class TakesNoise(Protocol):
    """A network that may have inputs of noise, which it samples itself in training."""

    def sample_noise(self, num_images: int) -> torch.Tensor | None:
        """Noise of images; None for a network without."""


def is_noisy(network: nn.Module) -> bool:
    """Whether two forwards in training mode differ, because of dropout or of inputs of noise."""
    dropout = any(isinstance(module, nn.modules.dropout._DropoutNd) for module in network.modules())
    return dropout or (isinstance(network, TakesNoise) and network.sample_noise(1) is not None)
