"""The public names of the package, found by reading its folders.

The file system is the registry: a class in `models/` or `pipelines/` is public as `hf_genimg.<Class>` from the moment
its file exists. diffusers resolves the components of a `model_index.json` through the same names, so where a class
lives is never part of a file format.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent
# diffusers asks the library that a component comes from for the base class with which the component is loaded.
_FIXED = {
    "load": "hf_genimg.api",
    "train": "hf_genimg.api",
    "evaluate": "hf_genimg.api",
    "push": "hf_genimg.hub.push",
    "chain": "hf_genimg.pipelines.chain",
    "build_demo": "hf_genimg.api",
    "Capabilities": "hf_genimg.pipelines.capabilities",
    "ImageDataset": "hf_genimg.data",
    "PairedDataset": "hf_genimg.data",
    "DegradedDataset": "hf_genimg.data",
    "UnpairedDataset": "hf_genimg.data",
    "open_dataset": "hf_genimg.data",
    "open_pairs": "hf_genimg.data",
    "open_unpaired": "hf_genimg.data",
    "ModelMixin": "diffusers",
    "DiffusionPipeline": "diffusers",
}


def classes_in(folder: str) -> dict[str, str]:
    """Map each public class of the public files in `folder` to its module, without importing anything."""
    found = {}
    for file in sorted((PACKAGE / folder).glob("[a-z]*.py")):
        for name in re.findall(r"^class ([A-Z]\w*)", file.read_text(encoding="utf-8"), re.MULTILINE):
            found[name] = f"hf_genimg.{folder}.{file.stem}"
    return found


@cache
def locations() -> dict[str, str]:
    """Map every public name to the module it is imported from."""
    pipelines = {name: module for name, module in classes_in("pipelines").items() if name.endswith("Pipeline")}
    return {**classes_in("models"), **pipelines, **_FIXED}


def resolve(name: str) -> Any:
    """Import the public object called `name`; `AttributeError` when there is none, as Python expects of a module."""
    if name.startswith("_"):
        raise AttributeError(f"module 'hf_genimg' has no attribute {name!r}")
    if name not in locations():
        if own := _own_network(name):
            return own
        raise AttributeError(f"module 'hf_genimg' has no attribute {name!r}; it has: {', '.join(sorted(locations()))}")
    return getattr(import_module(locations()[name]), name)


def _own_network(name: str) -> Any | None:
    """A network that a user's own file has defined, as a recipe file does."""
    networks = sys.modules.get("hf_genimg.models._network")  # where nothing has imported it, nothing derives from it
    return networks.defined(name) if networks else None
