"""A faint mark in pixels, found again after JPEG and resizing: signs of a key, spread over the middle frequencies of
the luminance.

The mark lies in the cosine transform of the image at 64 x 64 pixels, whatever its own size, so that no scale is
searched for. Half of the coefficients of any image have the signs of the key by chance. Marking turns the smallest of
the others, as many as the detector needs: the image's own contents help instead of disturbing, unlike in plain spread
spectrum (Cox et al., IEEE Transactions on Image Processing 6, 1997). Flat ground and hard edges hold little of that
through JPEG: such images are then climbed, within what stays invisible, along the gradient of what JPEG and a resize
would leave of the score. On flat bright ground the mark can be seen when enlarged. Cropping, turning or repainting
removes it: it says nothing against those who want it gone.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from ._jpeg import cosine_transform, jpeg_70

DEFAULT_KEY = "hf_genimg"
SMALLEST = 64  # pixels a side of an image that can be marked; also the side of the canonical image
SMALLEST_SEEN = 32  # pixels a side below which nothing is left of the mark
BAND = (6.0, 32.0)  # radii in the transform: above what faces have in common, below what JPEG and 0.75x take away
LIMIT = 7.0  # in coefficients: beyond it only a sign counts, and so far is a sign carried that is to last
THRESHOLD = 4.25  # of the score, which is about standard normal without the mark: 1 in 90,000
MARGIN = 10.0  # of the score of a freshly marked image, where the strength allows it
DEPTHS = (0.0, 3.0, 6.0, 10.0, 15.0, 21.0, 28.0, 40.0)  # coefficients that are at most so wrong are turned
MOST = 255**2 / 10**3.25  # mean square of the change, in grey levels: 32.5 dB
ROUNDS = 8  # white stays white and black black, so that the mark is laid on again around them
LASTING = 6.5  # of the score after JPEG, with and without a resize to 0.75 before it, where the strength allows it
CLIMBS, CLIMB = 40, 0.7  # steps towards it, and their root mean square in grey levels
SOFT = 12.0  # as LIMIT, for the climb: so that it turns what lies beyond LIMIT on the wrong side
LUMINANCE = (0.299, 0.587, 0.114)


def check_watermark(key: Any, image_size: int) -> None:
    """Raise `ValueError` for a key that is none, or for images that are too small to hold the mark."""
    if not isinstance(key, str) or not key:
        raise ValueError(f"watermark_key={key!r} is no key; give a text, or None for no watermark")
    if image_size < SMALLEST:
        raise ValueError(
            f"the watermark needs images of {SMALLEST} pixels or more, and these have {image_size}; "
            "set watermark_key to None"
        )


def mark(pixels: torch.Tensor, key: str = DEFAULT_KEY) -> torch.Tensor:
    """Mark images.

    Args:
        pixels: uint8 [N, H, W, C], one channel or three, at least 64 pixels a side.
        key: any text; who knows it can find the mark.

    Returns:
        uint8 of the same shape on the same device.

    Raises:
        ValueError: the images are too small, or the key is none.
    """
    check_watermark(key, min(pixels.shape[1:3]))
    with torch.inference_mode(False), torch.no_grad():
        return torch.cat([_lasting(part, _mark(part, key), key) for part in pixels.split(64)])


def scores(pixels: torch.Tensor, key: str = DEFAULT_KEY) -> torch.Tensor:
    """uint8 [N, H, W, C] to float [N]: how far each agrees with the key; about standard normal where it was not marked
    with it.
    """
    return _score(_transform(_canonical(_luminance(pixels))).div(LIMIT).clamp(-1, 1), key)


def detect(image: Image.Image, key: str = DEFAULT_KEY) -> bool:
    """Whether a picture holds the mark of `key`."""
    if min(image.size) < SMALLEST_SEEN:
        return False
    grey = image.mode in ("1", "L", "LA")
    pixels = torch.from_numpy(np.array(image.convert("L" if grey else "RGB")))
    return scores(pixels.reshape(1, image.height, image.width, -1), key).item() > THRESHOLD


def _mark(pixels: torch.Tensor, key: str) -> torch.Tensor:
    """The least depth whose score has the margin; else the one with the highest score of those that stay invisible."""
    best, reached = pixels, scores(pixels, key)
    for depth in DEPTHS:
        todo = (reached < MARGIN).nonzero().squeeze(1)
        if not len(todo):
            break
        changed = _turned(pixels[todo], key, depth)
        score = scores(changed, key)
        visible = (changed.float() - pixels[todo].float()).square().mean((1, 2, 3)) > MOST
        better = (score > reached[todo]) & ~visible
        best = best.index_copy(0, todo[better], changed[better])
        reached = reached.index_copy(0, todo[better], score[better])
    return best


def _turned(pixels: torch.Tensor, key: str, depth: float) -> torch.Tensor:
    """Every coefficient that disagrees by at most `depth`, or agrees too little to last, is carried to `LIMIT` on the
    right side.
    """
    signs = _signs(key).to(pixels.device)
    turned = pixels.float().permute(0, 3, 1, 2)
    for _ in range(ROUNDS):
        agreement = _transform(_canonical(_luminance(turned.permute(0, 2, 3, 1)))) * signs
        missing = torch.where(agreement > -depth, LIMIT - agreement, 0).clamp(min=0)
        turned = (turned + _in_pixels(missing * signs, tuple(pixels.shape[1:3]))).clamp(0, 255)
    return turned.round().to(torch.uint8).permute(0, 2, 3, 1)


def _score(coefficients: torch.Tensor, key: str) -> torch.Tensor:
    """float [N, K] from -1 to 1, to float [N]."""
    agreement = (coefficients * _signs(key).to(coefficients)).sum(1)
    return agreement / coefficients.square().sum(1).sqrt().clamp(min=1e-6)


def _lasting(pixels: torch.Tensor, marked: torch.Tensor, key: str) -> torch.Tensor:
    """`marked`, with those whose mark would not last climbed from there; the best found that stays invisible."""
    best, reached = marked, _left(_luminance(marked), key).amin(0)
    todo = (reached < LASTING).nonzero().squeeze(1)
    climbing = _planes(marked[todo])
    for _ in range(CLIMBS):
        if not len(todo):
            break
        climbing = _climbed(climbing, _planes(pixels[todo]), key)
        changed = climbing.round().to(torch.uint8).permute(0, 2, 3, 1)
        left = _left(_luminance(changed), key).amin(0)
        visible = (changed.float() - pixels[todo].float()).square().mean((1, 2, 3)) > MOST
        better = (left > reached[todo]) & ~visible
        best = best.index_copy(0, todo[better], changed[better])
        reached = reached.index_copy(0, todo[better], left[better])
        low = reached[todo] < LASTING
        todo, climbing = todo[low], climbing[low]
    return best


def _climbed(images: torch.Tensor, originals: torch.Tensor, key: str) -> torch.Tensor:
    """One step up what JPEG leaves, back to where it stays invisible: both float [N, C, H, W] from 0 to 255."""
    images = images.detach().requires_grad_()
    with torch.enable_grad():
        left = _left(_luminance(images.permute(0, 2, 3, 1)), key, soft=True)
        (slope,) = torch.autograd.grad(-torch.logsumexp(-left, 0).sum(), images)
    slope = slope.mean(1, keepdim=True)
    free = torch.where(slope > 0, images < 255, images > 0)  # a channel that is full has nowhere to go
    slope = slope * free
    size = slope.square().mean((1, 2, 3), keepdim=True).sqrt().clamp(min=1e-9)
    change = (images.detach() + CLIMB * slope / size).clamp(0, 255) - originals
    strength = change.square().mean((1, 2, 3), keepdim=True).clamp(min=1e-9)
    return originals + change * (0.98 * MOST / strength).sqrt().clamp(max=1)  # rounding to grey levels adds a little


def _left(luminance: torch.Tensor, key: str, soft: bool = False) -> torch.Tensor:
    """What would be left of the score after JPEG, and after a resize to 0.75 and JPEG: float [2, N]. soft: with a
    gradient everywhere.
    """
    height, width = (round(side * 0.75) for side in luminance.shape[-2:])
    smaller = F.interpolate(luminance, (height, width), mode="bicubic", align_corners=False, antialias=True)
    coefficients = [_transform(_canonical(jpeg_70(each))) for each in (luminance, smaller)]
    return torch.stack(
        [_score(torch.tanh(each / SOFT) if soft else each.div(LIMIT).clamp(-1, 1), key) for each in coefficients]
    )


def _planes(pixels: torch.Tensor) -> torch.Tensor:
    return pixels.float().permute(0, 3, 1, 2)


def _luminance(pixels: torch.Tensor) -> torch.Tensor:
    """uint8 [N, H, W, C] to float [N, 1, H, W] from 0 to 255."""
    if pixels.shape[-1] == 1:
        return pixels.float().permute(0, 3, 1, 2)
    return (pixels.float() @ torch.tensor(LUMINANCE, device=pixels.device))[:, None]


def _canonical(luminance: torch.Tensor) -> torch.Tensor:
    if luminance.shape[-2:] == (SMALLEST, SMALLEST):
        return luminance
    return F.interpolate(luminance, (SMALLEST, SMALLEST), mode="bicubic", align_corners=False, antialias=True)


def _transform(canonical: torch.Tensor) -> torch.Tensor:
    """The two-dimensional cosine transform of float [N, 1, 64, 64], of which the band is kept: float [N, K]."""
    cosines = cosine_transform(SMALLEST).to(canonical)
    return (cosines @ canonical[:, 0] @ cosines.T)[:, _band().to(canonical.device)]


def _in_pixels(coefficients: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """float [N, K] in the band to an image of it: float [N, 1, H, W]."""
    transform = torch.zeros(len(coefficients), SMALLEST, SMALLEST, device=coefficients.device)
    transform[:, _band().to(coefficients.device)] = coefficients
    cosines = cosine_transform(SMALLEST).to(transform)
    return F.interpolate((cosines.T @ transform @ cosines)[:, None], size, mode="bicubic", align_corners=False)


@cache
@torch.inference_mode(False)
def _signs(key: str) -> torch.Tensor:
    """+1 or -1 for each coefficient of the band: bits of SHAKE-256, which are the same everywhere and for ever."""
    count = int(_band().sum())
    bits = np.unpackbits(np.frombuffer(hashlib.shake_256(key.encode()).digest(count // 8 + 1), dtype=np.uint8))[:count]
    return torch.from_numpy(bits.astype(np.float32) * 2 - 1)


@cache
@torch.inference_mode(False)
def _band() -> torch.Tensor:
    """Which coefficients hold the mark: bool [64, 64]."""
    axis = torch.arange(SMALLEST, dtype=torch.float32)
    radius = (axis[:, None].square() + axis.square()).sqrt()
    return (radius >= BAND[0]) & (radius < BAND[1])
