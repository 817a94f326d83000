"""Regions to fill in: the centre, boxes, and free-form strokes."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw

Size = tuple[int, int]


def centre(size: Size, random: np.random.Generator) -> np.ndarray:
    """The central rectangle of half the height and half the width (Pathak et al., Context Encoders, 2016).

    size: (height, width) in pixels. Returns bool [H, W], true where there is something to fill in.
    """
    height, width = size
    mask = np.zeros(size, dtype=bool)
    mask[height // 4 : height // 4 + height // 2, width // 4 : width // 4 + width // 2] = True
    return mask


def middle(size: Size, random: np.random.Generator) -> np.ndarray:
    """The central rectangle of three eighths of the height and the width. As `centre`.

    Of what a context encoder predicts, the central half, it leaves a border of an eighth known, 4 pixels at 64.
    """
    height, width = size
    mask = np.zeros(size, dtype=bool)
    mask[5 * height // 16 : height - 5 * height // 16, 5 * width // 16 : width - 5 * width // 16] = True
    return mask


def boxes(size: Size, random: np.random.Generator) -> np.ndarray:
    """One to three rectangles, each side an eighth to a half of the image's, anywhere inside. As `centre`."""
    mask = np.zeros(size, dtype=bool)
    for _ in range(int(random.integers(1, 4))):
        lengths = [int(random.integers(max(1, side // 8), max(1, side // 2) + 1)) for side in size]
        top, left = (int(random.integers(0, side - length + 1)) for side, length in zip(size, lengths, strict=True))
        mask[top : top + lengths[0], left : left + lengths[1]] = True
    return mask


def strokes(size: Size, random: np.random.Generator) -> np.ndarray:
    """One to three brush strokes with round joints. As `centre`.

    Source: Yu et al., Free-Form Image Inpainting with Gated Convolution, 2019, algorithm 1 and the released code:
    4 to 11 vertices, angles of 2 pi / 5 +- 2 pi / 15 that alternate in direction, lengths normal around an eighth of
    the diagonal, widths of 12 to 39 pixels at 256 pixels.
    """
    height, width = size
    picture = Image.new("1", (width, height))
    draw = ImageDraw.Draw(picture)
    for _ in range(int(random.integers(1, 4))):
        _stroke(draw, size, random)
    return np.array(picture)


def _stroke(draw: ImageDraw.ImageDraw, size: Size, random: np.random.Generator) -> None:
    height, width = size
    diagonal = math.hypot(height, width)
    mean, spread = 2 * math.pi / 5, 2 * math.pi / 15
    thickness = max(1, round(int(random.integers(12, 40)) * min(size) / 256))
    points = [(int(random.integers(0, width)), int(random.integers(0, height)))]
    for number in range(int(random.integers(4, 12))):
        angle = random.uniform(mean - spread, mean + spread)
        angle = 2 * math.pi - angle if number % 2 == 0 else angle
        length = min(max(random.normal(diagonal / 8, diagonal / 16), 0), diagonal / 4)
        x, y = points[-1][0] + length * math.sin(angle), points[-1][1] + length * math.cos(angle)
        points.append((int(min(max(x, 0), width)), int(min(max(y, 0), height))))
    draw.line(points, fill=1, width=thickness)
    for x, y in points:
        draw.ellipse((x - thickness // 2, y - thickness // 2, x + thickness // 2, y + thickness // 2), fill=1)


MASKS = {"centre": centre, "middle": middle, "boxes": boxes, "strokes": strokes}
