"""Restoration without learning, as baselines: dark channel prior (haze), CLAHE (low light), non-local means (noise)."""

from __future__ import annotations

import warnings

import numpy as np
from scipy.ndimage import minimum_filter, uniform_filter

PATCH = 15  # pixels a side
KEPT = 0.95  # omega: the share of haze that is removed
LEAST_TRANSMISSION = 0.1
BRIGHTEST = 0.001  # share of pixels among which the atmospheric light is looked for
RADIUS, EPS = 60, 1e-4  # of the guided filter


def dark_channel(image: np.ndarray) -> np.ndarray:
    """The least level of each pixel's patch over all channels: float [H, W, C] to float [H, W]."""
    return minimum_filter(image.min(2), PATCH, mode="nearest")


def atmospheric_light(image: np.ndarray) -> np.ndarray:
    """The brightest pixel among those whose dark channel is brightest: float [H, W, C] in [0, 1] to float [C]."""
    dark = dark_channel(image).ravel()
    candidates = np.argsort(dark, kind="stable")[-max(1, round(BRIGHTEST * dark.size)) :]
    pixels = image.reshape(-1, image.shape[2])[candidates]
    return pixels[pixels.sum(1).argmax()]


def guided_filter(guide: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Smooth `values` but at the edges of `guide`, both float [H, W] (He et al., Guided image filtering, 2010)."""

    def mean(field: np.ndarray) -> np.ndarray:
        return uniform_filter(field, 2 * RADIUS + 1, mode="reflect")

    slope = (mean(guide * values) - mean(guide) * mean(values)) / (mean(guide**2) - mean(guide) ** 2 + EPS)
    offset = mean(values) - slope * mean(guide)
    return mean(slope) * guide + mean(offset)


def without_haze(levels: np.ndarray) -> np.ndarray:
    """Remove haze by the dark channel prior (He et al., Single image haze removal, 2009, with a guided filter).

    levels: uint8 or float [H, W, C] in [0, 255]. Returns float64 likewise.
    """
    hazy = levels.astype(np.float64) / 255
    air = np.maximum(atmospheric_light(hazy), 1e-3)
    rough = 1 - KEPT * dark_channel(hazy / air)
    transmission = guided_filter(hazy.mean(2), rough).clip(LEAST_TRANSMISSION, 1)[..., None]
    return 255 * ((hazy - air) / transmission + air).clip(0, 1)


def clahe(levels: np.ndarray) -> np.ndarray:
    """Contrast-limited adaptive histogram equalization of the value of HSV, as scikit-image has it.

    levels: uint8 [H, W, C]. Returns float64 [H, W, C] in [0, 255].
    """
    from skimage.exposure import equalize_adapthist

    with warnings.catch_warnings(action="ignore"):  # of the conversion to another kind of levels
        made = equalize_adapthist(levels if levels.shape[2] == 3 else levels[..., 0])
    return 255 * made.reshape(levels.shape)


def nonlocal_means(levels: np.ndarray, sigma: float) -> np.ndarray:
    """Non-local means, as scikit-image has it, with the noise known.

    Patches of 3 pixels within 8, and half of `sigma` as the filter's strength: the best of nine settings on three
    photographs.

    levels: float [H, W, C] in [0, 255]. sigma: the noise, in levels. Returns float64 likewise.
    """
    from skimage.restoration import denoise_nl_means

    strength = {"h": 0.5 * sigma / 255, "sigma": sigma / 255}
    made = denoise_nl_means(levels / 255, 3, 8, **strength, fast_mode=True, channel_axis=-1)
    return 255 * made.reshape(levels.shape)
