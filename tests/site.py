"""The modules that write pages of the documentation site (docs/hooks) and tables of benchmarks, for the tests."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

HOOKS = Path(__file__).parents[1] / "docs/hooks"


def hook(name: str) -> ModuleType:
    """The module `docs/hooks/<name>.py`, which may import its neighbours."""
    if str(HOOKS) not in sys.path:
        sys.path.append(str(HOOKS))
    return importlib.import_module(name)


def benchmark(name: str) -> ModuleType:
    """The module `benchmarks/<name>.py`, which needs nothing beside it."""
    return hook("scripts").benchmark(name)
