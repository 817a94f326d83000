"""Run the examples from top to bottom, and keep what they print and show in notebooks beside them.

python examples/execute.py [NAME ...] [--out DIR]    the notebooks of examples/NAME.py, by default of all, in DIR
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import jupytext
from nbclient import NotebookClient

HERE = Path(__file__).parent
NAMES = sorted(file.stem for file in HERE.glob("*.py") if file != Path(__file__))


def execute(name: str, out: Path) -> Path:
    """Run one example in a folder that is thrown away, beside the repository's models; returns the notebook."""
    notebook = jupytext.read(HERE / f"{name}.py")
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"  # the same at each run
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder, "examples")
        work.mkdir()
        Path(folder, "model_cards").symlink_to(HERE.parent / "model_cards")
        NotebookClient(notebook, timeout=1200, resources={"metadata": {"path": str(work)}}).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # when it ran
        if "outputs" in cell:  # without progress bars and warnings
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    path = out / f"{name}.ipynb"
    jupytext.write(notebook, path)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--out", type=Path, default=HERE)
    given = parser.parse_args()
    if unknown := sorted(set(given.names) - set(NAMES)):
        parser.error(f"there is no example {', '.join(unknown)}; use some of {', '.join(NAMES)}")
    for name in given.names or NAMES:
        print(execute(name, given.out), flush=True)


if __name__ == "__main__":
    main()
