"""Strict loading: a config is bounded before it is built, and a file must hold the network's tensors, all finite."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load
from torch import nn
from torch.nn.modules import module as registration

from ..faults import read_errors, reason

MAX_PARAMETERS = 2_000_000_000  # that a config may ask for, unless the environment says otherwise
MAX_PARTS = 20_000  # layers and tensors
MAX_SECONDS = 60  # for building a network without its weights
LARGEST = 2**31  # of a number in a config
SETTING = "HF_GENIMG_MAX_PARAMETERS"  # environment
ALLOW_NONFINITE = "HF_GENIMG_ALLOW_NONFINITE"  # environment: 1 loads weights with NaN or infinity
SHOWN = 3  # names of tensors in a message
AGAIN = "save or download the model again"
FILE = "diffusion_pytorch_model"


def max_parameters() -> int:
    """The most parameters that a network from a file may have: HF_GENIMG_MAX_PARAMETERS, or 2 billion.

    Raises `ValueError` where the variable is not a whole number.
    """
    text = os.environ.get(SETTING, "").replace("_", "")
    if text and not text.isdecimal():
        raise ValueError(f"{SETTING}={os.environ[SETTING]!r:.40} is not a number of parameters; give a whole number")
    return int(text) if text else MAX_PARAMETERS


def check_config(config: Any, class_name: str) -> None:
    """Raise `ValueError` for a config that no network of `class_name` was saved with: another class, absurd numbers."""
    if not isinstance(config, Mapping):
        raise ValueError(f"its config.json holds {type(config).__name__}, not an object")
    saved = config.get("_class_name", class_name)
    if saved != class_name:
        raise ValueError(f"its config.json is of {saved!r:.60}, not of {class_name}")
    names, classes = config.get("class_names"), config.get("num_classes")
    texts = isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)
    if names is not None and not (texts and (not names or not classes or len(names) == classes)):
        raise ValueError(f"its config.json has class_names={names!r:.60}, and needs a text for each class, or null")
    for name, value in config.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and not (math.isfinite(value) and abs(value) <= LARGEST):
            raise ValueError(f"its config.json has {name}={value!r:.40}, which no network was built with")


@contextmanager
def bounded_construction() -> Iterator[None]:
    """Inside, building a network raises `ValueError` once it has too many parameters, or takes too long.

    Parameters count as they are registered. Use it on the meta device, where they take no memory.
    """
    limit, end = max_parameters(), time.monotonic() + MAX_SECONDS
    parameters, parts = 0, 0

    def count(_: nn.Module, name: str, part: nn.Module | nn.Parameter | None) -> None:
        nonlocal parameters, parts
        parameters += part.numel() if isinstance(part, torch.Tensor) else 0
        parts += 1
        if parameters > limit:
            raise ValueError(f"it asks for more than {limit:,} parameters; set {SETTING} to allow more")
        if parts > MAX_PARTS or time.monotonic() > end:
            raise ValueError(f"it asks for more than {MAX_PARTS:,} layers, or takes over {MAX_SECONDS} s to build")

    handles = [
        registration.register_module_parameter_registration_hook(count),
        registration.register_module_module_registration_hook(count),
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def weight_files(folder: Path, variant: str | None = None) -> list[Path]:
    """The safetensors files of a network that diffusers saved in `folder`: one, or its shards; none where there is
    none.
    """
    stem = f"{FILE}.{variant}" if variant else FILE
    single = folder / f"{stem}.safetensors"
    return [single] if single.is_file() else sorted(folder.glob(f"{stem}-*-of-*.safetensors"))


def has_plain_name(path: Path) -> bool:
    """Whether a path is UTF-8, without which safetensors opens nothing by its name."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def shapes_of(files: Iterable[Path]) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor in safetensors files, from their headers. Raises `ValueError` for a damaged file."""
    shapes: dict[str, tuple[int, ...]] = {}
    for file in files:
        try:
            if not has_plain_name(file):  # which safe_open cannot open
                shapes |= {name: tuple(tensor.shape) for name, tensor in load(file.read_bytes()).items()}
                continue
            with safe_open(file, "pt") as tensors:
                shapes |= {name: tuple(tensors.get_slice(name).get_shape()) for name in tensors.keys()}  # noqa: SIM118
        except read_errors() as error:
            raise ValueError(f"{file.name} is damaged ({reason(error)}); {AGAIN}") from error
    return shapes


def check_shapes(expected: Mapping[str, tuple[int, ...]], found: Mapping[str, tuple[int, ...]]) -> None:
    """Raise `ValueError` unless a file holds exactly the tensors that a network has, each of its shape.

    Args:
        expected: by name, the shapes of the network's tensors.
        found: those of the file.
    """
    problems = []
    if missing := [name for name in expected if name not in found]:
        problems.append(f"{len(missing)} of {len(expected)} tensors are missing ({listed(missing)})")
    if extra := [name for name in found if name not in expected]:
        problems.append(f"{len(extra)} tensors are not of this network ({listed(extra)})")
    other = [name for name in expected if name in found and tuple(expected[name]) != tuple(found[name])]
    if other:
        shapes = [f"{name}: {list(found[name])} instead of {list(expected[name])}" for name in other]
        problems.append(f"{len(other)} tensors have another shape ({listed(shapes)})")
    if problems:
        raise ValueError(f"{'; '.join(problems)}; {AGAIN}")


def check_finite(tensors: Mapping[str, torch.Tensor]) -> None:
    """Raise `ValueError` for NaN or infinity in a floating point tensor, unless HF_GENIMG_ALLOW_NONFINITE is 1."""
    if os.environ.get(ALLOW_NONFINITE) == "1":
        return
    wrong = [name for name, tensor in tensors.items() if tensor.is_floating_point() and not _finite(tensor)]
    if wrong:
        raise ValueError(
            f"{len(wrong)} of {len(tensors)} tensors hold NaN or infinity ({listed(wrong)}); "
            f"set {ALLOW_NONFINITE}=1 to load them nevertheless"
        )


def _finite(tensor: torch.Tensor) -> bool:
    return bool(torch.isfinite(tensor).all()) if tensor.numel() else True


def listed(names: list[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(name[:80] for name in names[:SHOWN])}{more}"
