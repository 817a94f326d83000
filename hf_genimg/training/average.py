"""The published weights: an exponential moving average of the trained ones."""

from __future__ import annotations

import copy

import torch
from torch import nn

RAMP = 0.05  # StyleGAN2-ADA: the half-life is at most this part of the images so far, to forget the random start


def half_life_decay(half_life: float, images: int, step: int) -> float:
    """The weight that the average keeps over a step of `step` images which ends at image `images`."""
    half_life = min(half_life, RAMP * images)
    return 0.5 ** (step / half_life) if half_life > 0 else 0.0


class WeightAverage:
    """Averages of some networks, with a half-life in images, so that its meaning does not change with the batch size.

    Parameters and batch-norm statistics are averaged; every other buffer is copied.
    """

    def __init__(self, networks: dict[str, nn.Module], half_life: float) -> None:
        self.networks = {
            name: copy.deepcopy(network).eval().requires_grad_(False) for name, network in networks.items()
        }
        self.half_life = half_life
        self._averaged, self._copied = _pair_up(self.networks, networks)

    @torch.no_grad()
    def restart(self, networks: dict[str, nn.Module]) -> None:
        """Stand where `networks` stand."""
        for name, average in self.networks.items():
            average.load_state_dict(networks[name].state_dict())

    @torch.no_grad()
    def update(self, images: int, step: int) -> None:
        """Take in the networks as they are after `images` images, `step` of which came since the last update."""
        averages, currents = self._averaged
        torch._foreach_lerp_(averages, currents, 1 - half_life_decay(self.half_life, images, step))
        for average, current in zip(*self._copied, strict=True):
            average.copy_(current)


Pairs = tuple[list[torch.Tensor], list[torch.Tensor]]


def _pair_up(averages: dict[str, nn.Module], currents: dict[str, nn.Module]) -> tuple[Pairs, Pairs]:
    """(tensors to average, tensors to copy), each as (of the average, of the trained network)."""
    averaged: Pairs = ([], [])
    copied: Pairs = ([], [])
    for name, network in currents.items():
        parameters = {key for key, _ in network.named_parameters()}
        for key, current in network.state_dict().items():
            pairs = averaged if key in parameters or key.endswith(("running_mean", "running_var")) else copied
            pairs[0].append(averages[name].state_dict()[key])
            pairs[1].append(current)
    return averaged, copied
