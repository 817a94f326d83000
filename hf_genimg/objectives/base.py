"""What an objective is: everything that the training loop asks of one, with its defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import nn

Terms = dict[str, torch.Tensor]  # name to a weighted scalar
Networks = Mapping[str, nn.Module]
Batch = Mapping[str, torch.Tensor]
KEYWORDS = {"labels": "class_labels"}  # conditions that networks take under another name


@dataclass(frozen=True)
class Step:
    """Which update of which player the loop is at.

    images: real images that the first player has trained on before. share: of the run that is over, from 0 to 1.
    player, turn: whose update it is, and its place in `players`. batch_size: images of the update, over all processes.
    offset: how many images of it come before this micro-batch. reuse: the update has one micro-batch in each process
    and networks without dropout or noise, so that the graph of a forward may wait for the next player. processes: how
    many share the update. optimizers: by player, for an objective that looks at updates to come; the loop steps them.
    """

    images: int = 0
    share: float = 0.0
    player: str = ""
    turn: int = 0
    batch_size: int = 0
    offset: int = 0
    reuse: bool = False
    processes: int = 1
    optimizers: Mapping[str, torch.optim.Optimizer] = field(default_factory=dict)


class Objective(nn.Module):
    """The losses of a run. A subclass sets `players` and has, for each player, a method of its name.

    players: groups of networks, each with one optimizer, in the order of their updates in one training step; one may
    come several times. The first player's images are the run's time. A player's method takes (networks by name, batch)
    and returns its named, weighted terms: the loop sums, backpropagates, logs and plots them.
    provided: conditions that the objective makes itself, so that the data need not have them.

    Whatever moves without a gradient is a buffer, so it is saved and resumed. A buffer called `gathered` begins each
    update at zero, and is summed over all processes before `update`: what is added to it in the micro-batches is then
    the same everywhere. Noise comes from torch's global generators, which the loop seeds for each micro-batch.
    """

    players: tuple[str, ...] = ()
    provided: tuple[str, ...] = ()

    def __init__(self) -> None:
        super().__init__()
        self.step = Step()

    def begin(self, step: Step) -> None:
        """Called before each update of a player, and before each of its micro-batches after the first."""
        self.step = step

    @property
    def shared(self) -> frozenset[str]:
        """The networks whose forward of this update serves the next player's update too."""
        return frozenset()

    def update(self, player: str, networks: Networks) -> None:
        """Called once after each update of `player`."""

    def private_terms(self, player: str, networks: Networks, batch: Batch) -> Terms:
        """Of an update with differential privacy: the terms of one image of the data, a batch of one."""
        return getattr(self, player)(networks, batch)

    def public_batch(self, player: str, networks: Networks, batch_size: int) -> Batch | None:
        """Of an update with differential privacy: a batch that is made without the data, of `batch_size` images; None
        where all terms need the data.
        """
        return None

    def public_terms(self, player: str, networks: Networks, batch: Batch) -> Terms:
        """The terms of a batch that `public_batch` made."""
        return {}

    def measured(self, networks: Networks) -> dict[str, float]:
        """Numbers for each line of the log that are no losses, `group/name`, from buffers that all processes share."""
        return {}

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """Terms on images that nobody trained on, for the log; networks are in eval mode, without gradients."""
        return {}


def conditions_of(network: nn.Module, batch: Batch) -> dict[str, torch.Tensor]:
    """What `network` is conditioned on, of a batch, as keywords of its forward.

    `strength` is no condition of data: it is chosen in a call, and 1 in training.
    """
    return {KEYWORDS.get(name, name): batch[name] for name in network.conditions if name != "strength"}
