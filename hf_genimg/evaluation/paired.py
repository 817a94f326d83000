"""`evaluate --paired`: which image belongs to which target, and PSNR, SSIM, MS-SSIM and LPIPS of these pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torchmetrics.functional.image import (
    multiscale_structural_similarity_index_measure,
    structural_similarity_index_measure,
)

from ..data import DegradedDataset, separate_split
from .features import compute_device
from .full_size import FULL, at_full_size, translated_at_full_size
from .metrics import LPIPS, PAIRED_METRICS, PERCEPTUAL, is_paired_metric
from .perceptual import FeatureDistance, Perceptual
from .scores import Report, Score, mean_score
from .sources import is_model, open_data, open_model, paired_rows, scoring_size, translates
from .translations import TranslationData, Translations, open_translations

WINDOW, SIGMA = 11, 1.5  # of the Gaussian, in pixels (Wang et al. 2004)
BETAS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of MS-SSIM's scales (Wang et al. 2003)
LUMA, BLACK = (65.481, 128.553, 24.966), 16.0  # BT.601: Y of R, G, B in [0, 1], from 16 to 235
CHUNK = 64  # pairs at a time
MOST_DECIBELS = 100.0  # the PSNR of equal images, for which the formula has no finite value
METRICS = ("psnr", "ssim", "ms_ssim")
ON_LUMA = ("psnr_y", "ssim_y")
Images = torch.Tensor | list[torch.Tensor]
Metric = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]  # float [N, C, H, W] in [0, 255], twice, to float64 [N]


@dataclass(frozen=True)
class Pairs:
    """uint8 [N, H, W, C] twice, or lists of uint8 [H, W, C] where sizes differ; and what a report says of them."""

    images: Images
    targets: Images
    fingerprint: str
    split: str
    source: dict[str, Any]
    scale: int = 1  # of the model: size of its outputs over that of its inputs
    pairing: str = "of one data set"  # how images and targets were matched
    inputs: str | None = None  # how they were made of the targets; None where the data hold them


def evaluate_paired(
    source: str | Path,
    reference: str | Path,
    *,
    metrics: Sequence[str] | None = None,
    num: int | None = None,
    extractor: str | None = None,
    extractor_weights: str | Path | None = None,
    image_size: int | str | None = None,
    progress: bool = True,
) -> Report:
    """PSNR, SSIM, MS-SSIM; LPIPS where weights are given, and a perceptual distance where an extractor is.

    Args:
        source: a translator, which translates the inputs of the pairs in `reference`; or DATA, whose images belong to
            those of `reference` by name (the path below the split without its extension), or by position where no name
            is shared, which a warning says.
        reference: DATA; for a translator pairs, as it was trained on (the columns or folders are those of its run).
        metrics: names of `PAIRED_METRICS`; when left out all that can be measured, psnr alone for images too small for
            the others.
        extractor: for perceptual, a feature network: a name of `hf-genimg list extractors`, or a classifier.
        extractor_weights: for lpips, a file with torchvision's alexnet, vgg16 or squeezenet1_1.
        num: the first so many pairs; all when left out.
        image_size: pixels a side at which DATA are compared; `full` compares each picture at its own size, also of a
            translator that takes any.

    Raises:
        ValueError: for what does not go together, in one line.
    """
    source, reference = str(source), str(reference)
    names = list(metrics) if metrics else None
    weights_for_lpips = extractor_weights if extractor is None else None
    perceptual = None if weights_for_lpips is None else Perceptual(weights_for_lpips)
    distance = None if extractor is None else FeatureDistance(extractor, extractor_weights)
    if is_model(source):
        if image_size not in (None, FULL):
            raise ValueError(
                f"--image-size {image_size} is for DATA, and {source} is a model; leave it out, or use {FULL} for "
                "pictures at their own sizes"
            )
        pipeline = open_model(source, compute_device())
        if not translates(pipeline):
            raise ValueError(f"{source} makes images from noise; --paired scores translators, or DATA against DATA")
        if image_size == FULL:
            made, targets, dataset = translated_at_full_size(pipeline, source, reference, num)
            pairs = _pairs(made, targets, dataset, pipeline)
        else:
            pairs = pairs_of(open_translations(pipeline, source, reference, num, paired=True))
    else:
        pairs = _side_by_side(source, reference, num, image_size, progress)
    return report_of_pairs(pairs, names, separate_split(reference)[0], perceptual, distance)


def report_of_pairs(
    pairs: Pairs,
    metrics: list[str] | None,
    reference: str,
    perceptual: Perceptual | None = None,
    distance: FeatureDistance | None = None,
) -> Report:
    """The scores of pairs with their protocol; arguments and errors as of `evaluate_paired`."""
    sizes, size = _sizes(pairs.targets), _smallest(pairs.targets)
    usual = [name for name in METRICS if size >= WINDOW or name == "psnr"]
    usual += [name for name, measure in ((LPIPS, perceptual), (PERCEPTUAL, distance)) if measure is not None]
    names = metrics or usual
    scores = paired_scores(pairs.images, pairs.targets, names, perceptual, pairs.scale, distance)
    protocol = {
        "paired": True,
        "pairing": pairs.pairing,
        "num_pairs": len(pairs.targets),
        "image_size": size if len(sizes) == 1 else f"{FULL}: {len(sizes)} sizes, shorter sides from {size} pixels",
        "image_channels": pairs.targets[0].shape[2],
        "inputs": pairs.inputs,
        "reference": reference,
        "reference_fingerprint": pairs.fingerprint,
        "split": pairs.split,
        "data_range": 255,
        "ssim": {"window": WINDOW, "sigma": SIGMA, "border": "left out"},
        "ms_ssim": {"scales": scales_for(size), "exponents": BETAS[: scales_for(size)], "border": "mirrored"},
        "luma": {name: f"BT.601, {border} pixels cropped" for name, border in _borders(names, pairs.scale).items()},
        "lpips": None if perceptual is None else perceptual.facts,
        "perceptual": None if distance is None else distance.facts,
    }
    return Report(protocol, scores, pairs.source)


def check_paired(dataset: TranslationData, asked: str) -> None:
    """Raise `ValueError` for data whose inputs have no targets of their own."""
    if len(dataset.sides) > 1:
        raise ValueError(
            f"{asked} compares outputs with their targets, and {dataset.name} has inputs and targets that are no "
            "pairs; "
            "use fid or kid, which compare all outputs with all targets"
        )


def pairs_of(translations: Translations, source: dict[str, Any] | None = None) -> Pairs:
    """All translations beside their targets. source: what a report says of the model."""
    starts = range(0, len(translations), CHUNK)
    ends = [(start, min(start + CHUNK, len(translations))) for start in starts]
    images = torch.cat([translations.batch(*part).cpu() for part in ends])
    targets = torch.cat([translations.targets(*part) for part in ends])
    return _pairs(images, targets, translations.dataset, translations.pipeline, source)


def _pairs(images: Images, targets: Images, dataset: Any, pipeline: Any, source: dict[str, Any] | None = None) -> Pairs:
    model = source or {"model": pipeline.model_name, "revision": pipeline.revision}
    how = dataset.degradation.text if isinstance(dataset, DegradedDataset) else None
    return Pairs(images, targets, dataset.fingerprint, dataset.split, model, pipeline.capabilities.scale, inputs=how)


def _side_by_side(source: str, reference: str, num: int | None, image_size: int | str | None, progress: bool) -> Pairs:
    if image_size == FULL:
        targets, about = at_full_size(reference, None, progress)
        images, own = at_full_size(source, about.image_channels, progress)
    else:
        size = image_size or min(scoring_size(source), scoring_size(reference))
        about = open_data(reference, size, None, None, progress).dataset
        own = open_data(source, size, about.image_channels, None, progress).dataset
        targets, images = (torch.from_numpy(side.images[:]) for side in (about, own))
    rows = paired_rows(source, reference)
    if rows is None and len(images) != len(targets):
        raise ValueError(
            f"{source} has {len(images)} images and {reference} {len(targets)}, and no names are shared; "
            "pairs by position need as many of one as of the other"
        )
    ours, theirs = rows or (range(len(images)), range(len(targets)))
    if num is not None and not 1 <= num <= len(ours):
        raise ValueError(f"--num {num} is not possible with {len(ours)} pairs; use 1 to {len(ours)}")
    chosen = zip((images, targets), (ours, theirs), strict=True)
    sides = [
        side[list(order)[:num]] if isinstance(side, torch.Tensor) else [side[row] for row in list(order)[:num]]
        for side, order in chosen
    ]
    facts = {"data": source, "fingerprint": own.fingerprint}
    how = "by position" if rows is None else "by name"
    return Pairs(*sides, about.fingerprint, about.split, facts, pairing=how)


def scales_for(image_size: int) -> int:
    """How many of MS-SSIM's five scales leave room for a window after each halving; 0 for images below one window."""
    halvings = max(0, (image_size // WINDOW).bit_length())
    return min(len(BETAS), halvings)


def paired_scores(
    images: Images,
    targets: Images,
    metrics: Sequence[str] = METRICS,
    perceptual: Perceptual | None = None,
    scale: int = 1,
    distance: FeatureDistance | None = None,
) -> dict[str, Score]:
    """The mean over all pairs with a 95 percent interval; higher is better, but of `lpips`.

    Args:
        images, targets: uint8 [N, H, W, C], of equal shapes, or N of [H, W, C] where sizes differ from pair to pair;
            255 is the range of a pixel.
        metrics: of `psnr` (decibels, 100 for equal images), `ssim` and `ms_ssim` (with as many scales as the
            smallest size admits, `scales_for`; the exponents of those used are scaled to sum to 1), `psnr_y` and
            `ssim_y` (of the luma, without a border), and `lpips`.
        perceptual: what measures `lpips`.
        distance: what measures `perceptual`.
        scale: width of the border that `psnr_y` and `ssim_y` leave out unless they name it (`psnr_y:4`); 1: none.

    Raises:
        ValueError: shapes that differ, fewer than 2 pairs, images smaller than the window of 11 pixels, an unknown
            metric.
    """
    borders = _borders(metrics, scale)
    _check(images, targets, metrics, max(borders.values(), default=0))
    if LPIPS in metrics and perceptual is None:
        raise ValueError(
            "lpips needs the weights of its backbone; give --extractor-weights FILE, torchvision's alexnet or vgg16"
        )
    if LPIPS in metrics:
        perceptual.check(_smallest(images))
    if PERCEPTUAL in metrics and distance is None:
        raise ValueError("perceptual needs a feature network; give --extractor NAME, see `list extractors`")
    if PERCEPTUAL in metrics:
        distance.check(_smallest(images), images[0].shape[2])
    measured = {name: partial(on_luma, metric, borders.get(name, 0)) for name, metric in _ON_LUMA.items()}
    ms_ssim = partial(_ms_ssim, scales=scales_for(_smallest(images)))
    measures = {**_MEASURES, **measured, "ms_ssim": ms_ssim, LPIPS: perceptual, PERCEPTUAL: distance}
    columns: dict[str, list[torch.Tensor]] = {name.partition(":")[0]: [] for name in metrics}
    for one, other in _chunks(images, targets):
        for name, values in columns.items():
            values.append(measures[name](one, other))
    return {name: mean_score(torch.cat(values).double().numpy()) for name, values in columns.items()}


def _borders(metrics: Sequence[str], scale: int) -> dict[str, int]:
    """How many pixels each metric of the luma leaves out at every edge; `ValueError` for a border that is none."""
    borders = {}
    for name, colon, width in (metric.partition(":") for metric in metrics):
        if colon and (name not in ON_LUMA or not width.isdecimal()):
            raise ValueError(f"--metrics {name}:{width} is not possible; a width goes with psnr_y or ssim_y: psnr_y:4")
        if name in ON_LUMA:
            borders[name] = int(width) if colon else scale if scale > 1 else 0
    return borders


def _sizes(images: Images) -> set[tuple[int, int]]:
    """Height and width of all images."""
    return {tuple(image.shape[:2]) for image in images}


def _smallest(images: Images) -> int:
    """The shortest side of all images."""
    return min(side for size in _sizes(images) for side in size)


def _check(images: Images, targets: Images, metrics: Sequence[str], border: int) -> None:
    unknown = [name for name in metrics if not is_paired_metric(name)]
    if unknown:
        raise ValueError(
            f"--metrics {unknown[0]} is no metric of pairs; use some of {', '.join(PAIRED_METRICS)}, joined with commas"
        )
    shapes = [[list(image.shape) for image in side] for side in (images, targets)]
    if shapes[0] != shapes[1]:
        shown = [f"{len(side)} of {', '.join(sorted({str(shape) for shape in side})[:3])}" for side in shapes]
        raise ValueError(f"images are {shown[0]} and targets {shown[1]}; give equally many, of one size in each pair")
    if len(images) < 2:
        raise ValueError(f"{len(images)} pair is too few for an interval; give 2 or more")
    size = _smallest(images) - 2 * border
    if size < 1:
        raise ValueError(f"images of {size + 2 * border} pixels have nothing left without a border of {border}")
    if size < WINDOW and {name.partition(":")[0] for name in metrics} - {"psnr", "psnr_y", LPIPS, PERCEPTUAL}:
        raise ValueError(f"images of {size} pixels are smaller than the {WINDOW} of SSIM's window; use --metrics psnr")


def _chunks(images: Images, targets: Images) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Batches of one size."""
    sides = [
        side.split(CHUNK) if isinstance(side, torch.Tensor) else [image[None] for image in side]
        for side in (images, targets)
    ]
    for pair in zip(*sides, strict=True):
        yield tuple(side.permute(0, 3, 1, 2).double() for side in pair)


def luma(images: torch.Tensor) -> torch.Tensor:
    """Y of BT.601 in [16, 235], of float [N, 3, H, W] in [0, 255]; grey images [N, 1, H, W] stay as they are."""
    if images.shape[1] == 1:
        return images
    weights = torch.tensor(LUMA, dtype=images.dtype, device=images.device).view(1, 3, 1, 1)
    return (images / 255 * weights).sum(1, keepdim=True) + BLACK


def on_luma(metric: Metric, border: int, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    inside = slice(border, -border or None)
    return metric(*(luma(side)[..., inside, inside] for side in (images, targets)))


def psnr(images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    errors = (images - targets).square().mean((1, 2, 3))
    return (10 * torch.log10(255**2 / errors)).clamp(max=MOST_DECIBELS)


def ssim(images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Averaged where the whole window lies inside, as in Wang et al.; torchmetrics' own mean includes its mirrored
    border.
    """
    settings = {"sigma": SIGMA, "data_range": 255.0, "reduction": "none", "return_full_image": True}
    _, everywhere = structural_similarity_index_measure(images, targets, **settings)
    border = WINDOW // 2
    return everywhere[..., border:-border, border:-border].mean((1, 2, 3))


def _ms_ssim(images: torch.Tensor, targets: torch.Tensor, scales: int) -> torch.Tensor:
    betas = BETAS[:scales]
    betas = tuple(beta / sum(betas) for beta in betas)
    settings = {"sigma": SIGMA, "data_range": 255.0, "betas": betas, "normalize": "relu", "reduction": "none"}
    return multiscale_structural_similarity_index_measure(images, targets, **settings)


_MEASURES: dict[str, Metric] = {"psnr": psnr, "ssim": ssim}
_ON_LUMA: dict[str, Metric] = {"psnr_y": psnr, "ssim_y": ssim}
