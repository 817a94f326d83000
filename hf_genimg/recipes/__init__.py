"""Runs that are worth repeating: one file each, listed by reading this folder."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from importlib import import_module
from pathlib import Path

from .._public import locations
from ..models._network import check_names, networks_in
from ..training.fields import did_you_mean
from ..training.recipe import Recipe

FOLDER = Path(__file__).parent
OWN = f"{__name__}.own."  # before the names of modules that are files of a user
IMPORTED: dict[str, str] = {}  # sha256 of each such file that was imported, by its name


def recipe_names() -> list[str]:
    """The recipes of the package."""
    return sorted(file.stem for file in FOLDER.glob("[a-z]*.py"))


def recipe_class(name: str | Path) -> type[Recipe]:
    """The recipe called `name`, or the one in the file `name`; `ValueError` names the recipes there are."""
    if str(name).endswith(".py"):
        module = import_file(Path(name))
    elif name in recipe_names():
        module = import_module(f"{__name__}.{name}")
    else:
        names = recipe_names()
        raise ValueError(
            f"there is no recipe {str(name)!r}{did_you_mean(str(name), names)}; use one of {', '.join(names)}, or a "
            ".py file of your own"
        )
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Recipe) and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise ValueError(f"{name} defines {len(found)} recipes; it must define one class derived from Recipe")
    return found[0]


def import_file(file: Path) -> object:
    """Run a user's own file, and return its module; its networks are then found by their names.

    Raises `ValueError` where it is not there or does not run, and where a network in it has the name of another.
    """
    if not file.is_file():
        raise ValueError(f"the recipe file {file} is not there")
    if file.suffix != ".py":
        raise ValueError(f"{file} is no file of Python; give one whose name ends in .py")
    IMPORTED[file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
    spec = importlib.util.spec_from_file_location(f"{OWN}{file.stem}", file)  # a name that hides no other module
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise ValueError(f"the recipe file {file} does not run: {type(error).__name__}: {error}") from error
    for name in networks_in(file):
        if name in locations():
            raise ValueError(
                f"{file} defines a network called {name}, and hf_genimg has one; rename yours, for saved models are "
                "found by the name"
            )
        check_names(name)
    return module
