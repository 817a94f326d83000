"""From the arguments of a call to the latents and class labels that its images are made from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import torch

LARGEST_TRUNCATION = (
    2.0  # of the latents' usual length; beyond it images are far from anything a generator was trained on
)
NEW_SEEDS = 2**32  # a seed that nobody chose is below this, so that it can be typed
END_OF_SEEDS = 2**63 - 1  # what a torch.Generator and JSON readers both take


@dataclass(frozen=True)
class Drawn:
    """What N images are made from.

    latents: float32 [N, D]. class_labels: int64 [N]; float32 [N, num_classes], weights of classes; None for an
    unconditional network. seeds: image i is the one that `seed=seeds[i]` names; None where images came from the
    caller's generators or latents, which no seed names.
    """

    latents: torch.Tensor
    class_labels: torch.Tensor | None
    seeds: list[int] | None


@torch.no_grad()
def draw(
    network: Any,
    num_classes: int,
    *,
    num_images: int | None = None,
    batch_size: int | None = None,
    class_labels: int | list[int] | torch.Tensor | None = None,
    seed: int | None = None,
    generator: torch.Generator | list[torch.Generator] | None = None,
    latents: torch.Tensor | None = None,
) -> Drawn:
    """Check the arguments of a pipeline call, all of them before any work, and draw what they leave open.

    Args:
        network: has `sample_latents(num_images, generator)` and `config.latent_dim`.
        num_classes: 0 for an unconditional network.
        Others: as in `LatentPipeline.__call__`.

    Raises:
        ValueError: an argument is not what it may be, or two contradict each other.
    """
    if seed is not None and generator is not None:
        raise ValueError(
            "seed and generator are both given, and both say where the randomness comes from; give one of them"
        )
    _check_generator(generator)
    if latents is not None:
        check_latents(latents, network.config.latent_dim)
    labels = _labels(class_labels, num_classes, mixes_labels(network))
    count = _count(
        num_images=num_images,
        batch_size=batch_size,
        latents=latents,
        generator=generator,
        class_labels=_per_image(labels),
    )
    check_seed(seed, count)
    if labels is not None:
        labels = _for_each(labels, count)
    if latents is not None and (labels is not None or not num_classes):
        return Drawn(latents, labels, None)
    if generator is None and seed is None:
        seed = int(torch.randint(NEW_SEEDS, ()))
    sources = _seeded(range(seed, seed + count)) if generator is None else _given(generator, count)
    drawn_latents, drawn_labels = _draw(network, sources, num_classes)
    seeds = list(range(seed, seed + count)) if generator is None and latents is None else None
    return Drawn(drawn_latents if latents is None else latents, drawn_labels if labels is None else labels, seeds)


@torch.no_grad()
def draw_seeds(
    network: Any, num_classes: int, seeds: list[int], class_labels: int | list[int] | torch.Tensor | None = None
) -> Drawn:
    """What the images of two or more seeds are made from.

    Raises:
        ValueError: `seeds` or `class_labels` is not what it may be.
    """
    if not isinstance(seeds, list | tuple) or len(seeds) < 2:
        raise ValueError(f"seeds={seeds!r} is no walk; give a list of two seeds or more")
    for seed in seeds:
        check_seed(seed)
        check_count("seed", seed, 0)
    seeds = [int(seed) for seed in seeds]  # for JSON, which has no numpy integers
    labels = _labels(class_labels, num_classes, mixes_labels(network))
    _count(class_labels=_per_image(labels), seeds=seeds)
    latents, drawn_labels = _draw(network, _seeded(seeds), num_classes)
    return Drawn(latents, drawn_labels if labels is None else _for_each(labels, len(seeds)), seeds)


def check_count(name: str, value: Any, least: int = 1) -> None:
    """Raise `ValueError` unless `value` is an integer of at least `least`."""
    if not _is_integer(value) or value < least:
        raise ValueError(f"{name}={value!r} is not possible; give an integer of {least} or more")


def check_seed(seed: Any, num_images: int = 1) -> None:
    """Raise `ValueError` unless every image of a call can have its own seed. None is fine."""
    last = END_OF_SEEDS - num_images
    if seed is not None and (not _is_integer(seed) or not 0 <= seed <= last):
        raise ValueError(f"seed={seed!r} is not possible; give an integer from 0 to {last}")


def check_truncation(truncation: Any) -> None:
    """Raise `ValueError` unless latents can be multiplied by `truncation`."""
    if isinstance(truncation, bool) or not isinstance(truncation, Real) or not 0 <= truncation <= LARGEST_TRUNCATION:
        raise ValueError(
            f"truncation={truncation!r} is not possible; give a number from 0 to {LARGEST_TRUNCATION:g} (1 is as trained)"
        )


def check_latents(latents: Any, latent_dim: int) -> None:
    """Raise `ValueError` unless `latents` is float [N, latent_dim]."""
    is_tensor = isinstance(latents, torch.Tensor)
    if (
        not is_tensor
        or not latents.is_floating_point()
        or latents.dim() != 2
        or latents.shape[1] != latent_dim
        or not len(latents)
    ):
        given = f"{latents.dtype} {list(latents.shape)}" if is_tensor else type(latents).__name__
        raise ValueError(f"latents is {given}; give a float tensor [N, {latent_dim}]")


def _is_integer(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _check_generator(generator: Any) -> None:
    generators = generator if isinstance(generator, list | tuple) else [] if generator is None else [generator]
    wrong = [each for each in generators if not isinstance(each, torch.Generator)]
    if wrong:
        raise ValueError(
            f"generator={wrong[0]!r} is not a torch.Generator; give one, or a list with one for each image, or use seed="
        )


def mixes_labels(network: Any) -> bool:
    """Whether a label may also be weights of classes."""
    return bool(getattr(network, "mixes_labels", False))


def note_of(class_labels: torch.Tensor | None) -> list[Any] | None:
    """Of each image what JSON says of its label: an integer, or the weight of each class that has some."""
    if class_labels is None or not class_labels.is_floating_point():
        return None if class_labels is None else class_labels.tolist()
    return [{number: round(weight, 6) for number, weight in enumerate(row) if weight} for row in class_labels.tolist()]


def _per_image(labels: torch.Tensor | None) -> torch.Tensor | None:
    """The labels, where there is one for each image and not one for all."""
    return labels if labels is not None and labels.dim() == (2 if labels.is_floating_point() else 1) else None


def _for_each(labels: torch.Tensor, count: int) -> torch.Tensor:
    return labels.expand(count, labels.shape[-1]) if labels.is_floating_point() else labels.expand(count)


def _weights(labels: torch.Tensor, num_classes: int, mixes: bool) -> torch.Tensor:
    """Float labels, checked: [num_classes] for all images, else [N, num_classes]."""
    given = f"class_labels is {labels.dtype} {list(labels.shape)}"
    if not mixes:
        raise ValueError(f"{given}; {_allowed(num_classes)}, for this model mixes no classes")
    if labels.dim() not in (1, 2) or labels.shape[-1] != num_classes or not len(labels):
        raise ValueError(f"{given}; {_allowed(num_classes)}, or weights of classes, [N, {num_classes}]")
    if not (labels >= 0).all() or not torch.allclose(
        labels.double().sum(-1), torch.ones((), dtype=torch.double), atol=1e-4
    ):
        raise ValueError("class_labels are weights that are below 0 or do not sum to 1; divide each row by its sum")
    return labels.float()


def _allowed(num_classes: int) -> str:
    return f"give an integer from 0 to {num_classes - 1}, or one for each image"


def _labels(class_labels: Any, num_classes: int, mixes: bool = False) -> torch.Tensor | None:
    """The labels on the CPU, as int64: [] for one that holds for all images, else [N]; or as float32, with a weight for
    each class.
    """
    if class_labels is None:
        return None
    if not num_classes:
        raise ValueError("class_labels is given, but this model is unconditional; leave it out")
    allowed = _allowed(num_classes)
    try:
        labels = torch.as_tensor(class_labels).cpu()
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"class_labels={class_labels!r:.60} is not possible; {allowed}") from error
    if labels.is_floating_point() and labels.numel():
        return _weights(labels, num_classes, mixes)
    if labels.dtype == torch.bool or labels.is_floating_point() or labels.is_complex() or labels.dim() > 1:
        raise ValueError(f"class_labels is {labels.dtype} {list(labels.shape)}; {allowed}")
    wrong = labels[(labels < 0) | (labels >= num_classes)].flatten()
    if len(wrong):
        raise ValueError(f"class_labels holds {wrong[0].item()}, which is no class of this model; {allowed}")
    return labels.long()


def _count(num_images: Any = None, batch_size: Any = None, **per_image: Any) -> int:
    """How many images: what was asked for, which must agree with whatever is given one per image."""
    numbers = {
        name: value for name, value in (("num_images", num_images), ("batch_size", batch_size)) if value is not None
    }
    for name, value in numbers.items():
        check_count(name, value)
    lengths = {name: _length(value) for name, value in per_image.items() if _length(value) is not None}
    counts = {**numbers, **{f"the length of {name}": length for name, length in lengths.items()}}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} is {count}" for name, count in counts.items())
        raise ValueError(f"{listed}: these must agree; num_images can be left out where another says how many")
    count = next(iter(counts.values()), 1)
    check_count("num_images", count)
    return int(count)


def _length(value: Any) -> int | None:
    if isinstance(value, torch.Tensor):
        return len(value) if value.dim() else None
    return len(value) if isinstance(value, list | tuple) else None


def _seeded(seeds: Iterable[int]) -> Iterator[torch.Generator]:
    """A CPU generator for each seed, the same on every machine and for every device. It is one object: draw before
    asking for the next.
    """
    generator = torch.Generator()
    for seed in seeds:
        yield generator.manual_seed(seed)


def _given(generator: torch.Generator | list[torch.Generator], count: int) -> Iterable[torch.Generator]:
    return generator if isinstance(generator, list | tuple) else [generator] * count


def _draw(
    network: Any, generators: Iterable[torch.Generator], num_classes: int
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Image by image, latents first: so a label that is given instead of drawn changes nothing else about the image."""
    latents, labels = [], []
    for generator in generators:
        latents.append(network.sample_latents(1, generator))
        if num_classes:
            labels.append(torch.randint(num_classes, (1,), generator=generator, device=generator.device).cpu())
    return torch.cat(latents), torch.cat(labels) if num_classes else None
