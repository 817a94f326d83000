"""What there is, as `hf-genimg list` shows it: (name, one line about it), read from the folders of the package."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable

from ._public import PACKAGE, classes_in


def describe_recipe(name: str) -> str:
    """What a recipe's file says of it, and its fields as they are written on the command line."""
    from .recipes import recipe_class, recipe_names
    from .training.fields import describe_fields

    if name not in recipe_names() and not name.endswith(".py"):
        raise ValueError(
            f"{name!r} cannot be listed; use one of {', '.join(KINDS)}, or a recipe: {', '.join(recipe_names())}"
        )
    recipe = recipe_class(name)
    described = describe_fields(recipe)
    left, middle = (max(len(field[column]) for field in described) for column in (0, 1))
    head = f"{(sys.modules[recipe.__module__].__doc__ or recipe.__doc__ or name).strip()}\n\nfields:"
    return "\n".join(
        [
            head,
            *(
                f"  {assignment:<{left}}  {kind:<{middle}}  {comment}".rstrip()
                for assignment, kind, comment in described
            ),
        ]
    )


def first_line(source: str) -> str:
    """The first line of a module's docstring."""
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


def recipe_lines() -> list[tuple[str, str]]:
    return [
        (file.stem, first_line(file.read_text(encoding="utf-8")))
        for file in sorted((PACKAGE / "recipes").glob("[a-z]*.py"))
    ]


def model_lines() -> list[tuple[str, str]]:
    classes, lines = classes_in("models"), []
    for file in sorted((PACKAGE / "models").glob("[a-z]*.py")):
        own = ", ".join(name for name, module in classes.items() if module.endswith(f".{file.stem}"))
        lines.append((file.stem, f"{first_line(file.read_text(encoding='utf-8'))} [{own}]"))
    return lines


def data_lines() -> list[tuple[str, str]]:
    from .data import describe_sources

    return describe_sources()


def metric_lines() -> list[tuple[str, str]]:
    from .evaluation.metrics import describe_metrics

    return describe_metrics()


def extractor_lines() -> list[tuple[str, str]]:
    from .evaluation.extractors import describe_extractors

    return describe_extractors()


KINDS: dict[str, Callable[[], list[tuple[str, str]]]] = {
    "recipes": recipe_lines,
    "models": model_lines,
    "data": data_lines,
    "metrics": metric_lines,
    "extractors": extractor_lines,
}
