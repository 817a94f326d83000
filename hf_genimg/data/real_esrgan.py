"""The second-order degradation of Real-ESRGAN: blur, resize, noise and JPEG, twice, with sinc filters.

Source: Wang et al., Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure Synthetic Data, 2021; numbers of
the released code (options/train_realesrgan_x4plus.yml).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from .jpeg import jpeg
from .resampling import convolve

_KERNELS = ("iso", "aniso", "generalized_iso", "generalized_aniso", "plateau_iso", "plateau_aniso")
_KERNEL_SHARES = (0.45, 0.25, 0.12, 0.03, 0.12, 0.03)
_SINC_SHARE, _FINAL_SINC_SHARE, _SECOND_BLUR_SHARE, _GREY_NOISE_SHARE = 0.1, 0.8, 0.8, 0.4
_MODES = ("area", "bilinear", "bicubic")
_QUALITY = (30, 95)


@dataclass(frozen=True)
class _Order:
    """The ranges of one of the two passes."""

    sigma: tuple[float, float]  # of blur, in pixels
    resize_shares: tuple[float, float, float]  # of enlarging, shrinking, keeping
    resize: tuple[float, float]  # the smallest and the largest factor
    noise: tuple[float, float]  # sigma of Gaussian noise, in levels
    poisson: tuple[float, float]  # scale of Poisson noise


_FIRST = _Order((0.2, 3.0), (0.2, 0.7, 0.1), (0.15, 1.5), (1, 30), (0.05, 3))
_SECOND = _Order((0.2, 1.5), (0.3, 0.4, 0.3), (0.3, 1.2), (1, 25), (0.05, 2.5))


def real_esrgan(levels: np.ndarray, scale: int, random: np.random.Generator) -> np.ndarray:
    """An image as a bad camera, a bad program and the internet would leave it.

    Args:
        levels: float [H, W, C] in [0, 255]; H and W are multiples of `scale`.
        scale: how many times smaller the result is.

    Returns:
        float64 [H / scale, W / scale, C] in [0, 255].
    """
    height, width = levels.shape[:2]
    size = (height // scale, width // scale)
    levels = convolve(levels, _blur_kernel(_FIRST, random))
    levels = _resized(levels, _random_size((height, width), _FIRST, random), random)
    levels = _compressed(_noisy(levels, _FIRST, random), random)
    if random.random() < _SECOND_BLUR_SHARE:
        levels = convolve(levels, _blur_kernel(_SECOND, random))
    levels = _resized(levels, _random_size(size, _SECOND, random), random)
    levels = _noisy(levels, _SECOND, random)
    if random.random() < 0.5:
        return _compressed(_final_filter(_resized(levels, size, random), random), random)
    return _final_filter(_resized(_compressed(levels, random), size, random), random).clip(0, 255)


def _random_size(size: tuple[int, int], order: _Order, random: np.random.Generator) -> tuple[int, int]:
    kind = random.choice(3, p=order.resize_shares)
    factor = (random.uniform(1, order.resize[1]), random.uniform(order.resize[0], 1), 1.0)[kind]
    return max(1, int(size[0] * factor)), max(1, int(size[1] * factor))


def _resized(levels: np.ndarray, size: tuple[int, int], random: np.random.Generator) -> np.ndarray:
    """By a random method, without antialiasing, as in the released code."""
    mode = _MODES[random.integers(len(_MODES))]
    planes = torch.from_numpy(np.ascontiguousarray(levels.transpose(2, 0, 1)))[None]
    corners = {} if mode == "area" else {"align_corners": False}
    return F.interpolate(planes, size, mode=mode, **corners)[0].permute(1, 2, 0).numpy()


def _noisy(levels: np.ndarray, order: _Order, random: np.random.Generator) -> np.ndarray:
    grey = random.random() < _GREY_NOISE_SHARE
    shape = (*levels.shape[:2], 1) if grey else levels.shape
    if random.random() < 0.5:
        return (levels + random.normal(0, random.uniform(*order.noise), shape)).clip(0, 255)
    clean = np.rint(levels.clip(0, 255)) / 255
    source = clean.mean(axis=2, keepdims=True) if grey else clean
    values = 2 ** math.ceil(math.log2(max(2, len(np.unique(source)))))
    noise = random.poisson(source * values) / values - source
    return (levels + 255 * noise * random.uniform(*order.poisson)).clip(0, 255)


def _compressed(levels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return jpeg(levels.clip(0, 255), round(random.uniform(*_QUALITY)))


def _final_filter(levels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    if random.random() >= _FINAL_SINC_SHARE:
        return levels
    return convolve(levels, sinc_kernel(_side(random), random.uniform(math.pi / 3, math.pi)))


def _side(random: np.random.Generator) -> int:
    return 2 * int(random.integers(3, 11)) + 1  # 7, 9, ..., 21


def _blur_kernel(order: _Order, random: np.random.Generator) -> np.ndarray:
    side = _side(random)
    if random.random() < _SINC_SHARE:
        lowest = math.pi / 3 if side < 13 else math.pi / 5
        return sinc_kernel(side, random.uniform(lowest, math.pi))
    kind = _KERNELS[random.choice(len(_KERNELS), p=_KERNEL_SHARES)]
    sigma_x, sigma_y = random.uniform(*order.sigma), random.uniform(*order.sigma)
    angle = random.uniform(-math.pi, math.pi)
    if kind.endswith("_iso") or kind == "iso":
        sigma_y, angle = sigma_x, 0.0
    distance = _distance(side, sigma_x, sigma_y, angle)
    if kind.startswith("generalized"):
        kernel = np.exp(-0.5 * distance ** _beta(0.5, 4, random))
    elif kind.startswith("plateau"):
        kernel = 1 / (distance ** _beta(1, 2, random) + 1)
    else:
        kernel = np.exp(-0.5 * distance)
    return kernel / kernel.sum()


def _beta(low: float, high: float, random: np.random.Generator) -> float:
    """Below and above 1 equally often."""
    return random.uniform(low, 1) if random.random() < 0.5 else random.uniform(1, high)


def _distance(side: int, sigma_x: float, sigma_y: float, angle: float) -> np.ndarray:
    """float64 [side, side]: squared Mahalanobis distance to the centre."""
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    inverse = np.linalg.inv(turn @ np.diag([sigma_x**2, sigma_y**2]) @ turn.T)
    line = np.arange(side) - side // 2
    grid = np.stack(np.meshgrid(line, line), axis=-1).astype(np.float64)
    return np.einsum("yxi,ij,yxj->yx", grid, inverse, grid)


def sinc_kernel(side: int, cutoff: float) -> np.ndarray:
    """The circular low-pass filter, float64 [side, side], normalised (equation 6); cutoff: in radians a pixel."""
    line = np.arange(side) - side // 2
    radius = np.hypot(*np.meshgrid(line, line))
    radius[side // 2, side // 2] = 1
    bessel = torch.special.bessel_j1(torch.from_numpy(cutoff * radius)).numpy()
    kernel = cutoff * bessel / (2 * math.pi * radius)
    kernel[side // 2, side // 2] = cutoff**2 / (4 * math.pi)
    return kernel / kernel.sum()
