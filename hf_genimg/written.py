"""Whether tensors still are what they were, without reading them."""

from __future__ import annotations

from collections.abc import Iterable

import torch


class Written:
    """Where tensors lie and how often they were written to; unequal to an earlier one as soon as one of them has other
    values.

    Holds their memory, so that no other tensor comes to lie at the same address while this is kept.

    Args:
        tensors: of any shape, dtype and device.
    """

    def __init__(self, tensors: Iterable[torch.Tensor]) -> None:
        self._held = [tensor.detach() for tensor in tensors]
        self._state = [
            (tensor.data_ptr(), 0 if tensor.is_inference() else tensor._version, tensor.dtype) for tensor in self._held
        ]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Written) and self._state == other._state

    def __hash__(self) -> int:
        return hash(tuple(self._state))
