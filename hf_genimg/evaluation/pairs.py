"""Scoring images pair by pair: a translator's images, or a set of images, against what they should be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ..data import natural_size, open_pairs, separate_split
from ..pipelines.loading import load
from .features import BATCH
from .paired import BETAS, LPIPS, METRICS, SIGMA, WINDOW, paired_scores, scales_for
from .perceptual import Perceptual
from .scores import Report
from .sources import is_model, open_data


@dataclass(frozen=True)
class Pairs:
    """uint8 [N, H, W, C] twice, and what a report says of them."""

    images: torch.Tensor
    targets: torch.Tensor
    fingerprint: str
    split: str
    source: dict[str, Any]


def evaluate_paired(
    source: str | Path,
    reference: str | Path,
    *,
    metrics: Sequence[str] | None = None,
    num: int | None = None,
    extractor_weights: str | Path | None = None,
    progress: bool = True,
) -> Report:
    """PSNR, SSIM, MS-SSIM, and LPIPS where weights are given.

    Args:
        source: a translator, which is given the inputs of the pairs in `reference`; or DATA, image by image in the
            reference's order.
        reference: DATA; for a translator pairs, as it was trained on (the columns or folders are those of its run).
        metrics: of psnr, ssim, ms_ssim and lpips; all that can be measured when left out, psnr alone for images too
            small for the others.
        extractor_weights: for lpips, a file with torchvision's alexnet, vgg16 or squeezenet1_1.
        num: the first so many pairs; all when left out.

    Raises:
        ValueError: for what does not go together, in one line.
    """
    source, reference = str(source), str(reference)
    perceptual = None if extractor_weights is None else Perceptual(extractor_weights)
    pairs = _translated(source, reference, num) if is_model(source) else _side_by_side(source, reference, num, progress)
    size = min(pairs.targets.shape[1:3])
    usual = [name for name in METRICS if size >= WINDOW or name == "psnr"] + ([LPIPS] if perceptual else [])
    scores = paired_scores(pairs.images, pairs.targets, list(metrics) if metrics else usual, perceptual)
    protocol = {
        "paired": True,
        "num_pairs": len(pairs.targets),
        "image_size": size,
        "image_channels": pairs.targets.shape[3],
        "reference": separate_split(reference)[0],
        "reference_fingerprint": pairs.fingerprint,
        "split": pairs.split,
        "data_range": 255,
        "ssim": {"window": WINDOW, "sigma": SIGMA, "border": "left out"},
        "ms_ssim": {"scales": scales_for(size), "exponents": BETAS[: scales_for(size)], "border": "mirrored"},
        "lpips": None if perceptual is None else perceptual.facts,
    }
    return Report(protocol, scores, pairs.source)


def _translated(source: str, reference: str, num: int | None) -> Pairs:
    pipeline = load(source)
    able, config = pipeline.capabilities, pipeline.network.config
    if able.task != "translation":
        raise ValueError(f"{source} is a model for {able.task}; --paired scores translators, or DATA against DATA")
    sides = _trained_on(Path(source))
    channels = {"image_channels": able.image_channels, "input_channels": config.input_channels}
    found = open_pairs(reference, image_size=able.image_size, **channels, **sides)
    count = _count(num, len(found), reference)
    parts = torch.arange(count).split(BATCH)
    images = torch.cat([pipeline(found.batch(part)["inputs"], output_type="uint8").images.cpu() for part in parts])
    targets = torch.cat(
        [found.batch(part)["images"].add(1).mul(127.5).round().to(torch.uint8).permute(0, 2, 3, 1) for part in parts]
    )
    split = separate_split(reference)[1] or "train"
    return Pairs(
        images, targets, found.fingerprint, split, {"model": pipeline.model_name, "revision": pipeline.revision}
    )


def _trained_on(run: Path) -> dict[str, str | None]:
    """Which columns or folders a run's recipe names as the sides of a pair."""
    recipe = run / "recipe.json"
    fields = json.loads(recipe.read_text(encoding="utf-8"))["fields"] if recipe.is_file() else {}
    return {side: fields.get(side) for side in ("inputs", "targets")}


def _side_by_side(source: str, reference: str, num: int | None, progress: bool) -> Pairs:
    size = min(natural_size(source), natural_size(reference))
    targets = open_data(reference, size, None, num, progress)
    images = open_data(source, size, targets.dataset.image_channels, num, progress)
    if len(images) != len(targets):
        raise ValueError(
            f"{source} has {len(images)} images and {reference} {len(targets)}; pairs need as many of one as of the other"
        )
    both = (side.batch(0, len(side)) for side in (images, targets))
    source_facts = {"data": source, "fingerprint": images.dataset.fingerprint}
    return Pairs(*both, targets.dataset.fingerprint, targets.dataset.split, source_facts)


def _count(num: int | None, available: int, reference: str) -> int:
    if num is not None and not 1 <= num <= available:
        raise ValueError(f"--num {num} is not possible with the {available} pairs of {reference}; use 1 to {available}")
    return num or available
