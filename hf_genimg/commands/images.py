"""Commands that make and read pictures: `sample`, `reconstruct`, `classify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..faults import printable
from ._latent_options import strengths_of
from ._shared import Code, Model, Seed, load_model
from .pictures import is_picture_file, read_picture, refuse_existing, refuse_picture_file, save, save_all


def sample(
    model: Model,
    out: Annotated[Path, typer.Option(help="A folder for single images, or a .png for one image or a grid.")],
    num: Annotated[int, typer.Option(help="How many images.", min=1)] = 1,
    seed: Seed = 0,
    label: Annotated[
        str | None, typer.Option(metavar="NAME|L", help="The class, for conditional models: its name or its number.")
    ] = None,
    prompt: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What the images show, for models that are conditioned on text.")
    ] = None,
    mix_seed: Annotated[
        int | None, typer.Option(help="Take the fine styles of this seed, for models that mix styles.", min=0)
    ] = None,
    truncation: Annotated[float, typer.Option(help="Scale of the latents: below 1 more typical, less varied.")] = 1.0,
    latents: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Instead of seeds: latents that hf-genimg invert wrote.")
    ] = None,
    direction: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=STRENGTH", help="Move along a direction of the model; may be given again."),
    ] = None,
    code: Code = None,
) -> None:
    """Sample images. Seed 7 is the same image whatever --num is."""
    one_file = is_picture_file(out)
    given = {} if latents is None else _given_latents(latents, label, num != 1 or mix_seed is not None or prompt)
    num = len(given["latents"]) if given else num
    stems = [f"{latents.stem}-{number}" if given else f"seed-{seed + number}" for number in range(num)]
    targets = [out] if one_file else [out / f"{stem}.png" for stem in stems]
    refuse_existing(targets)
    strengths = strengths_of(direction)
    pipe = load_model(model)
    if pipe.capabilities.task == "translation":
        raise ValueError(f"{model} makes images of pictures only; use hf-genimg translate {model} IMAGE --out {out}")
    if pipe.capabilities.task == "classification":
        raise ValueError(f"{model} makes no images, it names what is on them; use hf-genimg classify {model} IMAGE")
    pipe.set_progress_bar_config(disable=num <= 64)
    settings = {"class_labels": label, "prompt": prompt, "truncation": truncation}
    settings |= {"directions": strengths} if strengths else {}
    if given:
        made = pipe(**{**settings, **given}, seed=seed, max_batch_size=64).images
        save_all(pipe, made, targets, {"latents": latents.name, "directions": strengths, "truncation": truncation})
    elif one_file and num > 1:
        if mix_seed is not None:
            raise ValueError(f"--mix-seed {mix_seed} makes single pictures; give a folder as --out, or leave out --num")
        out.parent.mkdir(parents=True, exist_ok=True)
        pipe.save_grid(out, num_images=num, seed=seed, max_batch_size=64, **settings)
    else:
        made = pipe(num_images=num, seed=seed, mix_seed=mix_seed, max_batch_size=64, **settings).images
        for image, target in zip(made, targets, strict=True):
            save(image, target)
    print(f"{num} {'image' if num == 1 else 'images'} in {out}")


def _given_latents(file: Path, label: str | None, more: object) -> dict[str, Any]:
    """What a file holds, where nothing else says which images. more: whether another option does."""
    from ..pipelines.inversion import read_latents

    if more:
        raise ValueError(f"--latents {file} says which images; leave out --num, --prompt and --mix-seed")
    given = read_latents(file)
    if label is not None and "class_labels" in given:
        raise ValueError(f"--latents {file} holds the classes as well; leave out --label")
    return given


def reconstruct(
    model: Model,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Pictures to encode and decode.")],
    out: Annotated[Path, typer.Option(help="A folder for the reconstructions.")],
    code: Code = None,
) -> None:
    """Encode and decode images with an autoencoder."""
    refuse_picture_file(out)
    targets = [out / f"{image.stem}-reconstructed.png" for image in images]
    refuse_existing(targets)
    pipe = load_model(model)
    if not pipe.capabilities.encode:
        raise ValueError(f"{model} cannot encode pictures; reconstruct needs an autoencoder, such as a run of mlp_vae")
    for path in images:
        read_picture(path)  # a bad one among them is an error before any work
    for path, target in zip(images, targets, strict=True):
        save(pipe.reconstruct(read_picture(path))[0], target)
    print(f"{len(images)} {'reconstruction' if len(images) == 1 else 'reconstructions'} in {out}")


def classify(
    model: Model,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Pictures to classify.")],
    top: Annotated[
        int, typer.Option(help="How many classes to name for each image, the most probable first.", min=1)
    ] = 1,
    code: Code = None,
) -> None:
    """Classify images."""
    pictures = [read_picture(image) for image in images]
    pipe = load_model(model)
    if pipe.capabilities.task != "classification":
        raise ValueError(f"{model} is no classifier; classify needs one, such as a run of classifier")
    found = pipe(pictures, top, max_batch_size=64)
    for image, names, shares in zip(images, found.names, found.probabilities, strict=True):
        named = ", ".join(f"{name} {share:.1%}" for name, share in zip(names, shares, strict=True))
        print(printable(f"{image}: {named}"))
