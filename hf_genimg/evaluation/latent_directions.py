"""Finding the direction in latent space along which a property of the images changes: from two groups of latents, from
the classes of a classifier, from labelled images, or from a score of images.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ..pipelines.named_directions import NamedDirection, check_direction, dimensions

METHODS = ("means", "logistic", "svm")
WORDS = {
    "means": "difference of means",
    "logistic": "boundary by logistic regression",
    "svm": "boundary by a linear SVM",
}
SAMPLES = 1000  # by which the standard deviation of latents along a direction is measured
BATCH = 64
LEAST = 5  # latents of each group that is found by a classifier or a score
ITERATIONS = 10_000


class TooFew(ValueError):
    """Too few images are of a class to find its direction."""


def find_direction(
    pipe: Any,
    positive: torch.Tensor,
    negative: torch.Tensor,
    method: str = "means",
    *,
    note: str = "",
) -> NamedDirection:
    """Find the direction from one group of latents to another.

    Args:
        pipe: a pipeline with latents that are vectors.
        positive, negative: latents of images that have a property, and of images that have not: float [N, D]; or
            styles, float [N, mixing_layers, style_dim], as `pipe.invert` and `pipe.styles_of` give them, for a
            direction in `w`.
        method: `means`, the difference of the means of both groups; `logistic` or `svm`, the normal of the boundary
            between them by scikit-learn's LogisticRegression or LinearSVC (as InterFaceGAN, arXiv:1907.10786), which
            needs more latents and tells properties apart that occur together.
        note: of the groups, for what the direction says of itself.

    Returns:
        The direction from negative to positive: 1 is one standard deviation of the model's latents along it.

    Raises:
        ValueError: the groups are not of one space, are alike, or an argument is not what it may be.
    """
    if method not in METHODS:
        raise ValueError(f"method={method!r:.40} is not known; use one of {', '.join(METHODS)}")
    space, groups = _groups(pipe, positive, negative)
    vector = _mean_difference(*groups) if method == "means" else _normal(*groups, method)
    length = vector.norm()
    if not length > 0:
        raise ValueError("both groups have the same latents, so there is no direction between them; choose others")
    vector = vector / length
    spread = (_latents(pipe, SAMPLES, 0, space)[0].flatten(1)[:, : len(vector)] @ vector).std()
    counts = f"{len(positive)} against {len(negative)} latents"
    found = f"{WORDS[method]}, {counts}{f' ({note})' if note else ''}"
    direction = NamedDirection((spread * vector).float(), space, found[:300])
    check_direction("found", direction, dimensions(pipe.network))
    return direction


def direction_from_classifier(
    pipe: Any,
    classifier: Any,
    label: int | str,
    against: int | str | None = None,
    method: str = "logistic",
    *,
    samples: int = 2000,
    space: str | None = None,
    seed: int = 0,
) -> NamedDirection:
    """Find the direction towards a class that a classifier sees in images of the model.

    Args:
        pipe: a pipeline with latents that are vectors.
        classifier: an `ImageClassificationPipeline` for images of the same channels.
        label: the class, by its name or number.
        against: the class at the other end; all other classes unless given.
        method: as for `find_direction`.
        samples, seed: images that are made and classified.
        space: `z`, or `w` for a network with styles; `w` where there is one, unless given.

    Raises:
        TooFew: of one of the classes.
        ValueError: an argument is not what it may be.
    """
    positive, negative = (None if each is None else _label(classifier, each) for each in (label, against))
    latents, images = sample_images(pipe, samples, seed, space)
    found = torch.cat([_classes(classifier, batch) for batch in images.split(BATCH)])
    groups = latents[found == positive], latents[found != positive if negative is None else found == negative]
    for group, name in zip(groups, (label, "another class" if against is None else against), strict=True):
        if len(group) < LEAST:
            raise TooFew(
                f"{len(group)} of {samples} images were classified as {name}, and {LEAST} are needed; "
                "use more samples or another class"
            )
    rest = "the rest" if against is None else str(against)
    return find_direction(pipe, *groups, method, note=f"{label} against {rest} by {classifier.model_name}")


def direction_from_data(
    pipe: Any,
    dataset: Any,
    label: str,
    against: str | None = None,
    method: str = "logistic",
    *,
    samples: int = 2000,
    note: str = "",
) -> NamedDirection:
    """Find the direction towards a class of labelled images, whose latents an autoencoder's encoder gives.

    Args:
        pipe: an autoencoder that is not conditional.
        dataset: images of the pipeline's size and channels with labels, as of `hf_genimg.data`.
        label: the class, by its name, or its number where classes have no names.
        against: the class at the other end; all other classes unless given.
        method: as for `find_direction`.
        samples: images that are encoded, drawn from all of them.
        note: what the data are called.

    Raises:
        TooFew: of one of the classes.
        ValueError: the model has no encoder or is conditional, or an argument is not what it may be.
    """
    from ..pipelines.sampling import label_of

    able = pipe.capabilities
    if not able.encode or able.num_classes:
        raise ValueError("--data needs an autoencoder without classes; for other models use --classifier, or pictures")
    order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(0))
    batch = dataset.batch(order[:samples])
    names, labels = list(dataset.class_names or ()), batch["labels"]
    count = len(names) or int(labels.max()) + 1
    first, second = (None if each is None else label_of(each, names, count) for each in (label, against))
    chosen = [labels == first, labels != first if second is None else labels == second]
    if min(int(mask.sum()) for mask in chosen) < LEAST:
        raise TooFew(f"too few of {len(labels)} images of {note} are of the class; use more --samples")
    latents = latents_of_images(pipe, batch["images"])
    return find_direction(pipe, *(latents[mask] for mask in chosen), method, note=f"{label} of {note}")


def direction_from_scores(
    pipe: Any,
    score: Callable[[torch.Tensor], torch.Tensor],
    method: str = "means",
    *,
    share: float = 0.1,
    samples: int = 2000,
    space: str | None = None,
    seed: int = 0,
    note: str = "",
) -> NamedDirection:
    """Find the direction along which a score of images grows: from the images with the lowest to those with the
    highest scores.

    Args:
        pipe: a pipeline with latents that are vectors.
        score: float [N, C, H, W] in [-1, 1] to a number for each image, float [N].
        method: as for `find_direction`.
        share: of the images in each of the two groups, up to a half.
        samples, seed: images that are made.
        space: as for `direction_from_classifier`.
        note: what the score measures.

    Raises:
        ValueError: an argument is not what it may be.
    """
    count = int(samples * share)
    if not 0 < share <= 0.5 or count < LEAST:
        raise ValueError(f"share={share} of {samples} samples is not possible; {LEAST} images or more, up to a half")
    latents, images = sample_images(pipe, samples, seed, space)
    scores = torch.cat([score(batch).detach().float().cpu() for batch in images.split(BATCH)])
    if scores.shape != (samples,) or not bool(torch.isfinite(scores).all()):
        raise ValueError(f"the scores are {list(scores.shape)} or not finite; give a finite number for each image")
    order = scores.argsort()
    words = f"highest and lowest {share:.0%} of {samples} images{f' by {note}' if note else ''}"
    return find_direction(pipe, latents[order[-count:]], latents[order[:count]], method, note=words)


def latents_of_images(
    pipe: Any, images: Any, *, space: str | None = None, class_labels: Any = None, steps: int = 300
) -> torch.Tensor:
    """Latents of pictures, for `find_direction`: by the encoder of an autoencoder, by inversion for other models.

    Args:
        images: as for `pipe.invert`.
        space: of the inversion.
        class_labels: of a conditional model.
        steps: of the inversion.

    Raises:
        ValueError: the model has no latents that can be found, or an argument is not what it may be.
    """
    if pipe.capabilities.encode:
        return pipe.encode(images, class_labels=class_labels, max_batch_size=BATCH).float().cpu()
    return pipe.invert(images, steps, space, class_labels=class_labels).latents.float().cpu()


def latents_of_seeds(pipe: Any, seeds: list[int], space: str | None = None) -> torch.Tensor:
    """Latents of seeds, for `find_direction`.

    Args:
        space: `z`, or `w` for a network with styles; `w` where there is one, unless given.

    Returns:
        float [N, D]; styles, float [N, mixing_layers, style_dim], in the space `w`.
    """
    inputs = pipe.draw_seeds([*seeds, seeds[0]])  # of two or more
    latents, labels = inputs.latents[:-1], None if inputs.class_labels is None else inputs.class_labels[:-1]
    return latents if (space or ("w" if pipe.network.style_shape else "z")) == "z" else pipe.styles_of(latents, labels)


def sample_images(
    pipe: Any, samples: int, seed: int = 0, space: str | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Latents, float32 [N, D], or styles [N, mixing_layers, style_dim] in the space `w`, and their images, float32
    [N, C, H, W] in [-1, 1], on the CPU.

    Raises:
        ValueError: the model has no such space.
    """
    space = space or list(dimensions(pipe.network) or "z")[-1]
    latents, labels = _latents(pipe, samples, seed, space)
    shown = pipe(latents=latents, class_labels=labels, seed=seed, max_batch_size=BATCH, output_type="pt").images
    return latents, shown.float().cpu() * 2 - 1


