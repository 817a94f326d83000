"""What moves without a gradient: once per update of its player, from sums over all processes.

Batch-norm statistics: in a plain loop a generator's also move in the discriminator's update, a discriminator's twice in
its own and once more on fakes alone, and gradient accumulation moves them more often than a larger batch would. Here
every forward of an update enters a plain mean, and at its end the statistics of the networks that were trained take one
step of size `momentum` towards it. All others stay.

Everything else (codebooks, running means, power iterations): a module may have a buffer called `gathered`, to which its
forwards add in training mode, and a method `after_update`. The buffer is zero at the beginning of each update and
summed over all processes at its end; `after_update` is called once after each update of the player that trains the
module.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

Tensors = Sequence[torch.Tensor]
GATHERED = "gathered"


@runtime_checkable
class Moving(Protocol):
    """A module with a part that moves once per update."""

    def after_update(self) -> None:
        """Move it."""


def moving_in(network: nn.Module) -> list[Moving]:
    """The modules of a network that move once per update."""
    return [module for module in network.modules() if isinstance(module, Moving)]


def gathered_in(module: nn.Module) -> list[torch.Tensor]:
    """The buffers called `gathered` of a module and all below it."""
    return [buffer for name, buffer in module.named_buffers() if name.rpartition(".")[2] == GATHERED]


class MovingParts:
    """What moves without a gradient in `networks` and `objective`: `begin` before an update, `end` after it, `release`
    when training is over.
    """

    def __init__(self, networks: Mapping[str, nn.Module], objective: nn.Module) -> None:
        self.statistics = RunningStatistics(networks)
        self._modules = {
            name: [m for m in network.modules() if isinstance(m, Moving)] for name, network in networks.items()
        }
        self._gathered = {name: gathered_in(network) for name, network in networks.items()}
        self._of_objective = gathered_in(objective)
        self._shared: Collection[str] = ()

    @torch.no_grad()
    def begin(self) -> None:
        """Start at zero, but for networks whose last forward was left to this update."""
        self.statistics.begin(self._shared)
        kept = self._shared
        for buffer in (b for name, buffers in self._gathered.items() if name not in kept for b in buffers):
            buffer.zero_()
        for buffer in self._of_objective:
            buffer.zero_()

    def gathered(self, trained: Collection[str]) -> list[torch.Tensor]:
        """The buffers to sum over processes at the end of an update that trains the networks `trained`."""
        return self._of_objective + [buffer for name in sorted(trained) for buffer in self._gathered[name]]

    def end(self, trained: Collection[str], shared: Collection[str], average: Callable[[Tensors], None]) -> None:
        """Move the parts of the networks `trained`, and leave those of the networks `shared` to the next update.

        average: replaces tensors by their means over all processes.
        """
        self._shared = shared
        self.statistics.end(trained, shared, average)
        for module in (module for name in sorted(trained) for module in self._modules[name]):
            module.after_update()

    def release(self) -> None:
        """Leave the networks as ordinary networks."""
        self.statistics.release()


class RunningStatistics:
    """The running statistics of the batch norms of `networks`, under the rule above.

    All tensors are moved by a few fused calls, however many norms there are.
    """

    def __init__(self, networks: Mapping[str, nn.Module]) -> None:
        norms = {
            module: name
            for name, network in networks.items()
            for module in network.modules()
            if isinstance(module, _BatchNorm) and module.track_running_stats
        }
        self._network_of = norms
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
    def begin(self, shared: Collection[str] = ()) -> None:
        """Remember the statistics as they are, but for those of networks whose last forward was left to this update."""
        fresh = [norm for norm, name in self._network_of.items() if name not in shared]
        self._forwards.update(dict.fromkeys(fresh, 0))
        _copy(self._before, self._now, fresh)

    @torch.no_grad()
    def end(
        self,
        trained: Collection[str],
        shared: Collection[str] = (),
        average: Callable[[Tensors], None] = lambda tensors: None,
    ) -> None:
        """Move the statistics of the networks `trained` by one step, leave those of `shared` to the next update, put
        the others back.

        average: replaces tensors by their means over all processes.
        """
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
        # A graph that waits for the next update holds the statistics and never reads them in training mode: that they
        # changed is no error.
        with torch.autograd._unsafe_preserve_version_counter(
            tuple(tensor for now in self._now.values() for tensor in now)
        ):
            _copy(self._now, self._before, [norm for norm, name in self._network_of.items() if name not in shared])

    def _by_step(self, norms: list[nn.Module]) -> dict[float, list[nn.Module]]:
        """The norms by their momentum; none means the mean of all updates so far, as in torch."""
        groups: dict[float, list[nn.Module]] = {}
        for norm in norms:
            momentum = self._momentum[norm]
            step = 1 / (self._before[norm][2].item() + 1) if momentum is None else momentum
            groups.setdefault(step, []).append(norm)
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
