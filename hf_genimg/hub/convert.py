"""`convert`: a foreign checkpoint becomes a pipeline directory. A family joins by a file in `converters/`."""

from __future__ import annotations

import os
import shutil
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from torch import nn

from ..pipelines.classification import ImageClassificationPipeline
from ..pipelines.generation import ImageGenerationPipeline
from ..pipelines.reconstruction import ImageReconstructionPipeline
from ..training.fields import parse_fields
from .checkpoint import read_modules
from .converters._reading import network_of

FOLDER = Path(__file__).parent / "converters"


def families() -> list[str]:
    """Those that can be imported."""
    return sorted(file.stem for file in FOLDER.glob("[a-z]*.py"))


def convert(checkpoint: str | Path, family: str, out: str | Path, assignments: list[str] | None = None) -> list[str]:
    """Import a state dict of a network that was trained elsewhere.

    Args:
        checkpoint: a .pth, .pt, .bin, .ckpt or .safetensors file. Pickles are read with `weights_only=True`: nothing of
            theirs is run.
        family: one of `families()`.
        out: the pipeline directory, which must not exist.
        assignments: `field=value` texts for what shapes do not show; see `Settings` of the family's file.

    Returns:
        Lines that say what was made, what was assumed, and what could not be matched.

    Raises:
        ValueError, OSError: for what does not go together, before anything is written.
    """
    if family not in families():
        raise ValueError(f"--as {family} is not a family that can be imported; use one of {', '.join(families())}")
    converter, out = import_module(f".converters.{family}", __package__), Path(out)
    settings = converter.Settings(**parse_fields(converter.Settings, assignments or []))
    _refuse_existing(out)
    modules = read_modules(Path(checkpoint), converter.PARTS, settings.part, settings.map)
    reading = converter.read(modules, settings)
    network = network_of(reading)
    _save(_pipeline(network), out)
    made = f"{out}: {type(network).__name__} with {sum(parameter.numel() for parameter in network.parameters()):,} parameters"
    lines = [made, *(f"assumed: {assumption}" for assumption in reading.assumed)]
    return [*lines, f"not matched: {', '.join(reading.unmatched)}"] if reading.unmatched else lines


def _pipeline(network: nn.Module) -> Any:
    if hasattr(network, "encode"):
        return ImageReconstructionPipeline(autoencoder=network)
    return (
        ImageClassificationPipeline(network)
        if hasattr(network, "classify")
        else ImageGenerationPipeline(generator=network)
    )


def _refuse_existing(out: Path) -> None:
    if os.path.lexists(out):
        raise ValueError(f"--out {out} exists already and is not overwritten; give another name or remove it")
    solid = next(parent for parent in out.absolute().parents if parent.exists())
    if not solid.is_dir():
        raise ValueError(f"--out goes through {solid}, which is a file; name another --out")


def _save(pipeline: Any, out: Path) -> None:
    """Whole or not at all, and never over what came to be there meanwhile."""
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        pipeline.save_pretrained(partial / "pipeline")
        _refuse_existing(out)
        (partial / "pipeline").rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
