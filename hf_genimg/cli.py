"""The command line: `hf-genimg`. Every mistake is one line on stderr and a non-zero exit.

The commands are the public functions of the modules in `commands/`. torch is imported by those that need it, so that
help and mistakes are immediate.
"""

from __future__ import annotations

import gc
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from inspect import isfunction
from typing import Annotated, Any

import typer

from . import __version__
from .commands._shared import answer_ctrl_c, fail, let_threads_sleep, print_what_cannot_be_encoded, rank
from .faults import last_line, wants_traceback

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
ArgumentError = typer.BadParameter.__mro__[
    2
]  # the base of every complaint about arguments; typer has no public name for it
RENAMED_FIELD = re.compile("the field .* is called")  # a deprecation that concerns who types the command
# Modules of commands/, in the order of the help.
TOPICS = ("training", "images", "latents", "direction", "translation", "scores", "demo", "convert", "verify", "hub")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    try:
        _refuse_empty(sys.argv[1:] if arguments is None else arguments)
        with one_line_warnings():
            status = app(arguments, standalone_mode=False, prog_name="hf-genimg") or 0
        return fail("stopped", 130) if status == 130 else status  # into which typer turns KeyboardInterrupt
    except (typer.Abort, KeyboardInterrupt):
        return fail("stopped", 130)
    except ArgumentError as error:
        return fail(error.format_message(), 2)
    except Exception as error:  # the last line of defence
        if wants_traceback():
            traceback.print_exception(error)
        return fail(*last_line(error))


def _refuse_empty(arguments: list[str]) -> None:
    """Raise `ValueError` for an argument without a letter, as of a shell's variable that is not set: as a path it would
    be the folder one is in.
    """
    for before, argument in zip(["", *arguments], arguments, strict=False):
        if not argument and before != "--prompt":
            named = f"the value of {before}" if before.startswith("--") else "an argument"
            raise ValueError(f"{named} is empty; give a value, or leave it out")


@contextmanager
def one_line_warnings() -> Iterator[None]:
    """Show our warnings as what they are to a user: one line."""
    plain = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *details: Any, **more: Any) -> None:
        if rank() != "0":
            return  # the first process of a run says it
        if category in (UserWarning, RuntimeWarning) or RENAMED_FIELD.match(str(message)):
            fail(f"warning: {message}", 0)
        else:
            plain(message, category, *details, **more)

    with warnings.catch_warnings():
        warnings.filterwarnings("always", RENAMED_FIELD.pattern, DeprecationWarning)
        warnings.showwarning = show
        yield


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"hf-genimg {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _hf_genimg(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """GAN and VAE image generators for the Hugging Face Hub."""
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command("list")
def list_(
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="[recipes|models|data|metrics|extractors|RECIPE]",
            help="What to list, or a recipe to describe; by default everything.",
        ),
    ] = None,
) -> None:
    """List recipes, models, data, metrics, extractors. Given a recipe, describe it and its fields."""
    from .listing import KINDS, describe_recipe

    if kind is not None and kind not in KINDS:
        print(describe_recipe(kind))
        return
    for name in [kind] if kind else KINDS:
        lines = KINDS[name]()
        width = max(len(left) for left, _ in lines)
        print(f"{name}:" if kind is None else "", end="\n" if kind is None else "")
        for left, right in lines:
            print(f"  {left:<{width}}  {right}")


def commands() -> Iterator[Callable[..., Any]]:
    """Every public function that a module of `commands/` defines."""
    for topic in TOPICS:
        module = import_module(f"hf_genimg.commands.{topic}")
        functions = [value for name, value in vars(module).items() if isfunction(value) and not name.startswith("_")]
        yield from (function for function in functions if function.__module__ == module.__name__)


for command in commands():
    app.command()(command)


def run() -> None:
    """The console script."""
    answer_ctrl_c()
    print_what_cannot_be_encoded()
    let_threads_sleep()
    status = main()
    gc.freeze()  # or Python looks once more through all that torch and diffusers brought, for more than a second
    sys.exit(status)


if __name__ == "__main__":
    run()
