"""What the Explore tab does: walks between seeds, directions, and a map of a plane of the latent space."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from ..pipelines.directions import allows_sefa, directions
from ..pipelines.images import grid
from ..pipelines.interpolation import walk
from ..pipelines.sampling import GeneratorInputs, check_count, check_truncation
from .film import FRAMES_PER_SECOND, comment, there_and_back
from .handlers import sign
from .models import Shared
from .settings import LARGEST_SEED, Settings, check

SLIDERS = 6  # directions that were found when the page was opened
NAMED = 6  # sliders of directions that came with the model, under their names
MOST_SEEDS, MOST_STEPS = 8, 32
STEPS, STEPS_SIDE = 300, 64  # of an inversion, and pixels a side above which there are fewer
MAP_SIDE, MAP_REACH = 11, 2.5  # images a side; and how far the map goes, in standard deviations


@dataclass(frozen=True)
class Found:
    """Latents that were found for a visitor's picture. model: whose. latents: float [1, D]; noise: float [1, M], or
    None. label: int64 [1], or None. psnr: in dB, of what the model makes of them.
    """

    model: str
    latents: torch.Tensor
    noise: torch.Tensor | None
    label: torch.Tensor | None
    psnr: float


def find(
    model: Shared,
    picture: Image.Image | None,
    label: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Found:
    """Latents whose image is near a picture, by `invert`. Others may use the model between two steps.

    label: of a conditional model, the class; the first unless given.
    """
    _check(model)
    if picture is None:
        raise ValueError("there is no picture yet; upload one or choose an example")
    classes = model.capabilities.num_classes
    if classes and not 0 <= (label or 0) < classes:
        raise ValueError(f"label={label} is no class of {model.name}, which has {classes}; leave it out")

    def after(done: int, total: int) -> None:
        model.lock.release()
        if progress is not None:
            progress(done, total)
        model.lock.acquire()

    steps = max(1, min(STEPS, STEPS * STEPS_SIDE // model.capabilities.image_size))
    with model.lock:
        found = model.pipe.invert(picture, steps, "z", class_labels=(label or 0) if classes else None, callback=after)
    placed = [None if each is None else each.cpu() for each in (found.latents.float(), found.noise, found.class_labels)]
    return Found(model.name, *placed, found.psnr[0])


def seeds_of(text: str, what: str = "walk") -> list[int]:
    """The seeds in a line such as `3, 7, 12`; `ValueError` for fewer than two, too many or none. what: they are for."""
    parts = [part for part in re.split(r"[\s,;\uff0c\u3001]+", str(text).strip()) if part]
    if not all(part.isdigit() for part in parts) or not 2 <= len(parts) <= MOST_SEEDS:
        raise ValueError(
            f"seeds={str(text)[:60]!r} is no {what}; "
            f"give 2 to {MOST_SEEDS} seeds with commas between them, such as 3, 7, 12"
        )
    if max(map(int, parts)) > LARGEST_SEED:
        raise ValueError(f"seeds={str(text)[:60]!r} has one above {LARGEST_SEED}; give smaller ones")
    return [int(part) for part in parts]


def walk_between(
    model: Shared, seeds: list[int], steps: int, truncation: float = 1.0, found: Found | None = None
) -> Iterator[list[Image.Image]]:
    """The images of a walk so far, one more each time, so that it can be shown, counted and given up.

    steps: images from one seed to the next, both included, from 2 to 32. found: where the walk begins, before the
    seeds.
    """
    check_count("steps", steps, 2)
    if steps > MOST_STEPS:
        raise ValueError(f"steps={steps} is more than {MOST_STEPS}; ask for fewer")
    check_truncation(truncation)
    _check(model)
    ends = _after(found, model.pipe.draw_seeds(seeds))
    latents, noises = walk(ends.latents, steps), None if ends.noise is None else walk(ends.noise, steps)
    images: list[Image.Image] = []
    for number, latent in enumerate(latents):
        position = number / (steps - 1)
        label = None if ends.class_labels is None else ends.class_labels[int(position + 0.5)].item()
        with model.lock:
            noise = None if noises is None else noises[number][None]
            made = model.pipe(latents=latent[None], noise=noise, class_labels=label, truncation=truncation).images
        own = {"seeds": seeds, "position": position, "class_label": label, "truncation": truncation}
        images += sign(model, made, [own if found is None else {"inverted": True, **own}])
        yield list(images)


def gif(images: list[Image.Image], folder: Path, frames_per_second: int = FRAMES_PER_SECOND) -> Path:
    """Write the walk there and back as a GIF that goes on for ever, with its provenance as the comment."""
    frames = there_and_back(images)
    target = Path(tempfile.mkdtemp(dir=folder)) / "walk.gif"
    frames[0].save(
        target,
        save_all=True,
        append_images=frames[1:],
        duration=1000 // frames_per_second,
        loop=0,
        comment=comment(images).encode(),
    )
    return target


def methods_of(model: Shared) -> list[str]:
    """How directions can be found in this model."""
    if not model.has_directions:
        return []
    return model.know("methods", lambda: ["pca", "sefa"] if allows_sefa(model.pipe) else ["pca"])


def directions_of(model: Shared, method: str = "pca") -> torch.Tensor:
    """float32 [at most 6, D]: worked out when first asked for. Scaled so that 1 is a standard deviation of the latents
    along it.
    """
    if method not in methods_of(model):
        raise ValueError(
            f"method={method!r} is not possible with {model.name}; use one of {', '.join(methods_of(model)) or 'none'}"
        )

    def work_out() -> torch.Tensor:
        found = directions(model.pipe, method, SLIDERS)
        latents = model.pipe.network.sample_latents(512, torch.Generator().manual_seed(1))
        return found * (latents @ found.T).std(0)[:, None]

    return model.know(f"directions {method}", work_out)


def shift(model: Shared, latents: torch.Tensor, amounts: list[float], method: str = "pca") -> torch.Tensor:
    """Latents [N, D] moved along the directions by `amounts`, in standard deviations from -3 to 3."""
    if not all(-3 <= amount <= 3 for amount in amounts):
        raise ValueError(f"amounts={amounts} is not possible; give numbers from -3 to 3")
    found = directions_of(model, method)
    used = torch.tensor([float(amount) for amount in amounts[:SLIDERS][: len(found)]])
    return latents + (used[:, None] * found[: len(used)]).sum(0).to(latents)


def names_of(model: Shared) -> list[str]:
    """The named directions that have a slider: the first that the model has."""
    return list(model.pipe.directions)[:NAMED] if model.has_directions else []


def strengths_of(model: Shared, amounts: list[float]) -> dict[str, float]:
    """The named directions that are moved along, by the amounts that come after those of the `SLIDERS`."""
    chosen = zip(names_of(model), amounts[SLIDERS:], strict=False)
    return {name: float(amount) for name, amount in chosen if amount}


def along(
    model: Shared,
    seed: int,
    amounts: list[float],
    method: str = "pca",
    truncation: float = 1.0,
    found: Found | None = None,
) -> Image.Image:
    """The image of a seed, or that of the latents that were found for a picture, moved along the directions:
    amounts of the `SLIDERS`, and then of the named ones.
    """
    _check(model, Settings(seed=seed, truncation=truncation))
    start = _after(found, model.pipe.draw_seeds([seed, seed]))
    moved = shift(model, start.latents[:1], amounts, method)
    label = None if start.class_labels is None else start.class_labels[:1]
    named = strengths_of(model, amounts)
    own = {"seed": seed} if found is None else _origin(found)
    own |= {"method": method, "amounts": [round(float(amount), 4) for amount in amounts[:SLIDERS]]}
    own |= {"directions": named} if named else {}
    return _one(model, moved, _first(start, 1), label, truncation, own, named)


def latent_map(model: Shared, found: Found | None = None) -> Image.Image:
    """A picture of the plane of the first two directions, [-2.5, 2.5] standard deviations each way; around the latents
    that were found for a picture, where there are any.
    """
    _check(model)

    def work_out() -> Image.Image:
        line = torch.linspace(-MAP_REACH, MAP_REACH, MAP_SIDE).tolist()
        label = _map_label(model, found)
        images: list[Image.Image] = []
        for y in line[::-1]:
            points, noise = _points(model, [(x, y) for x in line], found)
            with model.lock:
                images += model.pipe(latents=points, noise=noise, class_labels=label).images
        origin = {} if found is None else _origin(found)
        return sign(model, [grid(images, MAP_SIDE)], [{**origin, "map": "pca", "reach": MAP_REACH}])[0]

    return model.know("map", work_out) if found is None else work_out()


def on_map(model: Shared, x: float, y: float, found: Found | None = None) -> Image.Image:
    """The image at a place of the map; x to the right and y up, from -2.5 to 2.5."""
    _check(model)
    if not (-MAP_REACH <= x <= MAP_REACH and -MAP_REACH <= y <= MAP_REACH):
        raise ValueError(f"x={x}, y={y} is not on the map; give numbers from {-MAP_REACH} to {MAP_REACH}")
    own = {"map": "pca", "x": round(x, 4), "y": round(y, 4), **({} if found is None else _origin(found))}
    return _one(model, *_points(model, [(x, y)], found), _map_label(model, found), 1.0, own)


def place(model: Shared, column: int, row: int) -> tuple[float, float]:
    """Where on the map a pixel of its picture is."""
    width, height = latent_map(model).size
    reach = MAP_REACH * MAP_SIDE / (MAP_SIDE - 1)  # the outermost images are centred on the edge
    x, y = (2 * column / width - 1) * reach, (1 - 2 * row / height) * reach
    return tuple(round(max(-MAP_REACH, min(MAP_REACH, value)), 2) for value in (x, y))


def _check(model: Shared, settings: Settings | None = None) -> None:
    if model.generates and not model.has_directions:
        raise ValueError(f"{model.name} has no directions: they are those of latents that are vectors, without text")
    check(model, settings or Settings())


def _after(found: Found | None, inputs: GeneratorInputs) -> GeneratorInputs:
    """With what was found for a picture in front."""
    if found is None:
        return inputs
    pairs = ((found.latents, inputs.latents), (found.label, inputs.class_labels), (found.noise, inputs.noise))
    latents, labels, noise = (None if other is None else torch.cat([own.to(other), other]) for own, other in pairs)
    return GeneratorInputs(latents, labels, None, noise)


def _origin(found: Found) -> dict[str, Any]:
    """Of an image that began with a picture, for its provenance."""
    return {"inverted": True, "psnr": round(found.psnr, 2)}


def _map_label(model: Shared, found: Found | None) -> Any:
    if not model.capabilities.num_classes:
        return None
    return 0 if found is None or found.label is None else int(found.label[0])


def _first(inputs: GeneratorInputs, count: int) -> torch.Tensor | None:
    """The noise of the first seed for so many images; None for a model without noise."""
    return None if inputs.noise is None else inputs.noise[:1].expand(count, -1)


def _points(
    model: Shared, places: list[tuple[float, float]], found: Found | None = None
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Latents float [N, D] at places, and noise: around those that were found, else, along the rest, those of seed 0,
    since many latents of zero are no latents that a generator knows.
    """
    axes = directions_of(model, "pca")[:2]
    if found is not None:
        moved = torch.tensor(places)[:, : len(axes)].to(axes) @ axes
        return found.latents.to(axes) + moved, None if found.noise is None else found.noise.expand(len(places), -1)
    start = model.pipe.draw_seeds([0, 0])
    rest = start.latents[0].to(axes)
    units = axes / axes.norm(dim=1, keepdim=True)
    points = rest - rest @ units.T @ units + torch.tensor(places)[:, : len(axes)].to(axes) @ axes
    return points, _first(start, len(points))


def _one(
    model: Shared,
    latents: torch.Tensor,
    noise: torch.Tensor | None,
    label: Any,
    truncation: float,
    own: dict[str, Any],
    named: dict[str, float] | None = None,
) -> Image.Image:
    given = {"latents": latents, "noise": noise, "class_labels": label, "truncation": truncation}
    given |= {"directions": named} if named else {}
    with model.lock:
        images = model.pipe(**given).images
    return sign(model, images, [{**own, "truncation": truncation}])[0]
