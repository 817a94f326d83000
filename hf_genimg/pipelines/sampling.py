"""Latents, class labels, noise and text of a call: checked, and sampled where they are not given."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any

import torch

LARGEST_TRUNCATION = 2.0  # beyond it latents are far from any that a generator was trained on
NEW_SEEDS = 2**32  # a seed that nobody chose is below this, so that it can be typed
END_OF_SEEDS = 2**63 - 1  # what a torch.Generator and JSON readers both take
NAMES_SHOWN = 20  # class names in a message


@dataclass(frozen=True)
class GeneratorInputs:
    """What a generator makes N images from.

    latents: as the network samples them: float32 [N, D], or token ids, int64 [N, T]. class_labels: int64 [N];
    float32 [N, num_classes], weights of classes; None for an unconditional network. seeds: image i is the one that
    `seed=seeds[i]` names; None where images came from the caller's generators or latents, which no seed names. noise:
    float32 [N, M], for a network with noise inputs. text: token ids of prompts, int64 [N, T], for a network that is
    conditioned on text. mixing: latents of which a layer on takes its styles, [N, D], where styles are mixed.
    """

    latents: torch.Tensor
    class_labels: torch.Tensor | None
    seeds: list[int] | None
    noise: torch.Tensor | None = None
    text: torch.Tensor | None = None
    mixing: torch.Tensor | None = None


@torch.no_grad()
def draw(
    network: Any,
    num_classes: int,
    *,
    num_images: int | None = None,
    batch_size: int | None = None,
    class_labels: int | str | list[int | str] | torch.Tensor | None = None,
    seed: int | None = None,
    generator: torch.Generator | list[torch.Generator] | None = None,
    latents: torch.Tensor | None = None,
    noise: torch.Tensor | None = None,
    text: torch.Tensor | None = None,
    prior: Any = None,
    prior_batch: int | None = None,
    class_names: Iterable[str] = (),
) -> GeneratorInputs:
    """Check the arguments of a pipeline call, all of them before any work, and draw what they leave open.

    Args:
        network: a `LatentNetwork`.
        num_classes: 0 for an unconditional model.
        noise: float [N, M], instead of drawing it.
        text: token ids of the prompts: int64 [T], one prompt for all images, or [N, T].
        prior: where the latents come from, instead of the network: `sample_latents(num_images, generator,
            class_labels=None)`.
        prior_batch: the most images that the prior samples at once.
        class_names: of the labels, in their order; empty where they have none.
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
        check_latents(latents, example(network), network.style_shape)
    labels = _labels(class_labels, num_classes, mixes_labels(network), list(class_names))
    per_image = {"latents": latents, "noise": noise, "generator": generator, "class_labels": _per_image(labels)}
    count = _count(num_images, batch_size, **per_image, prompt=None if text is None or text.dim() == 1 else text)
    check_seed(seed, count)
    labels = None if labels is None else _for_each(labels, count)
    text = None if text is None else text.expand(count, text.shape[-1])
    noisy = noise is None and network.sample_noise(1, torch.Generator()) is not None
    if latents is not None and (labels is not None or not num_classes) and not noisy:
        return GeneratorInputs(latents, labels, None, noise, text)
    if generator is None and seed is None:
        seed = int(torch.randint(NEW_SEEDS, ()))
    sources = _seeded(range(seed, seed + count), prior) if generator is None else _given(generator, count)
    sampled = _draw(network, sources, num_classes, prior, labels, latents, prior_batch)
    seeds = list(range(seed, seed + count)) if generator is None and latents is None else None
    return GeneratorInputs(sampled[0], sampled[1], seeds, sampled[2] if noise is None else noise, text)


def new_seed() -> int:
    """A seed that nobody chose, from the system's randomness."""
    return random.SystemRandom().randrange(NEW_SEEDS)


