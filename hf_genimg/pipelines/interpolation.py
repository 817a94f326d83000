"""Between latents: along the straight line, or along the great circle."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import torch

PARALLEL = 1e-6  # radians; float32 vectors that ought to be parallel are this far apart by rounding alone


def lerp(a: torch.Tensor, b: torch.Tensor, t: float | torch.Tensor) -> torch.Tensor:
    """The straight line (1 - t) a + t b.

    Args:
        a, b: float [..., D], broadcast against each other.
        t: 0 gives a, 1 gives b, exactly; a number, or a tensor that is broadcast against the leading dimensions `...`.

    Returns:
        float [..., D], of the dtype of `a`.
    """
    t = _position(a, t)
    return ((1 - t) * a.double() + t * b.double()).to(a.dtype)


def slerp(a: torch.Tensor, b: torch.Tensor, t: float | torch.Tensor) -> torch.Tensor:
    """The great circle: (sin((1 - t) w) a + sin(t w) b) / sin w, with w the angle between a and b (arXiv:1609.04468).

    A Gaussian latent has a length near sqrt(D), which the straight line leaves and the great circle keeps. Where the
    circle is not defined the nearest thing to it is taken: the straight line between parallel vectors or from a zero
    vector, and between opposite ones a half circle through a fixed direction perpendicular to both.

    Args and returns: as for `lerp`.
    """
    t = _position(a, t)
    u, v = torch.broadcast_tensors(a.double(), b.double())
    length_u, length_v = u.norm(dim=-1, keepdim=True), v.norm(dim=-1, keepdim=True)
    unit_u, unit_v = u / length_u.clamp_min(1e-300), v / length_v.clamp_min(1e-300)
    # Kahan's form: accurate at every angle, where acos of the dot product loses half the digits near 0 and pi.
    angle = 2 * torch.atan2((unit_u - unit_v).norm(dim=-1, keepdim=True), (unit_u + unit_v).norm(dim=-1, keepdim=True))
    zero = (length_u == 0) | (length_v == 0)
    straight = zero | (angle < PARALLEL)
    opposite = ~zero & (angle > math.pi - PARALLEL) & (u.shape[-1] > 1)
    sine = torch.where(straight | opposite, 1.0, angle.sin())
    circle = (torch.sin((1 - t) * angle) * u + torch.sin(t * angle) * v) / sine
    line = (1 - t) * u + t * v
    half_circle = ((1 - t) * length_u + t * length_v) * (
        torch.cos(math.pi * t) * unit_u + torch.sin(math.pi * t) * _perpendicular(unit_u)
    )
    between = torch.where(straight | (u.shape[-1] == 1), line, torch.where(opposite, half_circle, circle))
    ends = torch.where(t == 0, u, torch.where(t == 1, v, between))  # not nearly, but exactly
    return ends.to(a.dtype)


MODES: dict[str, Callable[..., torch.Tensor]] = {"slerp": slerp, "lerp": lerp}


def walk(points: torch.Tensor, steps: int, mode: str = "slerp") -> torch.Tensor:
    """Go from each point to the next, in `steps` positions that include both.

    Args:
        points: float [K, D], K >= 2.
        steps: at least 2.
        mode: slerp or lerp.

    Returns:
        float [(K - 1) (steps - 1) + 1, D]: `points[k]` is at index k (steps - 1), exactly.
    """
    positions = torch.linspace(0, 1, steps, dtype=torch.float64, device=points.device)[:-1]
    legs = [MODES[mode](a, b, positions) for a, b in pairwise(points)]
    return torch.cat([*legs, points[-1:]])


@torch.no_grad()
def texts_between(network: Any, tokens: torch.Tensor | None, positions: torch.Tensor) -> torch.Tensor | None:
    """What `text` is on the way from each of K texts to the next.

    Args:
        network: `encode_text` gives its sentence vectors, or None.
        tokens: int64 [K, T], K >= 2, or sentence vectors float [K, D]; None where there are no texts.
        positions: float [P], 0 at the first text, K - 1 at the last.

    Returns:
        Sentence vectors float [P, D] on the straight line between neighbours, on the CPU, or the token ids of the
        nearer text where the network has no vectors; None without texts.
    """
    if tokens is None:
        return None
    vectors = tokens if tokens.is_floating_point() else network.encode_text(tokens.to(network.device))
    if vectors is None:
        return tokens[(positions + 0.5).long()]
    before = positions.long().clamp(max=len(tokens) - 2)
    return lerp(vectors[before].cpu(), vectors[before + 1].cpu(), positions - before)


@torch.no_grad()
def texts_mixed(network: Any, weights: Mapping[str, float]) -> torch.Tensor:
    """The weighted sum of sentence vectors, float [D], on the CPU: `{"red wall": 1.5, "floor": -0.5}` is a red wall,
    away from floors. Weights are used as they are; those that sum to 1 stay at the distance of a text.

    Raises:
        ValueError: there is no text, a weight is no finite number, or the network has no sentence vectors.
    """
    if not weights or not all(isinstance(each, int | float) and math.isfinite(each) for each in weights.values()):
        raise ValueError(f"prompt={dict(weights)!r:.60} mixes no texts; give texts and their weights, finite numbers")
    vectors = network.encode_text(network.tokenize(list(weights)).to(network.device))
    if vectors is None:
        raise ValueError(f"{type(network).__name__} has no sentence vectors to mix; give one text")
    return torch.tensor(list(weights.values()), dtype=vectors.dtype) @ vectors.cpu()


def _position(a: torch.Tensor, t: float | torch.Tensor) -> torch.Tensor:
    return torch.as_tensor(t, dtype=torch.float64, device=a.device)[..., None]


def _perpendicular(unit: torch.Tensor) -> torch.Tensor:
    """A unit vector at right angles to each `unit`: what remains of the axis that is nearest to that already."""
    axis = torch.zeros_like(unit).scatter_(-1, unit.abs().argmin(dim=-1, keepdim=True), 1.0)
    remains = axis - (axis * unit).sum(dim=-1, keepdim=True) * unit
    return remains / remains.norm(dim=-1, keepdim=True).clamp_min(1e-300)
