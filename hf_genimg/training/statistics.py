"""Batch-norm running statistics that move once per update, not once per forward (DESIGN: Processes).

In a plain loop a generator's statistics also move in the discriminator's turn, a discriminator's twice in its own and once more on fakes
alone, and gradient accumulation moves them more often than a larger batch would. Here every forward of a turn enters a plain mean, and at
the end of the turn the statistics of the networks that were trained take one step of size `momentum` towards it. All others stay.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


class RunningStatistics:
    """The batch norms of `networks`, under the rule above: `begin` before a turn, `end` after it, `release` when training is over."""

    def __init__(self, networks: dict[str, nn.Module]) -> None:
        self.norms = {
            name: [module for module in network.modules() if isinstance(module, _BatchNorm) and module.track_running_stats]
            for name, network in networks.items()
        }
        norms = [norm for of_network in self.norms.values() for norm in of_network]
        self._momentum = {norm: norm.momentum for norm in norms}
        self._forwards = dict.fromkeys(norms, 0)
        self._hooks = [norm.register_forward_pre_hook(self._count) for norm in norms]
        self._before: dict[nn.Module, list[torch.Tensor]] = {}

    def _count(self, norm: nn.Module, _: Any) -> None:
        """A momentum of 1 / k in the k-th forward makes the running value the plain mean of k batches."""
        if norm.training:
            self._forwards[norm] += 1
            norm.momentum = 1 / self._forwards[norm]

    @torch.no_grad()
    def begin(self) -> None:
        """Remember where the statistics stand."""
        for norm in self._momentum:
            self._forwards[norm] = 0
            self._before[norm] = [norm.running_mean.clone(), norm.running_var.clone(), norm.num_batches_tracked.clone()]

    @torch.no_grad()
    def end(self, trained: set[str]) -> None:
        """Move the statistics of the networks named in `trained` by one step, and put the others back."""
        for name, norms in self.norms.items():
            for norm in norms:
                if self._forwards[norm]:
                    self._settle(norm, moves=name in trained)

    def _settle(self, norm: nn.Module, *, moves: bool) -> None:
        mean, var, count = self._before[norm]
        if moves:
            step = self._momentum[norm] if self._momentum[norm] is not None else 1 / (count.item() + 1)
            mean, var, count = torch.lerp(mean, norm.running_mean, step), torch.lerp(var, norm.running_var, step), count + 1
        for statistic, value in zip((norm.running_mean, norm.running_var, norm.num_batches_tracked), (mean, var, count), strict=True):
            statistic.copy_(value)

    def release(self) -> None:
        """Leave the networks as ordinary networks."""
        for hook in self._hooks:
            hook.remove()
        for norm, momentum in self._momentum.items():
            norm.momentum = momentum
