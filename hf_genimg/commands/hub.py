"""Commands about the Hub: `push`."""

from __future__ import annotations

from typing import Annotated

import typer

from ._shared import Model, hide_loading_bars


def push(
    model: Model,
    repo_id: Annotated[str, typer.Argument(metavar="REPO_ID", help="Where to: owner/name.")],
    private: Annotated[bool, typer.Option("--private", help="Make the repository private, where it is made now.")] = False,
) -> None:
    """Push a model to the Hub in one commit: weights, card, recipe, scores, samples. Again, it sends only what has changed."""
    from ..hub.push import push as push_model

    hide_loading_bars()
    pushed = push_model(model, repo_id, private=private)
    print(f"{pushed.url}: {f'commit {pushed.commit[:8]}' if pushed.changed else 'nothing has changed since the last push'}")
