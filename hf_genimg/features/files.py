"""Weights from files: plain tensors only, known by their sha256, and converted to safetensors once."""

from __future__ import annotations

import contextlib
import hashlib
import os
from importlib.util import find_spec
from pathlib import Path

import torch
from safetensors.torch import load_file, save

from ..faults import read_errors


def packaged_file(package: str, file: str) -> Path | None:
    """A file of an installed package, found without running the package's code; None where there is none."""
    spec = find_spec(package)
    places = [] if spec is None else spec.submodule_search_locations or []
    return next((path for place in places if (path := Path(place, file)).is_file()), None)


def file_sha256(path: str | Path) -> str:
    """The sha256 of a file's content, hex; `ValueError` when it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from error


def state_sha256(state: dict[str, torch.Tensor]) -> str:
    """The sha256 of tensors, hex: their names, dtypes, shapes and values, whatever file they came in."""
    digest = hashlib.sha256()
    for name, tensor in sorted(state.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def read_state_dict(path: str | Path) -> dict[str, torch.Tensor]:
    """The tensors in a file, of which no code is run; `ValueError` when it cannot be read or holds anything else."""
    try:
        if Path(path).suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise _unreadable(path, error) from error
    except read_errors() as error:
        raise _not_plain(path, type(error).__name__) from error
    if not isinstance(state, dict) or not all(isinstance(tensor, torch.Tensor) for tensor in state.values()):
        raise _not_plain(path, type(state).__name__)
    return dict(state)


def _unreadable(path: str | Path, error: OSError) -> ValueError:
    return ValueError(f"extractor weights {path} cannot be read ({error.strerror or error}); give the file's path")


def _not_plain(path: str | Path, what: str) -> ValueError:
    return ValueError(f"extractor weights {path} are no plain state dict ({what}); give a .safetensors file")


def weights_folder() -> Path:
    """Where converted weights are kept: `weights` in `$HF_GENIMG_CACHE`, else `$XDG_CACHE_HOME/hf_genimg`, else
    `~/.cache/hf_genimg`.
    """
    if own := os.environ.get("HF_GENIMG_CACHE"):
        return Path(own).expanduser() / "weights"
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "hf_genimg" / "weights"


def converted(source: Path, sha256: str, tensors_sha256: str) -> dict[str, torch.Tensor]:
    """The tensors of `source`, read from the safetensors made of it; made first where that is absent or damaged.

    Args:
        source: a state dict as torch saves it.
        sha256: that its content must have.
        tensors_sha256: `state_sha256` of what is in it.

    Raises:
        ValueError: its content is another.
    """
    kept = weights_folder() / f"{source.stem}.safetensors"
    with contextlib.suppress(ValueError):  # absent or damaged
        state = read_state_dict(kept)
        if state_sha256(state) == tensors_sha256:
            return state
    if (found := file_sha256(source)) != sha256:
        raise ValueError(
            f"{source} has the sha256 {found[:16]}..., and the published one is {sha256[:16]}...; install it again"
        )
    state = read_state_dict(source)
    with contextlib.suppress(OSError):  # a cache that cannot be written costs the next process a conversion
        _write(state, kept)
    return state


def _write(state: dict[str, torch.Tensor], path: Path) -> None:
    """Whole or not at all: another process may be reading."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(save({name: tensor.contiguous() for name, tensor in state.items()}))
    os.replace(temporary, path)


def kept_by_torch(pattern: str) -> Path | None:
    """A file that torch.hub has downloaded before: the first whose name fits the pattern."""
    return next(iter(sorted(Path(torch.hub.get_dir(), "checkpoints").glob(pattern))), None)
