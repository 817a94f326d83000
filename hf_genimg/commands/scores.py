"""Commands that measure: `evaluate`, `compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ._shared import Code, hide_loading_bars, print_scores
from .pictures import refuse_existing


def evaluate(
    source: Annotated[str, typer.Argument(metavar="MODEL|DATA", help="What to score: a model or a set of images.")],
    reference: Annotated[str, typer.Option(metavar="DATA", help="Real images, or an .npz with mu and sigma.")],
    metrics: Annotated[
        str | None, typer.Option(help="Names joined by commas, of `hf-genimg list metrics`; by default all.")
    ] = None,
    extractor: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|MODEL",
            help="The network that computes features, of `hf-genimg list extractors`, or a classifier.",
        ),
    ] = None,
    extractor_weights: Annotated[
        Path | None, typer.Option(help="A file with the weights of the extractor; with --paired, of LPIPS.")
    ] = None,
    num: Annotated[
        int | None, typer.Option(help="How many images to score; by default as many as the reference has.")
    ] = None,
    paired: Annotated[
        bool,
        typer.Option(
            "--paired", help="Score images against their targets (PSNR, SSIM): a translator's, or DATA paired by name."
        ),
    ] = False,
    image_size: Annotated[
        str | None,
        typer.Option(
            metavar="N|full",
            help="Pixels a side at which DATA are scored; by default the smallest image's. With --paired, full: each "
            "image at its own size.",
        ),
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out and count images that cannot be read or are smaller.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Where to save the scores; when left out, in the run.")
    ] = None,
    code: Code = None,
) -> int:
    """Score a model or images against a reference. The scores are saved with their protocol."""
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
    """Compare the scores of two models. It says which differences exceed the uncertainty."""
    from ..evaluation.scores import Report
    from ..evaluation.scores import compare as differences

    reports = Report.load(one), Report.load(other)
    lines = differences(*reports)
    for path, report in zip((one, other), reports, strict=True):
        print(f"{path}: {', '.join(f'{name} {value}' for name, value in report.source.items())}")
    print(f"both: {', '.join(f'{name} {value}' for name, value in reports[0].protocol.items())}")
    print(*lines, sep="\n")
