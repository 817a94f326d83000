"""Spectral norm and weight norm in a state dict, folded into plain weights."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F

MIN_ALIGNED = 0.5  # cosine of u and W v: 1 after a power iteration, near 0 for random vectors
# (name of what is normalised, of the norm's own tensors) behind the layer's name, old form and parametrization.
SPECTRAL = (
    ("weight_orig", "weight_u", "weight_v"),
    ("parametrizations.weight.original", "parametrizations.weight.0._u", "parametrizations.weight.0._v"),
)
WEIGHT = (
    ("weight_v", "weight_g"),
    ("parametrizations.weight.original1", "parametrizations.weight.original0"),
)


def folded(tensors: Mapping[str, torch.Tensor]) -> tuple[dict[str, torch.Tensor], list[str]]:
    """The state dict with one `weight` for each layer that is normalised, in its place, and lines that say which.

    Raises:
        ValueError: a parametrization that is neither spectral nor weight norm.
    """
    found = dict(tensors)
    lines = []
    for title, forms, fold in (("spectral", SPECTRAL, _spectral), ("weight", WEIGHT, _weight)):
        layers: list[str] = []
        idle: list[str] = []
        for form in forms:
            owners = [name.removesuffix(form[0]) for name in found if _ends(name, form[0])]
            owners = [owner for owner in owners if all(f"{owner}{name}" in found for name in form[1:2])]
            for owner in owners:
                given, found = found[f"{owner}{form[0]}"], _replaced(found, owner, form, fold)
                same = torch.equal(given.float(), found[f"{owner}weight"])
                (idle if same else layers).append(owner.rstrip(".") or "the layer")
        if layers:
            lines.append(f"{title} norm folded into the weights of: {', '.join(layers)}")
        if idle:
            lines.append(f"{title} norm that was never updated, so the weights are as they are, of: {', '.join(idle)}")
    unknown = [name for name in found if ".parametrizations." in f".{name}" or _ends(name, "weight_orig")]
    if unknown:
        raise ValueError(f"{unknown[0]} is of a parametrization that is not known; remove it before saving")
    return found, lines


def _ends(name: str, suffix: str) -> bool:
    return name == suffix or name.endswith(f".{suffix}")


def _replaced(
    tensors: dict[str, torch.Tensor], owner: str, form: tuple[str, ...], fold: object
) -> dict[str, torch.Tensor]:
    """With the folded weight where the normalised one was, in the order of the layers."""
    parts = [tensors.get(f"{owner}{name}") for name in form]
    weight = fold(*(part.float() if part is not None else None for part in parts))
    gone = {f"{owner}{name}" for name in form} | {f"{owner}weight"}
    made: dict[str, torch.Tensor] = {}
    for name, tensor in tensors.items():
        if name in gone:
            made.setdefault(f"{owner}weight", weight)
        else:
            made[name] = tensor
    return made


def _spectral(weight: torch.Tensor, u: torch.Tensor, v: torch.Tensor | None) -> torch.Tensor:
    """W / sigma with sigma = u^T W v (arXiv:1802.05957, eq. 8). Rows are output channels; transposed convolutions have
    them in the second dimension. Where both fit, the right ones are those whose u is the direction of W v, as every
    power iteration makes it. Where no iteration was run, u and v are random, and the weights are taken as they are.
    """
    fits = []
    for dim in range(min(2, weight.dim())):
        rows, left = weight.transpose(0, dim).flatten(1), u.flatten()
        if rows.shape[0] == u.numel() and (v is None or rows.shape[1] == v.numel()):
            right = F.normalize(rows.t() @ left, dim=0) if v is None else v.flatten()
            aligned = float(F.cosine_similarity(rows @ right, left, dim=0))
            if u.numel() == 1:
                aligned = abs(float(F.cosine_similarity(rows.t() @ left, right, dim=0)))
            fits.append((aligned, float(left @ rows @ right)))
    if not fits:
        raise ValueError(f"spectral norm's vector of {u.numel()} numbers does not fit a weight of {list(weight.shape)}")
    aligned, sigma = max(fits)
    return weight / sigma if aligned > MIN_ALIGNED else weight


def _weight(direction: torch.Tensor, length: torch.Tensor) -> torch.Tensor:
    """g v / |v| (arXiv:1602.07868, eq. 2), the norm over the dimensions in which g has one number."""
    if length.dim() not in (0, direction.dim()):
        raise ValueError(f"weight norm's lengths {list(length.shape)} do not fit a weight of {list(direction.shape)}")
    over = [dim for dim in range(direction.dim()) if length.dim() == 0 or length.shape[dim] == 1]
    return length * direction / torch.linalg.vector_norm(direction, dim=over, keepdim=True)
