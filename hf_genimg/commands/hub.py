"""Commands about the Hub: `push`, `space`, `install-hf-extension`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ._shared import Code, Model, hide_loading_bars, load_model


def push(
    model: Model,
    repo_id: Annotated[str, typer.Argument(metavar="REPO_ID", help="Where to: owner/name.")],
    private: Annotated[
        bool, typer.Option("--private", help="Make the repository private if this push creates it.")
    ] = False,
    code: Code = None,
) -> None:
    """Push a model to the Hub in one commit. Card, recipe, scores and samples go along; again, only changes."""
    from ..hub.push import push as push_model

    hide_loading_bars()
    pushed = push_model(model, repo_id, private=private)
    done = f"commit {pushed.commit[:8]}" if pushed.changed else "nothing has changed since the last push"
    print(f"{pushed.url}: {done}")


def space(
    model: Model,
    repo_id: Annotated[str, typer.Argument(metavar="REPO_ID", help="The Space, as owner/name.")],
    local: Annotated[
        Path | None, typer.Option(help="Leave it in this folder, where `python app.py` runs, instead of pushing it.")
    ] = None,
    static: Annotated[
        bool, typer.Option("--static", help="A page without a server: the model runs in the visitor's browser.")
    ] = False,
    runtime: Annotated[
        Path | None,
        typer.Option(
            help="For --static: onnxruntime-web's archive or folder; fetched from the npm registry otherwise."
        ),
    ] = None,
    code: Code = None,
) -> None:
    """Make a Space for a model. It is pushed to the Hub, or left in a folder."""
    from ..hub.space import make_space

    where = make_space(model, load_model(model), repo_id, local, static=static, runtime=runtime)
    opens = f"python -m http.server -d {where}" if static else "python app.py"
    print(f"the Space is in {where}{f': {opens} opens it' if local is not None else ''}")


def install_hf_extension() -> None:
    """Register this command line as `hf genimg`."""
    from ..hub.extension import install_extension

    manifest, new = install_extension()
    print(f"{'registered' if new else 'registered already'} by {manifest}; hf genimg list shows what there is")
