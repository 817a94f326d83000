"""From strokes on a white pad to a picture such as a model was trained on: its background, its ink, its margins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from .about import examples
from .models import Shared

SIDE = 384  # pixels of the pad
SAMPLES = 16  # images of a model whose data are not here
NEAR = 48  # grey levels within which a pixel is background
UNIFORM = 0.7  # share of the border pixels that are background, for there to be one
PAPER, INK = (255, 255, 255), (0, 0, 0)


@dataclass(frozen=True)
class Canvas:
    """How the pictures of a model look. background: RGB, white where they have none of one colour. share: of the
    frame that their content takes, from 0 to 1; None where they fill it. transparent: whether the background is.
    """

    background: tuple[int, ...] = PAPER
    share: float | None = None
    transparent: bool = False

    @property
    def dark(self) -> bool:
        """Whether ink is white on it."""
        return not self.transparent and sum(self.background) < 3 * 128


def canvas_of(model: Shared) -> Canvas:
    """By the data that the model learned from, else by images that it makes; white paper where there are neither."""

    def look() -> Canvas:
        pictures = examples(model)
        if not pictures and model.generates and not model.capabilities.text:
            with model.lock:
                pictures = model.pipe(SAMPLES, seed=0).images
        return _look(pictures) if pictures else Canvas()

    return model.know("canvas", look)


def _look(pictures: list[Image.Image]) -> Canvas:
    pixels = [np.asarray(picture.convert("RGBA")).astype(int) for picture in pictures]
    borders = np.concatenate([np.concatenate([each[0], each[-1], each[:, 0], each[:, -1]]) for each in pixels])
    transparent = bool(np.median(borders[:, 3]) < 128)
    background = borders[:, 3:] * 0 if transparent else np.median(borders[:, :3], 0)
    far = [_far(each, background, transparent) for each in pixels]
    if _far(borders, background, transparent).mean() > 1 - UNIFORM:
        return Canvas()
    sides = [max(np.ptp(np.nonzero(each)[axis]) + 1 for axis in (0, 1)) / len(each) for each in far if each.any()]
    colour = PAPER if transparent else tuple(int(level) for level in background)
    return Canvas(colour, float(np.median(sides)) if sides else None, transparent)


def _far(pixels: np.ndarray, background: np.ndarray, transparent: bool) -> np.ndarray:
    """Which pixels are not background."""
    return pixels[..., 3] >= 128 if transparent else np.abs(pixels[..., :3] - background).max(-1) > NEAR


def as_data(model: Shared, strokes: Image.Image | None) -> Image.Image | None:
    """A drawing as the model's data would show it: in the middle and of their size where they have margins, on their
    background, and in their ink, which is the drawing's own colours unless those are black on black.

    Args:
        strokes: RGBA, transparent where nothing was drawn.
    """
    if strokes is None:
        return None
    canvas = canvas_of(model)
    framed = strokes if canvas.share is None else _framed(strokes, canvas.share)
    ink = framed.convert("RGB")
    if model.capabilities.image_channels == 1 or (canvas.dark and not np.asarray(ink)[_drawn(framed)].any()):
        ink = Image.new("RGB", framed.size, PAPER if canvas.dark else INK)
    if canvas.transparent:
        ink.putalpha(framed.getchannel("A"))
        return ink
    return Image.composite(ink, Image.new("RGB", framed.size, canvas.background), framed.getchannel("A"))


def _drawn(strokes: Image.Image) -> np.ndarray:
    return np.asarray(strokes)[..., 3] >= 128


def _framed(strokes: Image.Image, share: float) -> Image.Image:
    """The drawing in the middle of a square of which it takes this share."""
    left, top, right, bottom = strokes.getchannel("A").getbbox()
    side = round(max(right - left, bottom - top) / share)
    frame = Image.new("RGBA", (side, side))
    frame.paste(strokes.crop((left, top, right, bottom)), ((side - right + left) // 2, (side - bottom + top) // 2))
    return frame if side >= SIDE else frame.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
