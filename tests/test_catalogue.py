"""What the README says is what there is."""

from __future__ import annotations

import re
from pathlib import Path

from hf_genimg._public import PACKAGE
from hf_genimg.listing import first_line
from hf_genimg.recipes import recipe_names

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_catalogue_is_the_list_of_recipes() -> None:
    rows = [
        f"| `{name}` | {first_line((PACKAGE / f'recipes/{name}.py').read_text(encoding='utf-8'))} |"
        for name in recipe_names()
    ]
    catalogue = README.partition("<!-- catalogue")[2].partition("<!-- /catalogue -->")[0].strip().splitlines()[3:]
    assert catalogue == rows, "the catalogue of README.md must be:\n" + "\n".join(rows)


def test_the_tour_runs(tmp_path: Path, monkeypatch: object) -> None:
    """The Python of the tour, as it stands there, on a shorter run."""
    tour = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    assert len([line for line in tour.splitlines() if line.strip()]) <= 20
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(tour.replace("64_000", "2_048"), "README.md", "exec"), names)
    assert len(names["images"]) == 16
    assert names["again"].tobytes() == names["images"][7].tobytes()
    assert len(names["walk"]) == 8
    assert names["copy"].size == (28, 28)
    assert (tmp_path / "grid.png").exists()


def test_every_command_of_the_readme_exists() -> None:
    from typer.main import get_command

    from hf_genimg.cli import app

    known = set(get_command(app).commands)
    used = set(re.findall(r"^(?:\.venv/bin/)?hf-genimg ([\w-]+)", README, re.MULTILINE))
    assert used <= known
    assert known == used | {"quickstart"}
