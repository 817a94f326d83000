"""Tensors of a `torch.save` or safetensors file, read without running anything of it.

A pickle names functions and classes that it wants called. Here none of them is ever looked up: a few names stand for
functions of this file that note where a tensor lies, every other name for an empty class that keeps what it is given.
"""

from __future__ import annotations

import math
import pickle
import re
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import torch
from safetensors.torch import load_file

from ..faults import read_errors, reason

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C  # the first object of a file that torch before 1.6 wrote
MAX_DEPTH = 12  # of dicts in dicts
MAX_PICKLE_BYTES = 2**28  # of the structure of a zipped file, which holds no weights
MAX_EXPANDED = 2**20  # numbers of a tensor that repeats those of a smaller storage
STORAGES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
    "UntypedStorage": torch.uint8,
}
# What no file of weights needs. Nothing of it would run here; the file is refused because it means harm.
HARMFUL = re.compile(
    r"(os|posix|nt|subprocess|sys|shutil|socket|ctypes|pty|runpy|importlib|webbrowser|code|pdb|timeit|pip)(\.|$)"
    r"|(builtins|__builtin__)\.(eval|exec|execfile|compile|__import__|open|input|breakpoint)$"
)


@dataclass
class TensorFile:
    """content: dicts, lists and tensors. foreign: names of the classes of what else is in the file, left out. ordered:
    whether names come as the layers were made, which safetensors does not keep.
    """

    content: Mapping[Any, Any]
    foreign: list[str] = field(default_factory=list)
    ordered: bool = True


class StandIn:
    """In place of an object of any class: it keeps the arguments, state and items that the file gives it."""

    name = ""

    def __init__(self, *args: Any, **_: Any) -> None:
        self.args, self.state, self.pairs, self.entries = args, None, {}, []

    def __new__(cls, *args: Any, **_: Any) -> StandIn:
        made = super().__new__(cls)
        made.args, made.state, made.pairs, made.entries = args, None, {}, []
        return made

    def __call__(self, *_: Any, **__: Any) -> StandIn:
        return StandIn()

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        self.pairs[key] = value

    def append(self, value: Any) -> None:
        self.entries.append(value)

    add = append

    def extend(self, values: Any) -> None:
        self.entries.extend(values)


@dataclass(frozen=True)
class _Storage:
    key: str
    dtype: torch.dtype
    numel: int


@dataclass(frozen=True)
class _Place:
    """Where a tensor lies: in which storage, from which element, with which sizes and strides (elements)."""

    storage: _Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]
    dtype: torch.dtype


def read_file(path: Path) -> TensorFile:
    """What a file holds, whatever its name ends in.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no file of tensors, is damaged, or names a function that harms. Nothing of it is run.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is no file; give a checkpoint")
    with path.open("rb") as file:
        head = file.read(9)
    try:
        if head[:4] == b"PK\x03\x04":
            return _read_zip(path)
        if head[8:] == b"{" and struct.unpack("<Q", head[:8])[0] < path.stat().st_size:
            return TensorFile(load_file(path), ordered=False)
        if head[:1] == b"\x80":
            return _read_legacy(path)
    except _OwnCode as error:
        raise ValueError(
            f"{path} is a pickle of NVIDIA's code ({error}), which runs code that it holds, so it is not read; if you "
            "trust it, open it in their repository and save the weights alone: "
            f"torch.save(pickle.load(open({path.name!r}, 'rb'))['G_ema'].state_dict(), 'g_ema.pt')"
        ) from None
    except _Harmful as error:
        raise ValueError(f"{path} wants to call {error}, which no weights need; nothing of it was run") from None
    except (MemoryError, OverflowError):
        raise ValueError(f"{path} asks for more memory than there is; is it damaged?") from None
    except read_errors() as error:
        raise ValueError(f"{path} cannot be read as a checkpoint: {reason(error)}") from error
    raise ValueError(
        f"{path} is no checkpoint that can be converted; give a file that torch.save or safetensors wrote (.pth, .pt, "
        ".bin, .ckpt, .th, .safetensors, ...)"
    )


class _Harmful(Exception):
    """The name of a function that the file wants called."""


class _OwnCode(Exception):
    """The name of what NVIDIA's pickles rebuild networks with, from source code that they hold."""


