"""The page to play with models: `demo`."""

from __future__ import annotations

from typing import Annotated

import typer

from ._shared import Code, serve


def demo(
    models: Annotated[
        list[str] | None,
        typer.Argument(metavar="MODEL...", help="Run directories, pipeline directories or Hub ids; none with --train."),
    ] = None,
    port: Annotated[
        int, typer.Option(help="The port; by default the first free one from 7860 on.", min=0, max=65535)
    ] = 0,
    host: Annotated[
        str, typer.Option(help="The address to serve at; 0.0.0.0 for everybody on the network.")
    ] = "127.0.0.1",
    share: Annotated[
        bool, typer.Option("--share", help="Also at a public address, through Gradio's servers, for a week.")
    ] = False,
    train: Annotated[
        bool, typer.Option("--train", help="Also train models in the page; they lie in runs/studio (HF_GENIMG_JOBS).")
    ] = False,
    data: Annotated[
        str | None,
        typer.Option(metavar="DATA", help="What the models were trained on; by default what their runs say."),
    ] = None,
    code: Code = None,
) -> int:
    """Open the studio. It can generate, explore, reconstruct, translate, classify and compare."""
    return serve(models or [], port, host, share, train or None, data)
