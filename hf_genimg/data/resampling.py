"""Resampling and filtering of images in NumPy: bicubic as MATLAB's imresize does it, and convolution."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

_KERNEL_WIDTH = 4  # of the cubic kernel, in pixels of the coarser grid


def bicubic(levels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize by cubic convolution, with antialiasing where the image shrinks, as MATLAB's `imresize` does.

    Args:
        levels: float [H, W, C], of any range.
        height, width: of the result, in pixels.

    Returns:
        float64 [height, width, C]; it may overshoot the range of `levels`.

    Source: R. Keys, Cubic convolution interpolation for digital image processing, 1981, with a = -0.5.
    """
    rows, columns = _weights(levels.shape[0], height), _weights(levels.shape[1], width)
    return np.einsum("yh,hwc,xw->yxc", rows, levels.astype(np.float64), columns, optimize=True)


@lru_cache(maxsize=32)
def _weights(length: int, new_length: int) -> np.ndarray:
    """float64 [new_length, length]: what each old pixel gives to each new one. Borders are mirrored, edge included."""
    stretch = max(1.0, length / new_length)  # of the kernel, which is the antialiasing
    centres = (np.arange(new_length) + 0.5) * length / new_length - 0.5
    first = np.floor(centres - _KERNEL_WIDTH * stretch / 2).astype(int)
    places = first[:, None] + np.arange(int(np.ceil(_KERNEL_WIDTH * stretch)) + 2)
    shares = _cubic((centres[:, None] - places) / stretch)
    shares /= shares.sum(axis=1, keepdims=True)
    mirrored = np.concatenate([np.arange(length), np.arange(length)[::-1]])[places % (2 * length)]
    weights = np.zeros((new_length, length))
    np.add.at(weights, (np.arange(new_length)[:, None], mirrored), shares)
    return weights


def _cubic(distance: np.ndarray) -> np.ndarray:
    """Keys' kernel, equation 15, a = -0.5."""
    x = np.abs(distance)
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


def convolve(levels: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Each channel filtered with one kernel of odd sides, by Fourier transform; borders are mirrored, edge excluded.

    levels: float [H, W, C]; kernel: float [k, k]. Returns float64 [H, W, C].
    """
    half = kernel.shape[0] // 2
    mode = "reflect" if _reflects(levels, half) else "edge"
    padded = np.pad(levels.astype(np.float64), ((half, half), (half, half), (0, 0)), mode=mode)
    size = padded.shape[:2]
    spectrum = np.fft.rfft2(padded, axes=(0, 1)) * np.fft.rfft2(kernel, size)[..., None]
    filtered = np.fft.irfft2(spectrum, size, axes=(0, 1))
    return filtered[2 * half :, 2 * half :]  # what wraps around is what is cut


def _reflects(levels: np.ndarray, half: int) -> bool:
    return min(levels.shape[:2]) > half


def gaussian_kernel(sigma: float) -> np.ndarray:
    """A normalised Gaussian of `sigma` pixels, float64 [k, k], cut at four sigmas."""
    half = max(1, int(np.ceil(4 * sigma)))
    line = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    return np.outer(line, line) / line.sum() ** 2
