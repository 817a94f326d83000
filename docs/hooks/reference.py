"""The reference of the command line and of the networks, and what the reference lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

import griffe
from catalogue import PUBLISHED, ROOT, Described

OVERRIDDEN = {"forward"}  # of networks: the layer's own class says what goes in and comes out


def command_line() -> str:
    """Every command with its help, as typer writes it."""
    import typer
    from typer.cli import get_docs_for_click
    from typer.main import get_command

    from hf_genimg.cli import app

    command = get_command(app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command, info_name="hf-genimg"), name="hf-genimg")
    return text.replace("# `hf-genimg`", "# Command line", 1)


def networks() -> str:
    """A page with every network of the package, file by file."""
    files = sorted((ROOT / "hf_genimg/models").glob("[a-z]*.py"))
    intro = "Each is a diffusers model: `hf_genimg.CLASS(...)`, `CLASS.from_pretrained(...)`, `save_pretrained`."
    parts = [f"::: hf_genimg.models.{file.stem}\n    options: {{heading_level: 2}}" for file in files]
    return "\n\n".join(["# Networks", intro, *parts]) + "\n"


def counts(members: Iterable[Described]) -> dict[str, str]:
    """The numbers of parameters of the recipes of a family: name to one sentence."""
    import torch

    from hf_genimg.recipes import recipe_class

    sentences = {}
    for member in members:
        colour = member.name.endswith(PUBLISHED) and "MNIST" not in member.commands
        recipe = recipe_class(member.name)().override(image_channels=3 if colour else 1)
        try:
            recipe.check()
        except ValueError:
            continue  # its networks depend on a run that it begins with
        with torch.device("meta"):
            networks = recipe.models()
        found = [
            f"`{type(network).__name__}` {sum(parameter.numel() for parameter in network.parameters()):,}"
            for network in networks.values()
        ]
        size = f"at {recipe.image_size} pixels in {'colour' if colour else 'grey'}"
        sentences[member.name] = f"**Parameters** {size}: {', '.join(found)}."
    return sentences


@cache
def package() -> griffe.Module:
    """The package, read without importing it."""
    return griffe.load("hf_genimg", search_paths=[str(ROOT)], allow_inspection=False)


def undocumented(shown: Iterable[str]) -> Iterator[str]:
    """The public objects below the names that a page shows which have no docstring."""
    for name in shown:
        yield from _undocumented(package()[name.partition(".")[2]])


def _undocumented(object_: griffe.Object) -> Iterator[str]:
    if not object_.has_docstring:
        yield object_.path
    for member in object_.members.values():
        if member.is_alias or member.name.startswith("_") or member.is_attribute or member.name in OVERRIDDEN:
            continue
        if not (member.is_function and object_.is_class and _inherits(object_, member.name)):
            yield from _undocumented(member)


def _inherits(class_: griffe.Object, name: str) -> bool:
    """Whether a base class of the package documents a method already."""
    return any(name in base.members and base.members[name].has_docstring for base in class_.mro())
