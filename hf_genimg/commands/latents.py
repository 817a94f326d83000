"""Commands that work with latents: `invert`, `mix`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..faults import printable
from ._latent_options import seeds_of
from ._shared import Code, Model, load_model
from .pictures import is_picture_file, read_picture, refuse_existing, refuse_picture_file, save

NO_FEATURES = "none"


def invert(
    model: Model,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Pictures to find latents for.")],
    out: Annotated[Path, typer.Option(help="A folder for images, latents and the curve.")],
    steps: Annotated[int, typer.Option(help="Of gradient descent.", min=1)] = 300,
    space: Annotated[
        str | None, typer.Option(metavar="z|w|w+", help="Of the latents; w and w+ for models with styles.")
    ] = None,
    label: Annotated[
        str | None, typer.Option(metavar="NAME|L", help="The class, for conditional models: its name or its number.")
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|MODEL|none",
            help="Network of the perceptual distance; digits for grey models, else efficientnet-lite0, unless given.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of all that is random.", min=0)] = 0,
    code: Code = None,
) -> None:
    """Find latents of images. The nearest images, latents (.safetensors) and a curve are written to a folder."""
    from ..training.curve import draw_curves

    refuse_picture_file(out)
    targets = [out / f"{image.stem}-inverted.png" for image in images]
    latents, curve = out / "latents.safetensors", out / "curve.png"
    refuse_existing([*targets, latents, curve])
    pictures = [read_picture(path) for path in images]
    pipe = load_model(model)
    if pipe.capabilities.task not in ("generation", "reconstruction"):
        raise ValueError(f"{model} has no latents; invert needs a generator or an autoencoder")
    distance = _perceptual_distance(features, pipe)
    settings = {"class_labels": label, "distance": distance, "seed": seed}
    found = pipe.invert(pictures, steps, space, **settings)
    out.mkdir(parents=True, exist_ok=True)
    for image, target in zip(pipe(**found.inputs()).images, targets, strict=True):
        save(image, target)
    found.save(latents)
    names = [path.stem for path in images]
    records = [
        {"steps": step, **{f"inversion/{name}": loss for name, loss in zip(names, losses, strict=True)}}
        for step, losses in enumerate(found.curve.tolist())
    ]
    draw_curves(records, curve, over="steps")
    for number, path in enumerate(images):
        apart = "" if found.distances is None else f", perceptual distance {found.distances[number]:.3f}"
        print(printable(f"{path}: PSNR {found.psnr[number]:.1f} dB{apart}"))
    print(f"{len(images)} {'inversion' if len(images) == 1 else 'inversions'} in {out}")


def _perceptual_distance(features: str | None, pipe: Any) -> Any:
    """The distance by a named feature network, on the model's device; None for pixels alone."""
    from ..features.load import load_features
    from ..features.perceptual import PerceptualDistance

    if features == NO_FEATURES:
        return None
    name = features or ("digits" if pipe.capabilities.image_channels == 1 else "efficientnet-lite0")
    try:
        network = load_features(name)
    except ValueError as error:
        raise ValueError(f"{error}; or use --features {NO_FEATURES} for a distance of pixels alone") from error
    return PerceptualDistance(network).to(pipe.device)


def mix(
    model: Model,
    rows: Annotated[str, typer.Option(metavar="S,S,...", help="Seeds of the rows, which give the coarse styles.")],
    columns: Annotated[str, typer.Option(metavar="S,S,...", help="Seeds of the columns, which give the fine styles.")],
    out: Annotated[Path, typer.Option(help="A .png.")],
    mix_from: Annotated[
        int | None, typer.Option(help="The layer from which the columns give the styles; the middle unless given.")
    ] = None,
    label: Annotated[
        str | None, typer.Option(metavar="NAME|L", help="The class, for conditional models: its name or its number.")
    ] = None,
    truncation: Annotated[float, typer.Option(help="Scale of the latents: below 1 more typical, less varied.")] = 1.0,
    code: Code = None,
) -> None:
    """Mix the styles of seeds in a matrix. Each row is an image with the fine styles of the columns."""
    if not is_picture_file(out):
        raise ValueError(f"--out {out} is no file for one picture; use a name that ends in .png")
    seeds = [seeds_of(name, text) for name, text in (("--rows", rows), ("--columns", columns))]
    refuse_existing([out])
    pipe = load_model(model)
    if not pipe.capabilities.mixing_layers:
        raise ValueError(f"{model} mixes no styles; mix needs a model with styles, such as a run of stylegan2")
    settings = {"mix_from": mix_from, "class_labels": label, "truncation": truncation, "max_batch_size": 64}
    picture = pipe.mixing_matrix(*seeds, **settings)
    out.parent.mkdir(parents=True, exist_ok=True)
    save(picture, out)
    print(f"{len(seeds[0])} rows of {len(seeds[1])} columns in {out}")
