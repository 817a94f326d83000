"""The examples: each notebook is the script beside it, and runs from top to bottom."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

jupytext = pytest.importorskip("jupytext")
EXAMPLES = Path(__file__).parents[1] / "examples"
NAMES = sorted(file.stem for file in EXAMPLES.glob("*.ipynb"))


def test_there_is_a_notebook_for_every_example() -> None:
    assert sorted(file.stem for file in EXAMPLES.glob("*.py")) == sorted([*NAMES, "execute"])


@pytest.mark.parametrize("name", NAMES)
def test_the_notebook_holds_the_cells_of_the_script(name: str) -> None:
    notebook = jupytext.read(EXAMPLES / f"{name}.ipynb")
    script = jupytext.read(EXAMPLES / f"{name}.py")
    cells = [[(cell.cell_type, cell.source) for cell in each.cells] for each in (notebook, script)]
    assert cells[0] == cells[1], f"run python examples/execute.py {name}"
    assert sum(bool(cell.get("outputs")) for cell in notebook.cells) >= 3, f"run python examples/execute.py {name}"


@pytest.mark.slow  # from ten seconds to four minutes each
@pytest.mark.parametrize("name", NAMES)
def test_the_example_runs(name: str, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, str(EXAMPLES / "execute.py"), name, "--out", str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    written = jupytext.read(tmp_path / f"{name}.ipynb")
    assert any(output.get("data", {}).get("image/png") for cell in written.cells for output in cell.get("outputs", []))
