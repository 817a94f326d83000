"""The processes of one run: which micro-batches each plays, and what they tell each other.

Networks stay unwrapped. Once a turn everything that the processes must agree on travels in one sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import torch
from accelerate import Accelerator

from .recipe import Recipe


class PeerLost(OSError):
    """Another process of this run has ended."""


class Processes:
    """The processes that `accelerator` joined. With one process every method returns at once."""

    def __init__(self, accelerator: Accelerator) -> None:
        self.accelerator = accelerator
        self.count, self.index = accelerator.num_processes, accelerator.process_index
        self.is_main = accelerator.is_main_process

    def share(self, micro_batches: int) -> range:
        """Which of the micro-batches of an update this process plays: a contiguous run of them, as many as every other
        process.
        """
        mine = micro_batches // self.count
        return range(self.index * mine, (self.index + 1) * mine)

    @torch.no_grad()
    def sum(self, tensors: Sequence[torch.Tensor]) -> None:
        """Replace each tensor by its sum over the processes. Tensors of one dtype travel together."""
        if self.count == 1:
            return
        for dtype in sorted({tensor.dtype for tensor in tensors}, key=str):
            chosen = [tensor for tensor in tensors if tensor.dtype == dtype]
            flat = self._reduced(torch.cat([tensor.reshape(-1) for tensor in chosen]))
            for tensor, total in zip(chosen, flat.split([tensor.numel() for tensor in chosen]), strict=True):
                tensor.copy_(total.view(tensor.shape))

    def mean(self, tensors: Sequence[torch.Tensor]) -> None:
        """Replace each floating tensor by its mean over the processes."""
        self.sum(tensors)
        if self.count > 1:
            torch._foreach_div_(list(tensors), self.count)

    def any(self, *flags: bool) -> tuple[bool, ...]:
        """Each flag: whether it is set in some process."""
        if self.count == 1:
            return flags
        votes = self._reduced(torch.tensor(flags, dtype=torch.float32, device=self.accelerator.device))
        return tuple(bool(vote) for vote in votes.tolist())

    def refuse_unlike(self, what: str, value: str) -> None:
        """Raise `ValueError` in every process unless `value` is the same in all of them."""
        if self.count == 1:
            return
        digest = int.from_bytes(blake2b(value.encode(), digest_size=2).digest(), "big")
        total, squares = self._reduced(torch.tensor([digest, digest**2], device=self.accelerator.device)).tolist()
        if squares * self.count != total**2:  # equal only when all are equal (Cauchy and Schwarz)
            raise ValueError(
                f"{what} is not the same in all {self.count} processes; give every machine the same files and settings"
            )

    def wait(self) -> None:
        """Until every process is here."""
        self.any(False)

    def _reduced(self, tensor: torch.Tensor) -> torch.Tensor:
        try:
            return self.accelerator.reduce(tensor, reduction="sum")
        except RuntimeError as error:  # a lost connection; out of memory is one too and must keep its name
            if "memory" in str(error):
                raise
            raise PeerLost("another process of this run has ended; its own message says why") from error


def micro_batch_size(recipe: Recipe, processes: int) -> int:
    """Images a backward pass: what the recipe says, otherwise the share of the batch that one of `processes` has.

    Raises `ValueError` when the processes cannot share a batch evenly.
    """
    size = recipe.micro_batch_size or recipe.batch_size // processes
    if size == 0 or recipe.batch_size % (size * processes):
        parts = f" in micro-batches of {recipe.micro_batch_size}" if recipe.micro_batch_size else ""
        unit = (recipe.micro_batch_size or 1) * processes
        raise ValueError(
            f"batch_size={recipe.batch_size}{parts} cannot be shared evenly by {processes} processes; use a multiple "
            f"of {unit}"
        )
    return size
