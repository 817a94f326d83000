"""Which of the state dicts in a file are the network that is wanted: by their names, the average before the raw
weights.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

# Of all names of a file, put there by DataParallel, torch.compile or wrapping modules.
PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.")
AVERAGE = {"ema", "average", "averaged", "avg", "shadow", "swa", "smoothed"}
DISCRIMINATOR = {"d", "dis", "disc", "discriminator", "discriminators", "critic", "critics"}
OTHER = DISCRIMINATOR | {
    *("optimizer", "optimizers", "optim", "opt", "optimiser", "scheduler", "schedulers", "scaler", "loss", "losses"),
    *("lpips", "perceptual", "vgg", "inception", "augment"),
}
WRAPPER = {"state", "dict", "model", "net", "network", "weights", "params", "parameters", "module"}
BUFFERS = ("running_mean", "running_var", "num_batches_tracked", "weight_u", "weight_v", "_u", "_v")
MAX_LISTED = 12


@dataclass(frozen=True)
class Part:
    """A state dict of a file, and where it lies there, joined with dots; an empty path is the file itself."""

    path: str
    tensors: dict[str, torch.Tensor]

    @property
    def words(self) -> set[str]:
        return words_of(self.path)


def words_of(name: str) -> set[str]:
    """`netG_ema` as net, g, ema: lower-case words and single capitals."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def chosen_part(content: Mapping[Any, Any], names: tuple[str, ...], part: str | None) -> tuple[Part, list[str]]:
    """The state dict to convert, and lines that say which it is and how to take another.

    Args:
        content: of the file.
        names: those that the wanted network goes by.
        part: the path, or the end of the path, of the one to take instead.

    Raises:
        ValueError: there is no such part, none at all, several between which names do not decide, or only a
            discriminator.
    """
    found = _parts(content, names)
    if part is not None:
        matching = [each for each in found if each.path == part] or [
            each for each in found if each.path.endswith(f".{part}")
        ]
        if len(matching) != 1:
            raise ValueError(f"the checkpoint has no part {part}; {_listing(found)}; choose one with part=NAME")
        return matching[0], [f"taken: {part}, as part={part} says"]
    candidates = [each for each in found if not each.words & OTHER]
    networks = [each for each in candidates if any(tensor.dim() > 1 for tensor in each.tensors.values())]
    candidates = networks or candidates  # vectors alone are no network, such as a mean that lies beside one
    if not candidates:
        if any(each.words & DISCRIMINATOR for each in found):
            raise ValueError(f"the checkpoint holds a discriminator and no network of this family; {_listing(found)}")
        raise ValueError(f"the checkpoint has no part with tensors; {_listing(found)}")
    raw = _best([each for each in candidates if not each.words & AVERAGE] or candidates, names, found)
    averages = [each for each in candidates if each.words & AVERAGE and _is_average_of(each, raw)]
    if not averages or raw in averages:
        others = [each.path for each in found if each is not raw and not each.words & OTHER]
        beside = f"; also there: {', '.join(others[:MAX_LISTED])} (part=NAME takes it)" if others else ""
        return raw, [f"taken: {raw.path}{beside}"] if raw.path or beside else []
    return _averaged(averages[0], raw)


def _averaged(average: Part, raw: Part) -> tuple[Part, list[str]]:
    """The average of the weights, with the buffers of the raw network where the average has none."""
    missing = {name: tensor for name, tensor in raw.tensors.items() if name not in average.tensors}
    buffers = f", which has no buffers, so these are of {raw.path or 'the raw weights'}" if missing else ""
    line = f"taken: {average.path}, the average over training{buffers}; part={raw.path} takes the raw weights"
    tensors = {name: average.tensors.get(name, tensor) for name, tensor in raw.tensors.items()}
    return Part(average.path, tensors), [line]


def _is_average_of(average: Part, raw: Part) -> bool:
    """Whether it has the names and shapes of another; buffers may be missing."""
    return all(
        average.tensors[name].shape == tensor.shape if name in average.tensors else name.endswith(BUFFERS)
        for name, tensor in raw.tensors.items()
    )


def _best(candidates: list[Part], names: tuple[str, ...], found: list[Part]) -> Part:
    """The one that is called as the wanted network, else as a state dict is; `ValueError` where several are."""
    wanted = {name.lower() for name in names if "_" not in name} - {"netg"}
    ranks = [0 if each.words & wanted else 1 if each.words <= WRAPPER | AVERAGE else 2 for each in candidates]
    first = [each for each, rank in zip(candidates, ranks, strict=True) if rank == min(ranks)]
    if len(first) > 1:
        same = all(_is_average_of(each, first[0]) for each in first) and {*first[0].words} & AVERAGE
        if not same:
            raise ValueError(
                f"names do not say which part is the network; {_listing(found)}; choose one with part=NAME"
            )
    return first[0]


def _listing(found: Iterable[Part]) -> str:
    paths = [each.path or "the tensors of the file itself" for each in found]
    more = f" and {len(paths) - MAX_LISTED} more" if len(paths) > MAX_LISTED else ""
    return f"it holds {', '.join(paths[:MAX_LISTED]) or 'nothing'}{more}"


def _parts(content: Mapping[Any, Any], names: tuple[str, ...], path: str = "", depth: int = 0) -> list[Part]:
    """Each dict of the file that holds tensors by name, one that holds several networks in their parts."""
    found = []
    tensors = {name: value for name, value in content.items() if isinstance(name, str) and torch.is_tensor(value)}
    if any(tensor.dim() for tensor in tensors.values()):
        found += _split(Part(path, without_prefixes(tensors)), names)
    for name, value in content.items():
        if isinstance(value, Mapping) and isinstance(name, str) and depth < 6:
            found += _parts(value, names, f"{path}.{name}" if path else name, depth + 1)
    return found


def _split(part: Part, names: tuple[str, ...]) -> list[Part]:
    """By the first word of the tensors' names, where these are names of networks."""
    heads = dict.fromkeys(name.partition(".")[0] for name in part.tensors)
    lowered = {name.lower() for name in names}
    network = [head for head in heads if head.lower() in lowered or words_of(head) & AVERAGE]
    known = [head for head in heads if head in network or words_of(head) & OTHER]
    if not network or (len(known) < len(heads) and "classifier" in lowered):
        return [part]  # a classifier's last layers are often called classifier
    inner = {
        head: {name.partition(".")[2]: each for name, each in part.tensors.items() if name.startswith(f"{head}.")}
        for head in heads
    }
    return [
        Part(f"{part.path}.{head}" if part.path else head, without_prefixes(tensors))
        for head, tensors in inner.items()
        if tensors
    ]


def without_prefixes(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Without what wrapping modules put before every name."""
    tensors = {name: tensor for name, tensor in tensors.items() if name != "n_averaged"}
    for prefix in PREFIXES:
        if tensors and all(name.startswith(prefix) for name in tensors):
            return without_prefixes({name.removeprefix(prefix): value for name, value in tensors.items()})
    return tensors


def foreign_line(foreign: list[str], path: Path) -> list[str]:
    """What else a file holds, that was not run."""
    if not foreign:
        return []
    more = f" and {len(foreign) - 4} more" if len(foreign) > 4 else ""
    return [f"left out, and not run: objects that name {', '.join(foreign[:4])}{more} in {path.name}"]
