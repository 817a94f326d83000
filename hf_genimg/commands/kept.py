"""Translations that keep what the network does not see of a picture: transparency, 16 bits, and its ICC profile."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from PIL import Image

WHITE, DEEP = 255.0, 65535.0
SPACES = {b"RGB ": ("RGB", "RGBA"), b"GRAY": ("L", "LA", "I;16")}  # of ICC profiles, and the modes of such pictures


def translated(pipe: Any, picture: Image.Image, **settings: Any) -> Image.Image:
    """The translation of a picture by an `ImageTranslationPipeline`; settings as of its call.

    Transparency is kept, at the size of the translation, where the model takes any size and fills nothing in; the
    colours are those that give the translation over white. A grey picture with 16 bits stays one where the model takes
    grey pictures of any size and has no watermark to write. The levels are of the picture's ICC profile, which is kept
    where picture and translation are both grey or both in colour.
    """
    made = _translated(pipe, picture, settings)
    profile = picture.info.get("icc_profile") or b""
    modes = SPACES.get(profile[16:20], ())  # the colour space, in the header of a profile
    if picture.mode in (*modes, "P", "PA") and made.mode in modes:
        made.info["icc_profile"] = profile
    return made


def _translated(pipe: Any, picture: Image.Image, settings: dict[str, Any]) -> Image.Image:
    able = pipe.capabilities
    grey = able.input_channels == able.image_channels == 1
    if grey and able.any_size and picture.mode.startswith("I") and pipe.config.get("watermark_key") is None:
        return _sixteen_bits(pipe, picture, settings)
    made = pipe(picture, **settings).images[0]
    if "mask" in settings or not able.any_size or made.mode not in ("L", "RGB") or not picture.has_transparency_data:
        return made
    return _transparent(made, picture.convert("RGBA").getchannel("A"))


def _transparent(made: Image.Image, alpha: Image.Image) -> Image.Image:
    """Colours that are `made` over white, with this alpha."""
    alpha = alpha if alpha.size == made.size else alpha.resize(made.size, Image.Resampling.LANCZOS)
    share = np.asarray(alpha, np.float64)[..., None] / WHITE
    levels = np.asarray(made, np.float64).reshape(*share.shape[:2], -1)
    colours = np.where(share > 0, (levels - WHITE * (1 - share)) / np.maximum(share, 1 / WHITE), levels)
    bands = np.concatenate([np.rint(colours.clip(0, WHITE)), WHITE * share], 2).astype(np.uint8)
    found = Image.fromarray(bands, "LA" if made.mode == "L" else "RGBA")
    found.info.update(made.info)
    return found


def _sixteen_bits(pipe: Any, picture: Image.Image, settings: dict[str, Any]) -> Image.Image:
    """Of mode I;16, with its provenance."""
    from ..pipelines.provenance import text_entries

    levels = np.asarray(picture, np.float64).clip(0, DEEP)
    inputs = torch.from_numpy((levels / DEEP * 2 - 1).astype(np.float32))[None, None]
    unit = pipe(inputs, **settings, output_type="pt").images[0, 0].double().cpu().numpy()
    made = Image.fromarray(np.rint(unit * DEEP).astype(np.uint16))
    names = {"reverse": "reversed", "strength": "strength", "seed": "seed", "class_labels": "class_label"}
    note = {names[name]: value for name, value in settings.items() if name in names}
    note |= {"filled_in": True} if "mask" in settings else {}
    made.info.update(text_entries(pipe.provenance(translated=True, **note)))
    return made