@torch.no_grad()
def draw_seeds(
    network: Any,
    num_classes: int,
    seeds: list[int],
    class_labels: int | str | list[int | str] | torch.Tensor | None = None,
    *,
    text: torch.Tensor | None = None,
    prior: Any = None,
    class_names: Iterable[str] = (),
) -> GeneratorInputs:
    """What the images of two or more seeds are made from; arguments as for `draw`.

    Raises:
        ValueError: `seeds` or `class_labels` is not what it may be.
    """
    if not isinstance(seeds, list | tuple) or len(seeds) < 2:
        raise ValueError(f"seeds={seeds!r} is no walk; give a list of two seeds or more")
    for seed in seeds:
        check_seed(seed)
        check_count("seed", seed, 0)
    seeds = [int(seed) for seed in seeds]  # for JSON, which has no numpy integers
    labels = _labels(class_labels, num_classes, mixes_labels(network), list(class_names))
    texts = text if text is not None and text.dim() == 2 else None
    _count(class_labels=_per_image(labels), prompt=texts, seeds=seeds)
    labels = None if labels is None else _for_each(labels, len(seeds))
    latents, labels, noise = _draw(network, _seeded(seeds, prior), num_classes, prior, labels)
    return GeneratorInputs(
        latents, labels, seeds, noise, None if text is None else text.expand(len(seeds), text.shape[-1])
    )


