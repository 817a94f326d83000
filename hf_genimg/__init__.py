"""GAN and VAE image generators that are first-class citizens of the Hugging Face Hub.

Importing this module loads neither torch nor diffusers: every public name is imported when it is first asked for.
"""

from __future__ import annotations

from typing import Any

from . import _imports, _public

__version__ = "0.2.0"


def __getattr__(name: str) -> Any:
    return _public.resolve(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_public.locations()})


_imports.install()  # last: where diffusers is there already, this asks for our pipelines by name
