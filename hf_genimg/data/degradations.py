"""Degradations that make inputs from targets: chains of pure functions of image and seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from .jpeg import jpeg
from .masks import MASKS
from .old_photos import fade, scratches
from .randomness import DEGRADATION, item_generator
from .real_esrgan import real_esrgan
from .resampling import bicubic, convolve, gaussian_kernel

BLURRED = "blurred"
BLUR = 4  # side, in pixels, of the squares whose mean is what a `blurred` image keeps
EXAMPLES = (
    "downscale:4, noise:10, jpeg:40, blur:2, haze, dark, grey, lightness, fade, scratches:5, realesrgan:4, joined "
    "with +, or mask:centre, mask:middle, mask:boxes, mask:strokes, or blurred"
)
Range = tuple[float, float]


def downscale(levels: np.ndarray, factor: int) -> np.ndarray:
    """Shrink by `factor` in both directions: antialiased bicubic, as MATLAB's `imresize`.

    levels: float [H, W, C] in [0, 255], H and W multiples of `factor`. Returns float64 [H / factor, W / factor, C].
    """
    return bicubic(levels, levels.shape[0] // factor, levels.shape[1] // factor).clip(0, 255)


def noise(levels: np.ndarray, sigma: float, random: np.random.Generator) -> np.ndarray:
    """Add Gaussian noise of `sigma` levels, independent for each pixel and channel. levels: float [H, W, C]."""
    return levels + random.normal(0, sigma, levels.shape)


def blur(levels: np.ndarray, sigma: float) -> np.ndarray:
    """Convolve with a Gaussian of `sigma` pixels; borders are mirrored. levels: float [H, W, C]."""
    return convolve(levels, gaussian_kernel(sigma)) if sigma > 0 else levels


def grey(levels: np.ndarray) -> np.ndarray:
    """The luma of ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B: float [H, W, C] to float64 [H, W, 1]."""
    return levels if levels.shape[2] == 1 else levels @ np.array([[0.299], [0.587], [0.114]])


def lightness(levels: np.ndarray) -> np.ndarray:
    """The grey of the same luminance, and so of the same L of CIELAB: float [H, W, C] to float64 [H, W, 1].

    Source: IEC 61966-2-1, sRGB.
    """
    if levels.shape[2] == 1:
        return levels
    values = levels.clip(0, 255) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([[0.212671], [0.715160], [0.072169]])
    return 255 * np.where(luminance <= 0.0031308, 12.92 * luminance, 1.055 * luminance ** (1 / 2.4) - 0.055)


def haze(levels: np.ndarray, beta: float, random: np.random.Generator) -> np.ndarray:
    """Haze I = J t + A (1 - t), t = exp(-beta d), over a random smooth depth d in [0, 1]; A in [0.6, 1] a channel.

    levels: float [H, W, C] in [0, 255].
    Source: Li et al., AOD-Net, 2017, equation 1. Its depths are measured; here they are a field of `smooth_depth`.
    """
    transmission = np.exp(-beta * smooth_depth(levels.shape[:2], random))[..., None]
    air = 255 * random.uniform(0.6, 1.0, levels.shape[2])
    return levels * transmission + air * (1 - transmission)


def smooth_depth(size: tuple[int, int], random: np.random.Generator) -> np.ndarray:
    """A depth that grows towards the top with low-frequency noise upon it: float64 [H, W], its extremes 0 and 1."""
    ramp = np.linspace(1, 0, size[0])[:, None, None]
    field = (ramp + bicubic(random.uniform(0, 1, (4, 4, 1)), *size))[..., 0]
    low, high = field.min(), field.max()
    return (field - low) / (high - low) if high > low else np.zeros(size)


def dark(levels: np.ndarray, gamma: float, random: np.random.Generator) -> np.ndarray:
    """Too little light: levels to the power of `gamma` (on [0, 1]), and noise of two levels from the sensor.

    levels: float [H, W, C] in [0, 255].
    """
    return noise(255 * (levels / 255).clip(0, 1) ** gamma, 2.0, random)


def blurred(images: torch.Tensor) -> torch.Tensor:
    """Images shrunk to a quarter of their size, each pixel the mean of those it covers, and enlarged back bilinearly.

    Deterministic. images: float [N, C, H, W], of any size; returns the same shape, strides and range.
    """
    height, width = images.shape[2:]
    small = F.interpolate(images, (max(1, height // BLUR), max(1, width // BLUR)), mode="area")
    back = F.interpolate(small, (height, width), mode="bilinear", align_corners=False)
    layout = torch.contiguous_format if images.is_contiguous() else torch.channels_last
    return back.contiguous(memory_format=layout)


@dataclass(frozen=True)
class _Kind:
    """One degradation: what it does, the range its number is drawn from where none is given, and what may be given."""

    apply: Callable[[np.ndarray, float, np.random.Generator], np.ndarray]
    default: Range | None
    allowed: Range
    whole: bool = False


_KINDS = {
    "downscale": _Kind(lambda levels, factor, _: downscale(levels, int(factor)), None, (1, 16), whole=True),
    "noise": _Kind(noise, None, (0, 255)),
    "jpeg": _Kind(lambda levels, quality, _: jpeg(levels, round(quality)), None, (1, 100)),
    "blur": _Kind(lambda levels, sigma, _: blur(levels, sigma), None, (0, 32)),
    "grey": _Kind(lambda levels, _, __: grey(levels), (0, 0), (0, 0)),
    "lightness": _Kind(lambda levels, _, __: lightness(levels), (0, 0), (0, 0)),
    "haze": _Kind(haze, (0.4, 1.6), (0, 10)),
    "dark": _Kind(dark, (2.0, 5.0), (1, 10)),
    "fade": _Kind(fade, (0.2, 0.8), (0, 1)),
    "scratches": _Kind(scratches, (0, 8), (0, 100)),
    "realesrgan": _Kind(
        lambda levels, scale, random: real_esrgan(levels, int(scale), random), (4, 4), (1, 8), whole=True
    ),
}
_RESIZING = ("downscale", "realesrgan")


@dataclass(frozen=True)
class Degradation:
    """A chain of degradations, read from its text by `parse_degradation`; called with (image, seed).

    Args:
        text: as it was written.
        steps: (name, range of its number) of each step that changes levels.
        masks: names of the masks whose union is blanked.
    """

    text: str
    steps: tuple[tuple[str, Range], ...] = ()
    masks: tuple[str, ...] = ()

    @property
    def scale(self) -> int:
        """How many times smaller the inputs are than the targets."""
        scale = 1
        for name, bounds in self.steps:
            scale *= int(bounds[0]) if name in _RESIZING else 1
        return scale

    @property
    def conditions(self) -> tuple[str, ...]:
        """What it makes: `inputs`, and `mask` where something is blanked."""
        return ("inputs", "mask") if self.masks else ("inputs",)

    def input_channels(self, image_channels: int) -> int:
        """Channels of the inputs, given those of the targets."""
        return 1 if any(name in ("grey", "lightness") for name, _ in self.steps) else image_channels

    def __call__(self, image: np.ndarray, seed: int) -> np.ndarray:
        """The degraded image, without its mask.

        Args:
            image: uint8 [H, W, C].
            seed: everything random is drawn from it.

        Returns:
            uint8 [H / scale, W / scale, input_channels], rounded and clipped as a file would hold it.
        """
        levels = image.astype(np.float64)
        for number, (name, bounds) in enumerate(self.steps):
            random = item_generator(seed, DEGRADATION, number)
            amount = bounds[0] if bounds[0] == bounds[1] else random.uniform(*bounds)
            levels = _KINDS[name].apply(levels, amount, random)
        return np.rint(levels.clip(0, 255)).astype(np.uint8)

    def mask(self, size: tuple[int, int], seed: int) -> np.ndarray:
        """bool [H, W], true where there is something to fill in; size: (height, width) of the image in pixels."""
        found = np.zeros(size, dtype=bool)
        for number, name in enumerate(self.masks):
            found |= MASKS[name](size, item_generator(seed, DEGRADATION, len(self.steps) + number))
        return found


def is_degradation(text: str) -> bool:
    """Whether `text` names degradations (perhaps wrongly), and not a column, a folder or a source."""
    names = {step.partition(":")[0].strip() for step in text.split("+")}
    return text == BLURRED or (bool(names) and names <= {*_KINDS, "mask"})


def parse_degradation(text: str) -> Degradation:
    """Read a chain such as `downscale:4+noise:0-50+jpeg:30-95`, `haze` or `grey+mask:strokes`.

    A range is drawn from uniformly for each image. `blurred` stands alone.

    Raises:
        ValueError: an unknown name, or a number that is missing, wrong or too large.
    """
    if text == BLURRED:
        return Degradation(text)
    steps, masks = [], []
    for step in text.split("+"):
        name, colon, number = (part.strip() for part in step.partition(":"))
        if name == "mask":
            if number not in MASKS:
                raise ValueError(f"{step!r} in inputs={text} is no mask; use mask:{', mask:'.join(MASKS)}")
            masks.append(number)
        elif masks:
            raise ValueError(f"inputs={text}: {step!r} comes after a mask; write masks last")
        elif name not in _KINDS:
            raise ValueError(f"{step!r} in inputs={text} is no degradation; use {EXAMPLES}")
        else:
            steps.append((name, _range(text, step, name, number if colon else None)))
    chain = Degradation(text, tuple(steps), tuple(masks))
    if masks and chain.scale > 1:
        raise ValueError(f"inputs={text} makes the image smaller and masks it; a mask has the size of the target")
    return chain


def _range(text: str, step: str, name: str, number: str | None) -> Range:
    kind = _KINDS[name]
    if number is None:
        if kind.default is None:
            raise ValueError(f"{step!r} in inputs={text} needs a number, as in {_example(name)}")
        return kind.default
    low, _, high = number.partition("-")
    try:
        bounds = (float(low), float(high or low))
    except ValueError:
        bounds = (1.0, 0.0)
    least, most = kind.allowed
    whole = not kind.whole or (bounds[0] == bounds[1] and bounds[0].is_integer())
    if least == most or not least <= bounds[0] <= bounds[1] <= most or not whole:
        allowed = "no number" if least == most else f"{'a whole number' if kind.whole else 'a number or range'}"
        limits = "" if least == most else f" from {least:g} to {most:g}"
        raise ValueError(f"{step!r} in inputs={text} is not right; {name} takes {allowed}{limits}")
    return bounds


def _example(name: str) -> str:
    return next(each for each in EXAMPLES.replace(" joined with +", "").split(", ") if each.startswith(name))
