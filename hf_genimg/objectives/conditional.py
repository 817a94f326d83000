"""Variational objective of a conditional autoencoder: the evidence lower bound of log p(image | class)
(arXiv:1406.5298, eq. 6).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from .base import Batch, Networks, Terms, conditions_of
from .variational import Variational


@dataclass
class Conditioned:
    """An autoencoder with the conditions of a batch filled in: called as one that has none."""

    autoencoder: nn.Module
    conditions: dict[str, torch.Tensor] = field(default_factory=dict)

    def encode(self, images: torch.Tensor) -> Any:
        return self.autoencoder.encode(images, **self.conditions)

    def logits(self, latents: torch.Tensor) -> torch.Tensor:
        return self.autoencoder.logits(latents, **self.conditions)

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        return self.autoencoder.decode(latents, **self.conditions)


class ConditionalVariational(Variational):
    """`Variational`, where encoder and decoder are given the conditions of the batch."""

    def autoencoder(self, networks: Networks, batch: Batch) -> Terms:
        return super().autoencoder(_conditioned(networks, batch), batch)

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        return super().held_out(_conditioned(networks, batch), batch)


def _conditioned(networks: Networks, batch: Batch) -> Networks:
    autoencoder = networks["autoencoder"]
    return {**networks, "autoencoder": Conditioned(autoencoder, conditions_of(autoencoder, batch))}