class _Reader(pickle.Unpickler):
    """Builds containers, places of tensors and stand-ins. What it calls are methods of its own, which a file cannot
    change, as it could the attributes of functions.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, encoding="utf-8", errors="replace")
        self.classes: dict[str, type[StandIn]] = {}
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        full = f"{module}.{name}"
        if full.startswith(("torch_utils.persistence.", "dnnlib.")):
            raise _OwnCode(full)
        if HARMFUL.match(full):
            raise _Harmful(full)
        if module.partition(".")[0] == "torch" and name in STORAGES:
            return STORAGES[name]
        if full in METHODS:
            return getattr(self, METHODS[full])
        if full in PLAIN:
            return PLAIN[full]
        return self.classes.setdefault(full, type("StandIn", (StandIn,), {"name": full}))

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, _, numel, *view = pid
        if kind != "storage" or not isinstance(dtype, torch.dtype) or any(view):
            raise pickle.UnpicklingError("a storage of an unknown kind")
        return self.storages.setdefault(str(key), _Storage(str(key), dtype, int(numel)))

    def place(self, storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> _Place:
        """In place of torch._utils._rebuild_tensor and _rebuild_tensor_v2."""
        return self.typed_place(storage, offset, size, stride, None, None, getattr(storage, "dtype", None))

    def typed_place(
        self, storage: Any, offset: Any, size: Any, stride: Any, _: Any, __: Any, dtype: Any, *___: Any
    ) -> _Place:
        """In place of torch._utils._rebuild_tensor_v3, for types that have no storage class."""
        if not isinstance(storage, _Storage) or not isinstance(dtype, torch.dtype):
            raise pickle.UnpicklingError("a tensor without a storage or a dtype")
        return _Place(storage, int(offset), tuple(map(int, size)), tuple(map(int, stride)), dtype)

    def parameter(self, data: Any, *_: Any) -> Any:
        """In place of torch._utils._rebuild_parameter."""
        return data

    def of_subclass(self, rebuild: Any, _: Any, args: tuple[Any, ...], *__: Any) -> Any:
        """In place of torch._tensor._rebuild_from_type_v2, for subclasses of tensors."""
        return rebuild(*args) if rebuild in (self.place, self.typed_place, self.parameter) else None

    def of_bytes(self, _: Any) -> None:
        """In place of torch.storage._load_from_bytes."""
        raise pickle.UnpicklingError("its tensors were pickled one by one; save the state dict with torch.save")


METHODS = {
    "torch._utils._rebuild_tensor": "place",
    "torch._utils._rebuild_tensor_v2": "place",
    "torch._utils._rebuild_tensor_v3": "typed_place",
    "torch._utils._rebuild_parameter": "parameter",
    "torch._utils._rebuild_parameter_with_state": "parameter",
    "torch._tensor._rebuild_from_type_v2": "of_subclass",
    "torch.storage._load_from_bytes": "of_bytes",
}
PLAIN: dict[str, Any] = {
    "collections.OrderedDict": OrderedDict,
    "torch.Size": tuple,
    **{f"torch.{name}": dtype for name, dtype in vars(torch).items() if isinstance(dtype, torch.dtype)},
}


def _read_zip(path: Path) -> TensorFile:
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: info for info in archive.infolist()}
        roots = [name for name in members if name == "data.pkl" or name.endswith("/data.pkl")]
        if len(roots) != 1:
            raise ValueError("it is a zip, but not one that torch.save wrote")
        prefix = roots[0].removesuffix("data.pkl")
        if any(info.compress_type and name.startswith(f"{prefix}data") for name, info in members.items()):
            raise ValueError("its members are compressed, so torch.save did not write it; unpack it and save it again")
        if members[roots[0]].file_size > MAX_PICKLE_BYTES:
            raise ValueError("its structure is larger than any model's")
        if f"{prefix}byteorder" in members and archive.read(f"{prefix}byteorder") != b"little":
            raise ValueError("it was written on a big-endian machine; save it again on another")
        with archive.open(roots[0]) as file:
            reader = _Reader(file)
            root = reader.load()

        def fetch(storage: _Storage) -> bytearray:
            return bytearray(archive.read(f"{prefix}data/{storage.key}"))

        return _filled(root, reader, fetch)


def _read_legacy(path: Path) -> TensorFile:
    """As torch before 1.6 wrote it: pickles one after the other, then the storages."""
    with path.open("rb") as file:
        reader = _Reader(file)
        root = reader.load()
        if root != LEGACY_MAGIC:
            return _filled(root, reader, lambda storage: bytearray())
        _Reader(file).load()  # the version
        _Reader(file).load()  # the sizes of numbers on the machine that wrote it
        reader = _Reader(file)
        root = reader.load()
        contents = {}
        for key in map(str, _Reader(file).load()):
            (numel,) = struct.unpack("<q", file.read(8))
            if key not in reader.storages or not 0 <= numel <= path.stat().st_size:
                raise ValueError("its storages are not those of its tensors")
            contents[key] = bytearray(file.read(numel * reader.storages[key].dtype.itemsize))
        return _filled(root, reader, lambda storage: contents[storage.key])


def _filled(root: Any, reader: _Reader, fetch: Callable[[_Storage], bytearray]) -> TensorFile:
    storages: dict[str, bytearray] = {}

    def tensor(place: _Place) -> torch.Tensor:
        key, expected = place.storage.key, place.storage.numel * place.storage.dtype.itemsize
        if key not in storages:
            storages[key] = fetch(place.storage)
        if len(storages[key]) != expected:
            raise ValueError(f"a tensor has {len(storages[key])} bytes where {expected} should be")
        if math.prod(place.size) > max(place.storage.numel, MAX_EXPANDED):
            raise ValueError(f"a tensor of sizes {list(place.size)} repeats {place.storage.numel} numbers")
        flat = torch.frombuffer(storages[key], dtype=place.dtype) if expected else torch.empty(0, dtype=place.dtype)
        return flat.as_strided(place.size, place.stride, place.offset).clone()

    content = _plain(root, tensor, {}, 0)
    foreign = sorted(made.name for made in reader.classes.values())
    if not isinstance(content, Mapping):
        holds = root.name if isinstance(root, StandIn) else f"a {type(root).__name__}"
        raise ValueError(f"it holds {holds}, not a state dict; save its state_dict()")
    return TensorFile(content, foreign)


def _plain(node: Any, tensor: Callable[[_Place], torch.Tensor], made: dict[int, Any], depth: int) -> Any:
    """Places as tensors, a pickled network as its state dict, stand-ins of dicts as dicts, of others as None."""
    if isinstance(node, _Place):
        return tensor(node)
    if not isinstance(node, Mapping | StandIn | list | tuple):
        return node if isinstance(node, str | int | float | None) else None
    if depth > MAX_DEPTH or id(node) in made:  # what contains itself ends here
        return made.get(id(node))
    made[id(node)] = None
    if isinstance(node, StandIn) and _is_network(node):
        found: Any = {name: tensor(place) for name, place in _network_places(node, "", set())}
    elif isinstance(node, list | tuple):
        found = [_plain(value, tensor, made, depth + 1) for value in node]
    else:
        pairs = node.pairs if isinstance(node, StandIn) else node
        found = {
            key: _plain(value, tensor, made, depth + 1) for key, value in pairs.items() if isinstance(key, str | int)
        }
        found = found if found or not isinstance(node, StandIn) else None
    made[id(node)] = found
    return found


def _is_network(node: StandIn) -> bool:
    """Whether it is a network that was pickled or scripted as a whole."""
    return isinstance(node.state, Mapping) and ("_modules" in node.state or node.name.startswith("__torch__"))


def _network_places(node: StandIn, prefix: str, seen: set[int]) -> Iterator[tuple[str, _Place]]:
    """The names that a state dict of the network has."""
    if id(node) in seen or not isinstance(node.state, Mapping):
        return
    seen.add(id(node))
    state = node.state
    parts = [state.get(name) for name in ("_parameters", "_buffers", "_modules")] if "_modules" in state else [state]
    for part in parts:
        for name, value in part.items() if isinstance(part, Mapping) else ():
            if isinstance(value, _Place):
                yield f"{prefix}{name}", value
            elif isinstance(value, StandIn):
                yield from _network_places(value, f"{prefix}{name}.", seen)
