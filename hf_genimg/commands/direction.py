"""The command `direction`: find a named direction, and keep it with the model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ._latent_options import seeds_of
from ._shared import Code, Model, load_model
from .pictures import find_pictures, is_picture_file, read_picture, refuse_existing, save

REACH, STEPS, SHOWN = 3, 7, 4  # of the picture: strengths from -3 to 3, images a row, rows


def direction(
    model: Model,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called, such as slant.")],
    positive: Annotated[
        str | None,
        typer.Option(metavar="S,S,...|DIR|FILE", help="Images that have it: seeds, pictures, or .safetensors latents."),
    ] = None,
    negative: Annotated[
        str | None, typer.Option(metavar="S,S,...|DIR|FILE", help="Images that do not have it, likewise.")
    ] = None,
    classifier: Annotated[
        str | None,
        typer.Option(metavar="digits|MODEL", help="Instead of images: a classifier of such images."),
    ] = None,
    data: Annotated[
        str | None, typer.Option(metavar="DATA", help="Instead of images: labelled data, for autoencoders.")
    ] = None,
    label: Annotated[
        str | None, typer.Option(metavar="NAME|L", help="The class that it leads to, of the classifier or the data.")
    ] = None,
    against: Annotated[
        str | None, typer.Option(metavar="NAME|L", help="The class that it comes from; all others unless given.")
    ] = None,
    method: Annotated[
        str, typer.Option(metavar="means|logistic|svm", help="Difference of means, or the normal of a boundary.")
    ] = "means",
    space: Annotated[
        str | None, typer.Option(metavar="z|w", help="Of the direction; w, where there are styles, unless given.")
    ] = None,
    samples: Annotated[int, typer.Option(help="Images to classify, or of the data to encode.", min=10)] = 2000,
    replace: Annotated[bool, typer.Option("--replace", help="Take the place of a direction of this name.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="A .png: rows of seeds, moved along the direction from -3 to 3.")
    ] = None,
    code: Code = None,
) -> None:
    """Find a named direction in latent space. It is saved with the model, which must be local."""
    from ..evaluation.latent_directions import METHODS
    from ..pipelines.named_directions import FILE, check_name, write_directions

    check_name(name)
    if method not in METHODS:
        raise ValueError(f"--method {method!r:.40} is not known; use one of {', '.join(METHODS)}")
    sources = _sources(positive, negative, classifier, data, label, against)
    if out is not None:
        if not is_picture_file(out):
            raise ValueError(f"--out {out} is no file for one picture; use a name that ends in .png")
        refuse_existing([out])
    folder = _folder(model)
    pipe = load_model(model)
    _check_model(pipe, model, name, replace)
    pipe.directions[name] = found = _find(pipe, sources, method, space, samples)
    write_directions(folder / FILE, pipe.directions)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        save(_picture(pipe, name), out)
    print(f"{name}: {found.found}; in {folder / FILE}{f', shown in {out}' if out else ''}")


def _sources(*given: str | None) -> tuple[str | None, ...]:
    """The options that say where the direction comes from, checked against each other."""
    positive, negative, classifier, data, label, against = given
    groups = positive is not None or negative is not None
    if sum([groups, classifier is not None, data is not None]) != 1:
        raise ValueError("give one of: --positive and --negative, --classifier and --label, --data and --label")
    if groups and (positive is None or negative is None):
        raise ValueError("--positive and --negative belong together; give both groups")
    if groups and (label is not None or against is not None):
        raise ValueError("--label and --against are of --classifier or --data; leave them out")
    if not groups and label is None:
        raise ValueError("the class that the direction leads to is not given; add --label")
    return given


def _folder(model: str) -> Path:
    """Where the pipeline of a model lies on this machine."""
    from ..pipelines.loading import pipeline_directory

    path = Path(model).expanduser()
    if not path.exists():
        raise ValueError(
            f"{model} is not on this machine, and a direction is saved with its model; save the model first"
        )
    return pipeline_directory(path)


def _check_model(pipe: Any, model: str, name: str, replace: bool) -> None:
    from ..pipelines.named_directions import dimensions

    able = pipe.capabilities
    if able.task not in ("generation", "reconstruction") or not dimensions(pipe.network):
        raise ValueError(f"{model} has no latents that are vectors; direction needs a generator or an autoencoder")
    if able.text:
        raise ValueError(f"{model} is conditioned on text, which decides beside the latents; use another model")
    if name in pipe.directions and not replace:
        raise ValueError(f"{model} has a direction {name!r} already; add --replace, or use another name")


def _find(pipe: Any, sources: tuple[str | None, ...], method: str, space: str | None, samples: int) -> Any:
    from ..evaluation.latent_directions import direction_from_classifier, direction_from_data, find_direction
    from ..features.classifier import shipped_classifiers

    positive, negative, classifier, data, label, against = sources
    if classifier is not None:
        settings = {"method": method, "samples": samples, "space": space}
        reader = load_model(str(shipped_classifiers().get(classifier, classifier)))
        return direction_from_classifier(pipe, reader, label, against, **settings)
    if data is not None:
        return direction_from_data(pipe, _labelled(pipe, data), label, against, method, samples=samples, note=data)
    groups = [_group(pipe, option, text, space) for option, text in (("positive", positive), ("negative", negative))]
    return find_direction(pipe, *groups, method)


def _group(pipe: Any, option: str, text: str, space: str | None) -> Any:
    """Latents of one of the two groups: of seeds, of a file, or of pictures."""
    from ..evaluation.latent_directions import latents_of_images, latents_of_seeds
    from ..pipelines.inversion import read_latents

    path = Path(text).expanduser()
    if path.suffix == ".safetensors":
        return read_latents(path)["latents"]
    if path.exists():
        pictures = [read_picture(each.path) for each in find_pictures([path], "")[0]]
        return latents_of_images(pipe, pictures, space=space)
    return latents_of_seeds(pipe, seeds_of(f"--{option}", text), space)


def _labelled(pipe: Any, data: str) -> Any:
    """Data with labels, of the size and channels of a model."""
    from ..data import open_dataset

    able = pipe.capabilities
    return open_dataset(data, image_size=able.image_size, image_channels=able.image_channels, labels=True)


def _picture(pipe: Any, name: str) -> Any:
    """Rows of seeds, with the direction from one end to the other."""
    from ..pipelines.images import grid
    from ..pipelines.provenance import text_entries

    strengths = [REACH * (2 * step / (STEPS - 1) - 1) for step in range(STEPS)]
    rows = [[pipe(seed=seed, directions={name: each}).images[0] for each in strengths] for seed in range(SHOWN)]
    picture = grid([image for row in rows for image in row], STEPS)
    picture.info.update(text_entries(pipe.provenance(seeds=list(range(SHOWN)), direction=name, strengths=strengths)))
    return picture
