"""What time does to photographs: scratches and fading."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

FINE = 4  # scratches are drawn at so many times the size, for soft edges
TONE = (0.93, 0.86, 0.72)  # what paper fades to, of white
LEAST_CONTRAST = 0.3  # of a picture that has faded as far as it goes


def scratches(levels: np.ndarray, count: float, random: np.random.Generator) -> np.ndarray:
    """Thin bent lines, light or dark, that hide what is below.

    levels: float [H, W, C] in [0, 255]. count: how many, rounded.
    """
    height, width = levels.shape[:2]
    for _ in range(round(count)):
        layer = Image.new("L", (FINE * width, FINE * height))
        ends = random.uniform(0, 1, (2, 2)) * np.array([FINE * width, FINE * height])
        middle = ends.mean(0) + random.normal(0, 0.1 * FINE * min(height, width), 2)
        points = [tuple(map(float, point)) for point in (ends[0], middle, ends[1])]
        thickness = max(1, round(float(random.uniform(0.003, 0.015)) * FINE * min(height, width)))
        ImageDraw.Draw(layer).line(points, fill=255, width=thickness, joint="curve")
        cover = np.asarray(layer.resize((width, height), Image.Resampling.BOX), dtype=np.float64)[..., None] / 255
        level = 255.0 if random.uniform() < 0.7 else 20.0
        levels = levels * (1 - cover) + level * cover
    return levels


def fade(levels: np.ndarray, strength: float, random: np.random.Generator) -> np.ndarray:
    """Less contrast and colour, towards the tone of old paper; grey pictures stay grey.

    levels: float [H, W, C] in [0, 255]. strength: from 0 to 1.
    """
    channels = levels.shape[2]
    tone = 255 * (np.array(TONE) if channels == 3 else np.array([np.mean(TONE)]))
    colour = 1 - strength * random.uniform(0.5, 1.0)
    grey = levels.mean(2, keepdims=True)
    contrast = 1 - strength * (1 - LEAST_CONTRAST)
    return tone + contrast * (grey + colour * (levels - grey) - tone)
