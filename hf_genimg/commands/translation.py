"""The command that turns pictures into pictures: `translate`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from tqdm import tqdm

from ._shared import Code, Model, load_model
from .films import check_film, smoothed, translate_film, translate_gif
from .pictures import Found, find_pictures, read_picture, refuse_existing, refuse_picture_file, save


def translate(
    model: Model,
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE|DIR|GIF|MP4...", help="Pictures, folders of them, GIFs or films.")
    ],
    out: Annotated[Path, typer.Option(help="A folder for the translations.")],
    mask: Annotated[
        Path | None,
        typer.Option(help="For inpainting: an image, white where to fill in; or a folder of masks, by name."),
    ] = None,
    style: Annotated[
        Path | None, typer.Option(metavar="IMAGE", help="For style transfer: the image whose style is taken.")
    ] = None,
    strength: Annotated[
        float | None,
        typer.Option(help="For models that take one: how strongly to translate, from 0 to 1.", min=0, max=1),
    ] = None,
    reverse: Annotated[
        bool, typer.Option("--reverse", help="For models of two directions: translate in the other one.")
    ] = False,
    seed: Annotated[
        int | None,
        typer.Option(help="For models with latents: the same for all pictures; chosen and named unless given.", min=0),
    ] = None,
    smooth: Annotated[
        float, typer.Option(help="For films and GIFs: share of the last frame kept where nothing moves, below 1.")
    ] = 0.0,
    label: Annotated[
        str | None, typer.Option(metavar="NAME|L", help="For models of classes: the class, by its name or number.")
    ] = None,
    code: Code = None,
) -> None:
    """Translate or restore images. They keep size, transparency and 16 bits a level where the model can."""
    refuse_picture_file(out)
    if not 0 <= smooth < 1:
        raise ValueError(f"--smooth {smooth} is not possible; give a share from 0 to below 1")
    found, others = find_pictures(images, "-translated")
    if smooth and not any(each.film or each.moving for each in found):
        raise ValueError(f"--smooth {smooth} is for films and GIFs, and none is among the images; leave it out")
    targets = [each.target(out) for each in found]
    refuse_existing(targets)
    for each in found:  # a bad one among them is an error before any work
        check_film(each.path) if each.film else read_picture(each.path)
    settings = {"strength": strength, "style": None if style is None else read_picture(style)}
    masks = {each.path: mask if mask is None or mask.is_file() else _mask_for(each, mask) for each in found}
    pipe = load_model(model)
    options = {"mask": mask, "style": style, "strength": strength, "reverse": reverse, "seed": seed, "label": label}
    _check_options(pipe.capabilities, model, **options)
    settings |= _chosen(pipe.capabilities, seed, label)
    given = {name: value for name, value in settings.items() if value is not None}
    given |= {"reverse": True} if reverse else {}
    from .kept import translated  # here: torch takes seconds

    frames = 0
    for each, target in tqdm(list(zip(found, targets, strict=True)), unit="picture", disable=len(found) < 2):
        own = {} if mask is None else {"mask": read_picture(masks[each.path])}
        frames += _translate_one(each, target, partial(translated, pipe, **given, **own), smooth)
    chosen = f", of seed {settings['seed']}" if pipe.capabilities.latents and seed is None else ""
    print(f"{_summary(found, frames, out, others)}{chosen}")


def _translate_one(found: Found, target: Path, how: Any, smooth: float) -> int:
    """Write one translation; returns how many frames of a moving picture were made."""
    how = smoothed(how, smooth) if smooth and (found.film or found.moving) else how
    if found.film:
        return translate_film(found.path, target, how)
    if found.moving:
        return translate_gif(found.path, target, how)
    save(how(read_picture(found.path)), target)
    return 0


def _mask_for(found: Found, folder: Path) -> Path:
    """The mask of a picture in a folder of masks."""
    if not folder.is_dir():
        raise ValueError(f"--mask {folder} does not exist; give a picture, or a folder with a mask for each")
    masks = sorted(file for file in folder.iterdir() if file.is_file() and file.stem == found.path.stem)
    if len(masks) != 1:
        what = "no mask" if not masks else f"{len(masks)} masks"
        raise ValueError(f"--mask {folder} holds {what} called {found.path.stem}, for {found.path}; one is needed")
    read_picture(masks[0])
    return masks[0]


def _check_options(able: Any, model: str, **given: Any) -> None:
    """Raise `ValueError` for what a model is not for."""
    if able.task != "translation":
        raise ValueError(f"{model} cannot translate pictures; translate needs a translator, such as a run of pix2pix")
    missing = {
        "mask": "takes no mask, for it fills nothing in",
        "style": "takes no style",
        "strength": "has no strength to set",
        "reverse": "translates in one direction only",
        "seed": "has no latents, so a picture has one translation",
        "label": "has no classes",
    }
    has = {"seed": able.latents, "label": able.num_classes}
    for name, reason in missing.items():
        if (given[name] is not None and given[name] is not False) and not has.get(name, getattr(able, name, False)):
            value = "" if given[name] is True else f" {given[name]}"
            raise ValueError(f"{model} {reason}; leave out --{name}{value}")
    for name, needed, what in (
        ("mask", able.mask, "what to fill in, white"),
        ("style", able.style, "the picture whose style it takes"),
        ("label", able.num_classes, "the class of the translation"),
    ):
        if needed and given[name] is None:
            raise ValueError(f"{model} needs --{name}: {what}")


def _chosen(able: Any, seed: int | None, label: str | None) -> dict[str, int | None]:
    """The seed of all pictures, and the number of the class; `ValueError` where there is no such class."""
    from ..pipelines.sampling import label_of, new_seed

    number = None if label is None else label_of(label, list(able.class_names), able.num_classes)
    return {"seed": new_seed() if able.latents and seed is None else seed, "class_labels": number}


def _summary(found: list[Found], frames: int, out: Path, others: int) -> str:
    count = f"{len(found)} {'translation' if len(found) == 1 else 'translations'}"
    moving = f" ({frames} frames)" if frames else ""
    left = f"; {others} other {'file was' if others == 1 else 'files were'} left out" if others else ""
    return f"{count}{moving} in {out}{left}"
