"""Pictures on the command line: read with care, written with their provenance, never over what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")  # of files that we do not write


def read_picture(path: Path) -> Any:
    """A decoded PIL image, upright; `ValueError` names a file that training would not read either."""
    from .data import open_picture

    return open_picture(path)


def is_picture_file(out: Path) -> bool:
    """Whether --out is a .png; `ValueError` for another kind of picture, which would not keep the provenance."""
    if out.suffix.lower() in PICTURE_SUFFIXES:
        raise ValueError(f"--out {out}: pictures are written as PNG only; use a name that ends in .png, or a folder")
    return out.suffix.lower() == ".png"


def refuse_picture_file(out: Path) -> None:
    """Raise `ValueError` where --out names one picture and a folder is wanted."""
    if out.suffix.lower() in (".png", *PICTURE_SUFFIXES):
        raise ValueError(f"--out {out} is the name of a picture, and a folder is wanted; leave out {out.suffix}")


def refuse_existing(targets: list[Path]) -> None:
    """Raise `ValueError` rather than overwrite a file, or write two pictures to one name."""
    twice = {target for target in targets if targets.count(target) > 1}
    if twice:
        raise ValueError(f"two pictures would both be written to {min(twice)}; give them different names")
    for target in targets:
        solid = next(parent for parent in target.absolute().parents if parent.exists())
        if not solid.is_dir():
            raise ValueError(f"--out goes through {solid}, which is a file; name another --out")
        if target.exists():
            raise ValueError(f"{target} exists already and is not overwritten; name another --out")


def save(image: Any, target: Path) -> None:
    """Write a picture with its provenance."""
    from .pipelines.provenance import save_png

    target.parent.mkdir(parents=True, exist_ok=True)
    save_png(image, target)