def sample_labels(num_classes: int, seeds: Iterable[int]) -> torch.Tensor:
    """The labels that the images of these seeds draw where a prior samples the latents, which may depend on them:
    int64 [N].
    """
    labels = [torch.randint(num_classes, (1,), generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    return torch.cat(labels)


def example(network: Any) -> torch.Tensor:
    """Latents of one image, which show the shape and the dtype of all: always the same."""
    return network.sample_latents(1, torch.Generator().manual_seed(0))


def draws_vectors(network: Any) -> bool:
    """Whether the latents are vectors, which can be truncated and interpolated, and not token ids."""
    return example(network).is_floating_point()


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
            f"truncation={truncation!r} is not possible; "
            f"give a number from 0 to {LARGEST_TRUNCATION:g} (1 is as trained)"
        )


def check_latents(latents: Any, like: torch.Tensor, styles: tuple[int, ...] | None = None) -> None:
    """Raise `ValueError` unless `latents` are N of such as `like` [1, ...] holds one of: float, or token ids; or float
    [N, *styles], where a network takes those.
    """
    is_tensor = isinstance(latents, torch.Tensor)
    if styles and is_tensor and latents.is_floating_point() and tuple(latents.shape[1:]) == styles and len(latents):
        return
    fits = is_tensor and latents.is_floating_point() == like.is_floating_point() and latents.dim() == like.dim()
    if not fits or latents.shape[1:] != like.shape[1:] or not len(latents):
        given = f"{latents.dtype} {list(latents.shape)}" if is_tensor else type(latents).__name__
        kind = "a float tensor" if like.is_floating_point() else f"token ids, {like.dtype},"
        shapes = " or ".join(f"[N, {', '.join(map(str, shape))}]" for shape in (like.shape[1:], styles) if shape)
        raise ValueError(f"latents is {given}; give {kind} {shapes}")


def check_labels(
    network: Any, class_labels: Any, num_classes: int, class_names: Iterable[str], count: int
) -> torch.Tensor | None:
    """Labels of `count` images, checked: int64 [N], or weights of classes; None where none are given.

    Raises `ValueError` for labels that are not what they may be, or not as many.
    """
    labels = _labels(class_labels, num_classes, mixes_labels(network), list(class_names))
    _count(num_images=count, class_labels=_per_image(labels))
    return None if labels is None else _for_each(labels, count)


def _is_integer(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _check_generator(generator: Any) -> None:
    generators = generator if isinstance(generator, list | tuple) else [] if generator is None else [generator]
    wrong = [each for each in generators if not isinstance(each, torch.Generator)]
    if wrong:
        raise ValueError(
            f"generator={wrong[0]!r} is not a torch.Generator; "
            "give one, or a list with one for each image, or use seed="
        )


def mixes_labels(network: Any) -> bool:
    """Whether a label may also be weights of classes."""
    return bool(getattr(network, "mixes_labels", False))


def labels_for_json(class_labels: torch.Tensor | None) -> list[Any] | None:
    """The label of each image as JSON: an integer, or the weight of each class that has one."""
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


def label_of(name: str, class_names: list[str], num_classes: int) -> int:
    """The label of the class called `name`; a text that is no name, but a whole number, is a label itself, unless
    all classes have numbers for names.

    Raises `ValueError` with the nearest names for a name that no class has.
    """
    if name in class_names:
        return class_names.index(name)
    same = [label for label, each in enumerate(class_names) if each.casefold() == name.casefold()]
    if len(same) == 1:
        return same[0]
    numbered = bool(class_names) and all(each.isdecimal() for each in class_names)  # as of labels 1, 2 and 3
    if name.isdecimal() and not numbered and len(name) < 10 and int(name) < num_classes:
        return int(name)
    if not class_names:
        raise ValueError(
            f"class_labels={name!r:.60} is no class, and the classes have no names; {_allowed(num_classes)}"
        )
    near = get_close_matches(name, class_names, 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    more = f" and {len(class_names) - NAMES_SHOWN} more" if len(class_names) > NAMES_SHOWN else ""
    raise ValueError(
        f"there is no class {name!r:.60}{hint}; the classes are {', '.join(class_names[:NAMES_SHOWN])}{more}"
    )


def _numbered(class_labels: Any, names: list[str], num_classes: int) -> Any:
    """With labels in place of class names."""
    if isinstance(class_labels, str):
        return label_of(class_labels, names, num_classes)
    if isinstance(class_labels, list | tuple):
        return [label_of(each, names, num_classes) if isinstance(each, str) else each for each in class_labels]
    return class_labels


def _labels(class_labels: Any, num_classes: int, mixes: bool, names: list[str]) -> torch.Tensor | None:
    """The labels on the CPU, as int64: [] for one that holds for all images, else [N]; or as float32, with a weight for
    each class.
    """
    if class_labels is None:
        return None
    if not num_classes:
        raise ValueError("class_labels is given, but this model is unconditional; leave it out")
    allowed = _allowed(num_classes)
    class_labels = _numbered(class_labels, names, num_classes)
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


def _seeded(seeds: Iterable[int], prior: Any = None) -> Iterator[torch.Generator]:
    """A CPU generator for each seed, the same on every machine and for every device.

    Without a prior it is one object, seeded again: draw before asking for the next.
    """
    generator = torch.Generator()
    for seed in seeds:
        yield (generator if prior is None else torch.Generator()).manual_seed(seed)


def _given(generator: torch.Generator | list[torch.Generator], count: int) -> Iterable[torch.Generator]:
    return generator if isinstance(generator, list | tuple) else [generator] * count


def _draw(
    network: Any,
    generators: Iterable[torch.Generator],
    num_classes: int,
    prior: Any,
    labels: torch.Tensor | None,
    latents: torch.Tensor | None = None,
    prior_batch: int | None = None,
) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]:
    """Latents, labels and noise, image by image, each from its own generator.

    First the latents, then the label, then the noise: so what is given instead of sampled changes nothing else
    about the image. With a prior, which may need the label, the label comes first and the latents last.
    """
    latents_of_each, labels_of_each, noises, sources = [], [], [], []
    for generator in generators:
        if prior is None:
            latents_of_each.append(network.sample_latents(1, generator))
        else:
            sources.append(generator)
        if num_classes:
            labels_of_each.append(torch.randint(num_classes, (1,), generator=generator, device=generator.device).cpu())
        noises.append(network.sample_noise(1, generator))
    noise = None if noises[0] is None else torch.cat(noises)
    if labels is None and num_classes:
        labels = torch.cat(labels_of_each)
    if latents is None:
        latents = torch.cat(latents_of_each) if prior is None else _from_prior(prior, sources, labels, prior_batch)
    return latents, labels, noise


def _from_prior(
    prior: Any, generators: list[torch.Generator], labels: torch.Tensor | None, batch: int | None
) -> torch.Tensor:
    size, parts = batch or len(generators), []
    conditional = labels is not None and "labels" in prior.conditions
    for start in range(0, len(generators), size):
        part = generators[start : start + size]
        given = {"class_labels": labels[start : start + size].to(prior.device)} if conditional else {}
        parts.append(prior.sample_latents(len(part), part, **given).cpu())
    return torch.cat(parts)
