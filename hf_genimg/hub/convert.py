"""`convert`: a foreign checkpoint becomes a pipeline directory. A family joins by a file in `converters/`."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from ..faults import read_errors, reason
from ..pipelines.classification import ImageClassificationPipeline
from ..pipelines.generation import ImageGenerationPipeline
from ..pipelines.reconstruction import ImageReconstructionPipeline
from ..pipelines.translation import ImageTranslationPipeline
from ..training.fields import parse_fields
from .converters._reading import Reading, network_of
from .geometry import MOST, Geometry, chosen, notes_of
from .import_check import check_import, write_sheet
from .state_dict import read_modules

FOLDER = Path(__file__).parent / "converters"
PIPELINES = {
    "generation": ImageGenerationPipeline,
    "reconstruction": ImageReconstructionPipeline,
    "translation": ImageTranslationPipeline,
    "classification": ImageClassificationPipeline,
}
SHEET_ROWS = 24  # geometries that a sheet shows
PLURALS = {"strides": "stride", "paddings": "padding", "pools": "pool"}  # that people type


def families() -> list[str]:
    """Those that can be imported."""
    return sorted(file.stem for file in FOLDER.glob("[a-z]*.py"))


def convert(
    checkpoint: str | Path, family: str, out: str | Path, assignments: list[str] | None = None, check: str | None = None
) -> list[str]:
    """Import a state dict of a network that was trained elsewhere, and check that it makes images or names classes.

    Args:
        checkpoint: a file that torch.save or safetensors wrote, whatever its name ends in. Nothing in it is run.
        family: one of `families()`.
        out: the pipeline directory, which must not exist.
        assignments: `field=value` texts for what shapes do not show; see `Settings` of the family's file.
        check: DATA to check the result with: labelled images for a classifier, any images for other networks.

    Returns:
        Lines that say what was made, which part of the file was taken, which norms were folded, which geometry was
        chosen, what was assumed, and what the check found.

    Raises:
        ValueError, OSError: for what does not go together, several geometries of which none is the usual, or a result
            that makes no images; before anything is written.
    """
    out = Path(out)
    _refuse_existing(out)
    with _fitting(checkpoint, family):
        found, lines = _read(checkpoint, family, assignments)
        geometry = chosen(found)
        reading = geometry.read()
        pipeline = _pipeline_of(reading)
        network = pipeline.network
        checked = check_import(pipeline, check)
    _save(pipeline, out)
    count = sum(parameter.numel() for parameter in network.parameters())
    return [
        f"{out}: {type(network).__name__} with {count:,} parameters",
        *lines,
        *_geometry_lines(geometry, found, reading),
        *checked,
    ]


def geometries(
    checkpoint: str | Path,
    family: str,
    assignments: list[str] | None = None,
    check: str | None = None,
    sheet: Path | None = None,
) -> list[str]:
    """List the geometries that fit the shapes of a checkpoint, as fields to paste, and write no model.

    Args:
        checkpoint, family, assignments: as for `convert`.
        check: DATA with which each is checked.
        sheet: a .png to write, with a row of images for each geometry, in the order of the lines.

    Raises:
        ValueError, OSError: as `convert`; the sheet exists already.
    """
    with _fitting(checkpoint, family):
        found, lines = _read(checkpoint, family, assignments)
        shown = [_pipeline_of(geometry.read()) for geometry in found[:SHEET_ROWS]] if sheet is not None else []
    if sheet is not None:
        write_sheet(sheet, shown)
        rows = min(len(found), SHEET_ROWS)
        lines.append(f"{sheet}: images of {'the' if rows == len(found) else 'the first'} {rows} geometries, a row each")
    more = " or more" if len(found) == MOST else ""
    lines.append(f"geometries that fit: {len(found)}{more}")
    for number, geometry in enumerate(found, 1):
        usual = " (the usual one, taken unless another is given)" if geometry.usual else ""
        score = f": {_outcome(geometry, check)}" if check is not None else ""
        lines.append(f"{number}. {geometry}{usual}{score}")
    return [*lines, *notes_of(found)]


@contextmanager
def _fitting(checkpoint: str | Path, family: str) -> Iterator[None]:
    """Inside, what tensors of unforeseen shapes and types make of torch is one line too."""
    try:
        yield
    except (ValueError, OSError):
        raise
    except read_errors() as error:
        raise ValueError(
            f"{checkpoint} does not fit {family}: {reason(error)}; choose another --as or part=NAME"
        ) from error


def _outcome(geometry: Geometry, check: str) -> str:
    try:
        return check_import(_pipeline_of(geometry.read()), check)[-1]
    except ValueError as error:
        return str(error)
    except read_errors() as error:
        return reason(error)


def _read(checkpoint: str | Path, family: str, assignments: list[str] | None) -> tuple[list[Geometry], list[str]]:
    """The geometries that fit, and lines about what was taken of the file."""
    if family not in families():
        raise ValueError(f"--as {family} is not a family that can be imported; use one of {', '.join(families())}")
    converter = import_module(f".converters.{family}", __package__)
    fields = [_singular(assignment) for assignment in assignments or []]
    settings = converter.Settings(**parse_fields(converter.Settings, fields))
    modules, lines = read_modules(Path(checkpoint), converter.PARTS, settings.part, settings.map, settings.ignore)
    return converter.read(modules, settings), lines


def _singular(assignment: str) -> str:
    name, equals, value = assignment.partition("=")
    return f"{PLURALS.get(name, name)}{equals}{value}"


def _geometry_lines(geometry: Geometry, found: list[Geometry], reading: Reading) -> list[str]:
    others = f" (the usual one of {len(found)} that fit; --list shows them)" if len(found) > 1 else ""
    return [
        *([f"geometry: {geometry}{others}"] if geometry.fields else []),
        *(f"assumed: {assumption}" for assumption in reading.assumed),
    ]


def _pipeline_of(reading: Reading) -> Any:
    more = {} if reading.reverse is None else {"reverse_generator": network_of(reading.reverse)}
    return PIPELINES[reading.task](network_of(reading), **more)


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
