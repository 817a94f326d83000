"""Commands that measure: `evaluate`, `compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ._shared import Code, hide_loading_bars, print_scores
from .pictures import refuse_existing


def evaluate(
    source: Annotated[str, typer.Argument(metavar="MODEL|DATA", help="What is scored: a model, or a set of images.")],
    reference: Annotated[str, typer.Option(metavar="DATA", help="Real images, or an .npz with mu and sigma.")],
    metrics: Annotated[
        str | None, typer.Option(help="Names joined with commas, see `list metrics`; all when left out.")
    ] = None,
    extractor: Annotated[
        str | None,
        typer.Option(metavar="NAME|MODEL", help="The network whose features are compared, see `list extractors`."),
    ] = None,
    extractor_weights: Annotated[
        Path | None, typer.Option(help="The weights of an extractor of torch-fidelity; with --paired, of LPIPS.")
    ] = None,
    num: Annotated[
        int | None, typer.Option(help="How many images of the source; as many as the reference has when left out.")
    ] = None,
    paired: Annotated[
        bool,
        typer.Option("--paired", help="Images against their targets (PSNR, SSIM): of a translator, or DATA by name."),
    ] = False,
    image_size: Annotated[
        str | None,
        typer.Option(
            metavar="N|full",
            help="Pixels a side at which DATA are scored; the smallest picture's when left out. "
            "With --paired, full: each picture at its own size.",
        ),
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out pictures that cannot be read or are smaller, and count them.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Where to keep the scores; a run keeps them by itself.")
    ] = None,
    code: Code = None,
) -> int:
    """Score a model, or a set of images, against real ones, with the protocol that makes the numbers mean something."""
    if out is not None and out.suffix != ".json":
        raise ValueError(f"--out {out}: scores are written as JSON; use a name that ends in .json")
    if out is not None:
        refuse_existing(
            [out, out.with_suffix(".png"), out.with_suffix(".md")]
        )  # the page and the table lie beside the scores
    names = [name.strip() for name in metrics.split(",")] if metrics is not None else None
    hide_loading_bars()
    run = Path(source)
    target = out or (run / "scores.json" if (run / "recipe.json").is_file() else None)
    if paired and skip_bad:
        raise ValueError("--paired needs both pictures of each pair; leave out --skip-bad")
    of_features = {} if paired else {"skip_bad": skip_bad}
    network = {"extractor": extractor, "extractor_weights": extractor_weights}
    settings = {"num": num, "image_size": _pixels(image_size, paired), **network, **of_features}
    return print_scores(source, reference, target, metrics=names, paired=paired, **settings)


def _pixels(image_size: str | None, paired: bool) -> int | str | None:
    """The option as a number, or `full`."""
    if image_size is None or (paired and image_size == "full"):
        return image_size
    if not image_size.isdecimal() or int(image_size) < 1:
        allowed = "a number of pixels, or with --paired: full" if not paired else "a number of pixels, or full"
        raise ValueError(f"--image-size {image_size} is not possible; use {allowed}")
    return int(image_size)


def compare(
    one: Annotated[Path, typer.Argument(metavar="FILE.json", help="Scores that `evaluate` wrote.")],
    other: Annotated[Path, typer.Argument(metavar="FILE.json", help="Others, measured under the same protocol.")],
) -> None:
    """Say which of two models is better, and whether the difference exceeds the uncertainty."""
    from ..evaluation.scores import Report
    from ..evaluation.scores import compare as differences

    reports = Report.load(one), Report.load(other)
    lines = differences(*reports)
    for path, report in zip((one, other), reports, strict=True):
        print(f"{path}: {', '.join(f'{name} {value}' for name, value in report.source.items())}")
    print(f"both: {', '.join(f'{name} {value}' for name, value in reports[0].protocol.items())}")
    print(*lines, sep="\n")