def _latents(pipe: Any, samples: int, seed: int, space: str) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Latents of a space, and labels for a conditional model."""
    lengths = dimensions(pipe.network)
    if space not in lengths:
        name, has = type(pipe.network).__name__, ", ".join(lengths) or "none"
        raise ValueError(f"space={space!r:.20} is not possible: the latent spaces of {name} are: {has}")
    generator = torch.Generator().manual_seed(seed)
    classes = pipe.capabilities.num_classes
    labels = torch.randint(classes, (samples,), generator=generator) if classes else None
    if pipe.prior_network is None:
        latents = pipe.network.sample_latents(samples, generator)
    else:
        latents = pipe.draw_seeds(list(range(seed, seed + samples)), labels).latents
    return (pipe.styles_of(latents, labels) if space == "w" else latents), labels


def _groups(pipe: Any, *groups: torch.Tensor) -> tuple[str, list[torch.Tensor]]:
    """The space of two groups of latents, and both as float32 [N, D] on the CPU."""
    lengths, styles = dimensions(pipe.network), pipe.network.style_shape
    spaces = set()
    for group in groups:
        shape = tuple(group.shape[1:]) if isinstance(group, torch.Tensor) and len(group) else ()
        spaces.add("z" if "z" in lengths and shape == (lengths["z"],) else "w" if styles and shape == styles else "")
    if len(spaces) > 1 or "" in spaces:
        given = " and ".join(str(list(each.shape)) for each in groups if isinstance(each, torch.Tensor))
        shapes = " or ".join([f"[N, {lengths.get('z')}]", *([str(["N", *styles])] if styles else [])])
        raise ValueError(f"the groups of latents are {given}; give two that are {shapes} alike".replace("'", ""))
    plain = [group.detach().float().cpu() for group in groups]
    return spaces.pop(), [group.mean(1) if group.dim() == 3 else group for group in plain]


def _mean_difference(positive: torch.Tensor, negative: torch.Tensor) -> torch.Tensor:
    return positive.mean(0) - negative.mean(0)


def _normal(positive: torch.Tensor, negative: torch.Tensor, method: str) -> torch.Tensor:
    """The normal of a linear boundary, towards the positive side."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    latents = torch.cat([positive, negative]).double().numpy()
    labels = [1] * len(positive) + [0] * len(negative)
    kind = LogisticRegression if method == "logistic" else LinearSVC
    boundary = kind(class_weight="balanced", max_iter=ITERATIONS, random_state=0).fit(latents, labels)
    return torch.from_numpy(boundary.coef_[0]).float()


def _label(classifier: Any, label: int | str) -> int:
    from ..pipelines.sampling import label_of

    able = classifier.capabilities
    if able.task != "classification":
        raise ValueError(f"{classifier.model_name} is no classifier; give one, such as a run of classifier")
    if isinstance(label, str):
        return label_of(label, classifier.class_names, able.num_classes)
    if isinstance(label, bool) or not isinstance(label, int) or not 0 <= label < able.num_classes:
        raise ValueError(f"label={label!r:.40} is no class; give a name or an integer from 0 to {able.num_classes - 1}")
    return label


def _classes(classifier: Any, images: torch.Tensor) -> torch.Tensor:
    """The class of each image, of any size."""
    able = classifier.capabilities
    if images.shape[1] != able.image_channels:
        raise ValueError(
            f"the images have {images.shape[1]} channels, and {classifier.model_name} classifies images of "
            f"{able.image_channels}; use another classifier"
        )
    size = (able.image_size, able.image_size)
    if tuple(images.shape[2:]) != size:
        images = torch.nn.functional.interpolate(images, size, mode="bilinear", antialias=True, align_corners=False)
    return classifier.probabilities(images).argmax(1).cpu()
