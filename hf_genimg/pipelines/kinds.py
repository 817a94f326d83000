"""Of what kind the components of a pipeline must be, known by what their classes have."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

LIBRARY = "hf_genimg"
ABSENT = (None, None)  # of a component, as diffusers writes it
DAMAGED = "{} is damaged: {}; save or download the model again"


@dataclass(frozen=True)
class Kind:
    """A kind of network: what its class must have, and what it must not have."""

    description: str
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()

    def fits(self, network: type) -> bool:
        """Whether a class is of this kind."""
        members = set(dir(network))
        return members.issuperset(self.has) and members.isdisjoint(self.lacks)


GENERATOR = Kind("a generator: a network from latents to images", ("sample_latents", "truncate"), ("encode", "decode"))
AUTOENCODER = Kind("an autoencoder: a network that encodes and decodes", ("sample_latents", "encode", "decode"))
TRANSLATOR = Kind("a translator: a network from images to images", ("scale", "size_multiple", "halo"))
CLASSIFIER = Kind("a classifier: a network from images to logits", ("features", "classify"), ("sample_latents",))
PRIOR = Kind("a prior: a network that samples latents", ("sample_latents",), ("encode", "decode", "halo"))
DISCRIMINATOR = Kind("a discriminator", ("forward", "conditions"), ("sample_latents", "halo", "classify"))


def check_kind(name: str, network: type, kind: Kind) -> None:
    """Raise `ValueError` unless the class of the component called `name` is of this kind."""
    if not kind.fits(network):
        raise ValueError(f"{name} is a {network.__name__}, and must be {kind.description}")


def read_index(path: str | os.PathLike[str], name: str) -> dict[str, Any]:
    """What a `model_index.json` holds. Raises `ValueError`, with the `name` of the file, where it is damaged or names
    no class.
    """
    try:
        index = json.loads(Path(path).read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError(DAMAGED.format(name, "it is nested too deeply")) from None
    except ValueError as error:  # of JSON or UTF-8
        raise ValueError(DAMAGED.format(name, "it is no JSON")) from error
    if not isinstance(index, dict) or not isinstance(index.get("_class_name"), str):
        raise ValueError(DAMAGED.format(name, "it names no class of a pipeline"))
    return index


def check_index(config: Mapping[str, Any], kinds: Mapping[str, Kind], optional: Collection[str], classes: Any) -> None:
    """Raise `ValueError` for components in a `model_index.json` that are missing or not [library, class] of the right
    kind.

    Args:
        config: what the file holds.
        kinds: by name, the components that the pipeline has.
        optional: those of them that may be absent.
        classes: what has our classes as attributes: the package.
    """
    for name, kind in kinds.items():
        entry = config.get(name, ABSENT)
        if entry in (ABSENT, list(ABSENT)):
            if name in optional:
                continue
            raise ValueError(f"{name} is missing in model_index.json, and must be {kind.description}")
        if not isinstance(entry, list | tuple) or len(entry) != 2 or not all(isinstance(part, str) for part in entry):
            raise ValueError(f'{name} is {entry!r:.60} in model_index.json, and must be ["{LIBRARY}", "<Class>"]')
        library, class_name = entry
        if library != LIBRARY:
            raise ValueError(f"{name} is {library}.{class_name:.60}, and must be {kind.description} of {LIBRARY}")
        check_kind(name, _class_named(classes, name, class_name), kind)


def _class_named(classes: Any, name: str, class_name: str) -> type:
    found = getattr(classes, class_name, None) if class_name.isidentifier() else None
    if isinstance(found, type):
        return found
    near = get_close_matches(class_name, dir(classes), 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ValueError(
        f"{name} is a {class_name:.60}, which {LIBRARY} does not have{hint}; a class of your own is found once its "
        "file is named: --code FILE.py"
    )
