"""The command that imports a network that was trained elsewhere: `convert`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def convert(
    checkpoint: Annotated[
        Path, typer.Argument(metavar="CHECKPOINT", help="A .pth, .pt, .bin, .ckpt or .safetensors file.")
    ],
    family: Annotated[
        str, typer.Option("--as", metavar="FAMILY", help="mlp_gan, dcgan, mlp_vae, conv_vae or classifier.")
    ],
    out: Annotated[Path, typer.Option(help="The pipeline's folder, which must not exist.")],
    settings: Annotated[
        list[str] | None,
        typer.Argument(metavar="[field=value]...", help="What shapes do not show, such as output=sigmoid."),
    ] = None,
) -> None:
    """Import a network that was trained elsewhere, from its state dict; nothing that a pickle holds is run."""
    from ..hub.convert import convert as convert_checkpoint

    print(*convert_checkpoint(checkpoint, family, out, settings), sep="\n")
