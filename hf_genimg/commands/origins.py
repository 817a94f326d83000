"""Commands about where models and pictures come from: `verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..pictures import read_picture


def verify(images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Pictures to look into.")]) -> None:
    """Say what pictures tell of where they came from: the note in a PNG, and an invisible watermark."""
    from ..hub.verify import verify as look

    pictures = [read_picture(path) for path in images]  # a bad one among them is an error before any answer
    for path, picture in zip(images, pictures, strict=True):
        print(f"{path}: {look(path, picture)}")
