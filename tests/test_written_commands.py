"""Every command that README, documentation, cards, examples and recipes show is one that the command line takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer
from click import Command, Context

from hf_genimg.cli import app
from hf_genimg.recipes import recipe_class, recipe_names
from hf_genimg.training.fields import parse_fields

ROOT = Path(__file__).parents[1]
FOLDERS = (
    "*.md",
    "docs/**/*.md",
    "model_cards/*/README.md",
    "examples/*.py",
    "spaces/*/README.md",
    "hf_genimg/**/*.py",
)
PAGES = [str(page.relative_to(ROOT)) for pattern in FOLDERS for page in sorted(ROOT.glob(pattern))]
LINE = re.compile(r"^(?:[ #!$]*)(?:\.venv/bin/)?hf-genimg ((?:.*\\\n)*.*)$", re.MULTILINE)
IN_A_SENTENCE = re.compile(r"`hf-genimg (\S[^`\n]+)`")
SETTING = re.compile(r"[a-z_0-9]+=")
PLACEHOLDERS = ("auto", "mygan", "RECIPE", "NAME")  # in the place of a recipe's name
ELSEWHERE = ("CHANGELOG.md",)  # old names


def commands_of(page: str) -> list[list[str]]:
    """Their words, without a comment behind them."""
    text = (ROOT / page).read_text()
    found = [match[1].replace("\\\n", " ") for match in LINE.finditer(text)]
    found += [match[1] for match in IN_A_SENTENCE.finditer(text) if "..." not in match[1] and "{" not in match[1]]
    return [shlex.split(line, comments=True) for line in found]


WRITTEN = {page: found for page in PAGES if page not in ELSEWHERE and (found := commands_of(page))}


@pytest.fixture(scope="module")
def commands() -> dict[str, Command]:
    return typer.main.get_command(app).commands


def test_many_commands_are_found() -> None:
    names = {words[0] for found in WRITTEN.values() for words in found}
    assert sum(map(len, WRITTEN.values())) > 200 and {"train", "sample", "evaluate", "demo", "push"} <= names


@pytest.mark.parametrize("page", WRITTEN)
def test_commands_can_be_typed(page: str, commands: dict[str, Command]) -> None:
    for name, *words in WRITTEN[page]:
        if name in ("--version", "--help"):
            continue
        with Context(commands[name], info_name=name, resilient_parsing=True) as context:
            _, too_many, _ = commands[name].make_parser(context).parse_args(list(words))
        assert not too_many, f"hf-genimg {name} {words}"
        if name == "train" and words:
            own = words[0].endswith(".py")
            assert own or words[0] in (*recipe_names(), *PLACEHOLDERS), f"there is no recipe {words[0]}"
        if name == "train" and words and words[0] in recipe_names():
            recipe = recipe_class(words[0])
            recipe().override(**parse_fields(recipe, [word for word in words[1:] if SETTING.match(word)]))
