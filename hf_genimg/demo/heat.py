"""Where a classifier looked: Grad-CAM as a heat map over a visitor's picture."""

from __future__ import annotations

import numpy as np
from PIL import Image

from ..pipelines.grad_cam import grad_cam
from .models import Shared
from .uploads import enlarged, seen

COLD, HOT = np.array([255.0, 214.0, 0.0]), np.array([220.0, 20.0, 60.0])  # of weak and strong evidence
STRONGEST = 0.7  # opacity where the evidence is strongest


def heat_map(model: Shared, picture: Image.Image | None, label: int | None = None) -> Image.Image | None:
    """What the model saw, with the evidence for a class laid over it: yellow where it is weak, red where it is strong.

    label: the class; the likeliest unless given. None where there is no picture, or no network with feature maps.
    """
    if picture is None or model.capabilities.task != "classification":
        return None
    small = seen(model, picture)
    with model.lock:
        try:
            found = grad_cam(model.pipe, small, label)[0].numpy()
        except ValueError as error:
            if "no feature maps" in str(error):
                return None
            raise
    return overlay(enlarged(small), found)


def overlay(image: Image.Image, heat: np.ndarray) -> Image.Image:
    """A map float [H, W] in [0, 1] over an image of any size."""
    levels = Image.fromarray(np.rint(heat * 255).astype(np.uint8)).resize(image.size, Image.Resampling.BILINEAR)
    share = np.asarray(levels, dtype=np.float64)[..., None] / 255
    pixels = np.asarray(image.convert("RGB"), dtype=np.float64)
    colours = COLD + (HOT - COLD) * share
    mixed = pixels + (colours - pixels) * share * STRONGEST
    return Image.fromarray(np.rint(mixed).astype(np.uint8))
