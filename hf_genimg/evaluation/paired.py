"""PSNR, SSIM, MS-SSIM and LPIPS of images against those that they should be, pair by pair."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torchmetrics.functional.image import (
    multiscale_structural_similarity_index_measure,
    structural_similarity_index_measure,
)

from .perceptual import Perceptual
from .scores import Score
from .shares import Z

WINDOW, SIGMA = 11, 1.5  # of the Gaussian, in pixels (Wang et al. 2004)
BETAS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of MS-SSIM's scales (Wang et al. 2003)
CHUNK = 64  # pairs at a time
MOST_DECIBELS = 100.0  # what PSNR says of equal images, of which it has no finite value
METRICS = ("psnr", "ssim", "ms_ssim")
LPIPS = "lpips"  # for it, weights must be given


def scales_for(image_size: int) -> int:
    """Of MS-SSIM's five, how many leave a window's room after each halving; 0 for images below one window."""
    return min(len(BETAS), max(0, int(math.log2(image_size / WINDOW)) + 1)) if image_size >= WINDOW else 0


def paired_scores(
    images: torch.Tensor, targets: torch.Tensor, metrics: Sequence[str] = METRICS, perceptual: Perceptual | None = None
) -> dict[str, Score]:
    """The mean over all pairs with a t-like 95 percent interval; higher is better, but of `lpips`.

    Args:
        images, targets: uint8 [N, H, W, C], of equal shapes; 255 is the range of a pixel.
        metrics: of `psnr` (decibels, 100 for equal images), `ssim` and `ms_ssim` (with as many scales as the size
            admits, `scales_for`; the exponents of those used are scaled to sum to 1), and `lpips`.
        perceptual: what measures `lpips`.

    Raises:
        ValueError: shapes that differ, fewer than 2 pairs, images smaller than the window of 11 pixels, an unknown
            metric.
    """
    _check(images, targets, metrics)
    if LPIPS in metrics and perceptual is None:
        raise ValueError(
            "lpips needs the weights of its backbone; give --extractor-weights FILE, torchvision's alexnet or vgg16"
        )
    if LPIPS in metrics:
        perceptual.check(min(images.shape[1:3]))
    measures = {**_MEASURES, LPIPS: perceptual}
    columns = {name: [] for name in metrics}
    for one, other in _chunks(images, targets):
        for name in metrics:
            columns[name].append(measures[name](one, other))
    return {name: _mean(torch.cat(values).double()) for name, values in columns.items()}


def _check(images: torch.Tensor, targets: torch.Tensor, metrics: Sequence[str]) -> None:
    unknown = [name for name in metrics if name not in (*METRICS, LPIPS)]
    if unknown:
        raise ValueError(
            f"--metrics {unknown[0]} is none of pairs; use some of {', '.join([*METRICS, LPIPS])}, joined with commas"
        )
    if images.shape != targets.shape:
        raise ValueError(
            f"images are {list(images.shape)} and targets {list(targets.shape)}; give as many of one as of the other, of one size"
        )
    if len(images) < 2:
        raise ValueError(f"{len(images)} pair is too few for an interval; give 2 or more")
    if min(images.shape[1:3]) < WINDOW and set(metrics) - {"psnr", LPIPS}:
        raise ValueError(
            f"images of {min(images.shape[1:3])} pixels are smaller than the {WINDOW} of SSIM's window; use --metrics psnr"
        )


def _chunks(images: torch.Tensor, targets: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    for pair in zip(images.split(CHUNK), targets.split(CHUNK), strict=True):
        yield tuple(side.permute(0, 3, 1, 2).double() for side in pair)


def _psnr(images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    errors = (images - targets).square().mean((1, 2, 3))
    return (10 * torch.log10(255**2 / errors)).clamp(max=MOST_DECIBELS)


def _ssim(images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Averaged where the whole window lies inside, as Wang et al. do; torchmetrics' own mean takes in its mirrored
    border.
    """
    settings = {"sigma": SIGMA, "data_range": 255.0, "reduction": "none", "return_full_image": True}
    _, everywhere = structural_similarity_index_measure(images, targets, **settings)
    border = WINDOW // 2
    return everywhere[..., border:-border, border:-border].mean((1, 2, 3))


def _ms_ssim(images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    betas = BETAS[: scales_for(min(images.shape[2:]))]
    betas = tuple(beta / sum(betas) for beta in betas)
    settings = {"sigma": SIGMA, "data_range": 255.0, "betas": betas, "normalize": "relu", "reduction": "none"}
    return multiscale_structural_similarity_index_measure(images, targets, **settings)


_MEASURES = {"psnr": _psnr, "ssim": _ssim, "ms_ssim": _ms_ssim}


def _mean(values: torch.Tensor) -> Score:
    mean, error = values.mean().item(), Z * values.std().item() / math.sqrt(len(values))
    return Score(mean, mean - error, mean + error)
