"""The sizes to keep: no monster begins as one."""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import median

import pytest

PACKAGE = Path(__file__).parents[1] / "hf_genimg"
FILES = sorted(PACKAGE.rglob("*.py"))


def lines_of(file: Path) -> int:
    return len(file.read_text(encoding="utf-8").splitlines())


def functions_of(file: Path) -> list[tuple[str, int]]:
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    return [
        (node.name, node.end_lineno - node.lineno + 1)
        for node in nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def limit(file: Path) -> int:
    folder = file.relative_to(PACKAGE).parts[0]
    public = not file.name.startswith("_")
    return 60 if folder == "recipes" and public else 400


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_files_and_functions_stay_small(file: Path) -> None:
    assert lines_of(file) <= limit(file)
    for name, lines in functions_of(file):
        assert lines <= (120 if (file.name, name) == ("loop.py", "train") else 60), f"{name} has {lines} lines"


def test_the_median_function_is_ten_lines_or_fewer() -> None:
    assert median(lines for file in FILES for _, lines in functions_of(file)) <= 10
