"""Spectral normalisation (arXiv:1802.05957) whose power iteration moves once per update."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrize

from ..written import Written

EPS = 1e-12


class SpectralNorm(nn.Module):
    """Divides a weight by its largest singular value, estimated by one step of power iteration from `u` (algorithm 1).

    A forward changes nothing, so that it may be repeated; the loop calls `after_update` once after each update of the
    network. Forwards in training mode that come before the next backward pass share one result.
    """

    def __init__(self, weight: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("u", F.normalize(torch.randn(len(weight), device=weight.device), dim=0, eps=EPS))
        self._next: torch.Tensor | None = None
        self._last: tuple[Any, torch.Tensor] | None = None  # what the last result follows from, and it

    def __getstate__(self) -> dict[str, Any]:
        """Without the last result, whose graph cannot be copied."""
        return {**self.__dict__, "_last": None}

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """weight: float [out, ...], seen as a matrix [out, rest]. Returns the same shape, with a largest singular value
        of about 1.
        """
        if not self.training or type(weight) is not nn.Parameter or torch.compiler.is_compiling():
            return self._normalized(weight)
        state = Written((weight, self.u)), weight.requires_grad, torch.is_grad_enabled()
        if self._last is None or self._last[0] != state:
            normalized = self._normalized(weight)
            if normalized.requires_grad:
                normalized.register_hook(self._forget)  # its graph is gone after the backward pass
            self._last = state, normalized
        return self._last[1]

    def _forget(self, _: torch.Tensor) -> None:
        self._last = None

    def _normalized(self, weight: torch.Tensor) -> torch.Tensor:
        matrix = weight.flatten(1)
        with torch.autocast("cpu" if weight.is_meta else weight.device.type, enabled=False):
            with torch.no_grad():
                v = F.normalize(matrix.T @ self.u.to(matrix.dtype), dim=0, eps=EPS)
                u = F.normalize(matrix @ v, dim=0, eps=EPS)
            if self.training:
                self._next = u
            return weight / (u @ (matrix @ v))

    @torch.no_grad()
    def after_update(self) -> None:
        """Go on from where the last forward of the update got to."""
        self._last = None
        if self._next is not None:
            self.u.copy_(self._next)


def spectral_norm(module: nn.Module) -> nn.Module:
    """Normalise `module.weight` from now on; initialise it before."""
    parametrize.register_parametrization(module, "weight", SpectralNorm(module.weight))
    return module
