"""The provenance of a picture: the note in a PNG, and the watermark in the pixels. Nothing is fetched."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import try_to_load_from_cache
from huggingface_hub.utils import HFValidationError
from PIL import Image

from ..faults import printable, read_errors
from ..pipelines.provenance import read_provenance
from ..pipelines.watermark import DEFAULT_KEY, SMALLEST_SEEN, detect

KEYS = "HF_GENIMG_WATERMARK_KEYS"  # environment: keys of one's own, joined with commas
INDEX = "model_index.json"
MAX_SHOWN = 200  # characters of a value of a note
MAX_STEPS = 10  # steps of a chain that are shown


@dataclass(frozen=True)
class Findings:
    """What was found in one picture: its provenance (a note, which anybody can write or strip), and whose mark."""

    provenance: dict[str, Any] | None
    marks: list[str]  # whose keys were found
    tried: list[str]  # whose keys were looked for

    def __str__(self) -> str:
        noted = "no provenance"
        if self.provenance is not None:
            noted = "provenance: AI-generated, " + _listed(self.provenance)
        if not self.tried:
            return f"{noted}; too small to hold a watermark"
        if self.marks:
            return f"{noted}; watermark of {' and '.join(self.marks)}"
        return f"{noted}; no watermark of {' or '.join(self.tried)}"


def _listed(note: dict[str, Any]) -> str:
    """Each setting with its value. Where the image was made in several steps, those before follow, the last first."""
    earlier = note.get("chain")
    steps = [step for step in earlier if isinstance(step, dict)][:MAX_STEPS] if isinstance(earlier, list) else []
    last = {name: value for name, value in note.items() if not (steps and name == "chain")}
    settings = [", ".join(f"{shown(name)} {shown(value)}" for name, value in each.items()) for each in (last, *steps)]
    return "; made from an image of ".join([settings[0], *reversed(settings[1:])])


def shown(value: Any) -> str:
    """A value of a note, which may hold anything, on one line: control characters escaped, at most 200 characters."""
    text = str(value)
    return printable(text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}...")


def verify(path: Path, image: Image.Image) -> Findings:
    """Look for the note in the file at `path`, and in its decoded pixels for the marks of all keys that are at hand.

    At hand are the default key, those in the environment variable HF_GENIMG_WATERMARK_KEYS, and that of the model that
    the note names, where it lies in the Hub's cache or as a run in `runs/`.
    """
    provenance = read_provenance(path)
    if min(image.size) < SMALLEST_SEEN:
        return Findings(provenance, [], [])
    keys = keys_at_hand(provenance)
    return Findings(provenance, [owner for key, owner in keys.items() if detect(image, key)], list(keys.values()))


def keys_at_hand(provenance: dict[str, Any] | None) -> dict[str, str]:
    """Each key, and whose it is."""
    keys = {DEFAULT_KEY: "the default key"}
    own = [key.strip() for key in os.environ.get(KEYS, "").split(",") if key.strip()]
    keys |= {key: f"key {number} of {KEYS}" for number, key in enumerate(own, 1) if key not in keys}
    model = str((provenance or {}).get("model", ""))
    if (key := _key_of(model, (provenance or {}).get("revision"))) is not None:
        keys.setdefault(key, shown(model))
    return keys


def _key_of(model: str, revision: Any) -> str | None:
    """The `watermark_key` in a model's index, where one lies on this machine."""
    index = (
        _cached_index(model, str(revision))
        if model.count("/") == 1
        else Path("runs") / Path(model).name / "pipeline" / INDEX
    )
    try:
        key = json.loads(Path(index).read_text(encoding="utf-8")).get("watermark_key") if index else None
    except read_errors():
        return None  # a note may say anything
    return key if isinstance(key, str) and key else None


def _cached_index(model: str, revision: str) -> str | None:
    try:
        found = try_to_load_from_cache(model, INDEX, revision=revision)
    except HFValidationError:
        return None
    return found if isinstance(found, str) else None
