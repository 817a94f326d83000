"""The command that imports a network that was trained elsewhere: `convert`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def convert(
    checkpoint: Annotated[
        Path, typer.Argument(metavar="CHECKPOINT", help="A file that torch.save or safetensors wrote, of any name.")
    ],
    family: Annotated[
        str,
        typer.Option(
            "--as", metavar="FAMILY", help="dcgan, stylegan2, progan, classifier, ...; a wrong one lists all."
        ),
    ],
    out: Annotated[Path | None, typer.Option(help="The pipeline's folder, which must not exist.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Argument(metavar="[field=value]...", help="Settings that shapes do not show, such as output=sigmoid."),
    ] = None,
    check: Annotated[str | None, typer.Option(metavar="DATA", help="Images to check the result with.")] = None,
    list_geometries: Annotated[
        bool, typer.Option("--list", help="List the strides and paddings that fit, and write no model.")
    ] = False,
    sheet: Annotated[
        Path | None, typer.Option(help="Write a .png with images of each that fits, and no model.")
    ] = None,
) -> None:
    """Convert a checkpoint that was trained elsewhere. It is a state dict; nothing in a pickle is run."""
    from ..hub.convert import convert as convert_checkpoint
    from ..hub.convert import geometries

    if list_geometries or sheet is not None:
        print(*geometries(checkpoint, family, settings, check, sheet), sep="\n")
        return
    if out is None:
        raise ValueError("--out is missing; name a folder for the pipeline, or give --list to see what fits")
    print(*convert_checkpoint(checkpoint, family, out, settings, check), sep="\n")
