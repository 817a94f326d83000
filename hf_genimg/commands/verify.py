"""The command that reads provenance: `verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..faults import printable
from .pictures import read_picture


def verify(images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Images to read.")]) -> None:
    """Read the provenance of images. It is in a note of the PNG, and in an invisible watermark."""
    from ..hub.verify import verify as look

    pictures = [read_picture(path) for path in images]  # a bad one among them is an error before any answer
    for path, picture in zip(images, pictures, strict=True):
        print(printable(f"{path}: {look(path, picture)}"))
