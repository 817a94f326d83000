"""Batch-norm running statistics that move once per update, not once per forward (DESIGN: Processes).

In a plain loop a generator's statistics also move in the discriminator's turn, a discriminator's twice in its own and
once more on fakes alone, and gradient accumulation moves them more often than a larger batch would. Here every forward
of a turn enters a plain mean, and at the end of the turn the statistics of the networks that were trained take one step
of size `momentum` towards it. All others stay.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


def after_update(network: nn.Module) -> None:
    """Let every part that moves without a gradient, such as a power iteration, take its one step: those with a method
    `after_update`.
    """
    for module in network.modules():
        if hasattr(module, "after_update"):
            module.after_update()


class RunningStatistics:
    """The batch norms of `networks`, under the rule above: `begin` before a turn, `end` after it, `release` when
    training is over.

    All tensors are moved by a few fused calls, however many norms there are.
    """

    def __init__(self, networks: dict[str, nn.Module]) -> None:
        norms = {
            module: name
            for name, network in networks.items()
            for module in network.modules()
            if isinstance(module, _BatchNorm) and module.track_running_stats
        }
        self._network_of = norms
        self._kept: Collection[str] = ()
        self._momentum = {norm: norm.momentum for norm in norms}
        self._forwards = dict.fromkeys(norms, 0)
        self._hooks = [norm.register_forward_pre_hook(self._count) for norm in norms]
        self._now = {norm: [norm.running_mean, norm.running_var, norm.num_batches_tracked] for norm in norms}
        self._before = {norm: [statistic.clone() for statistic in now] for norm, now in self._now.items()}

    def _count(self, norm: nn.Module, _: Any) -> None:
        """A momentum of 1 / k in the k-th forward makes the running value the plain mean of k batches."""
        if norm.training:
            self._forwards[norm] += 1
            norm.momentum = 1 / self._forwards[norm]

    @torch.no_grad()
    def begin(self) -> None:
        """Remember where the statistics stand, but for those that the last turn left to this one."""
        fresh = [norm for norm, name in self._network_of.items() if name not in self._kept]
        self._forwards.update(dict.fromkeys(fresh, 0))
        _copy(self._before, self._now, fresh)

    @torch.no_grad()
    def end(
        self,
        trained: set[str],
        kept: Collection[str] = (),
        average: Callable[[Sequence[torch.Tensor]], None] = lambda tensors: None,
    ) -> None:
        """Move the statistics of the networks named in `trained` by one step, leave those in `kept` to the next turn,
        put the others back.

        average: replaces tensors by their means over all processes.
        """
        self._kept = kept
        moving = [norm for norm, name in self._network_of.items() if name in trained and self._forwards[norm]]
        if moving:
            average([tensor for norm in moving for tensor in self._now[norm][:2]])
        for step, norms in self._by_step(moving).items():
            before, now = (
                [tensor for norm in norms for tensor in side[norm][:2]] for side in (self._before, self._now)
            )
            torch._foreach_lerp_(before, now, step)
        if moving:
            torch._foreach_add_([self._before[norm][2] for norm in moving], 1)
        # A graph that waits for the next turn holds the statistics, and in training mode never reads them: that they
        # changed is no error.
        with torch.autograd._unsafe_preserve_version_counter(
            tuple(tensor for now in self._now.values() for tensor in now)
        ):
            _copy(self._now, self._before, [norm for norm, name in self._network_of.items() if name not in kept])

    def _by_step(self, norms: list[nn.Module]) -> dict[float, list[nn.Module]]:
        """The norms by their momentum; none means the mean of all updates so far, as in torch."""
        groups: dict[float, list[nn.Module]] = {}
        for norm in norms:
            momentum = self._momentum[norm]
            groups.setdefault(1 / (self._before[norm][2].item() + 1) if momentum is None else momentum, []).append(norm)
        return groups

    def release(self) -> None:
        """Leave the networks as ordinary networks."""
        for hook in self._hooks:
            hook.remove()
        for norm, momentum in self._momentum.items():
            norm.momentum = momentum


Statistics = dict[nn.Module, list[torch.Tensor]]


def _copy(target: Statistics, source: Statistics, norms: list[nn.Module]) -> None:
    if norms:
        torch._foreach_copy_(
            [tensor for norm in norms for tensor in target[norm]], [tensor for norm in norms for tensor in source[norm]]
        )
