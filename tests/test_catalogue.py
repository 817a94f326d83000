"""What the README and the list of families say is what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hf_genimg._public import PACKAGE
from hf_genimg.listing import first_line
from hf_genimg.recipes import recipe_names

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FAMILIES = (ROOT / "docs/families.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def test_the_catalogue_is_the_list_of_recipes() -> None:
    rows = [
        f"| `{name}` | {first_line((PACKAGE / f'recipes/{name}.py').read_text(encoding='utf-8'))} |"
        for name in recipe_names()
    ]
    catalogue = FAMILIES.partition("<!-- catalogue")[2].partition("<!-- /catalogue -->")[0].strip().splitlines()[3:]
    assert catalogue == rows, "the catalogue of docs/families.md must be:\n" + "\n".join(rows)


def test_the_readme_names_every_family() -> None:
    table = README.partition("## Families by task")[2].partition("\n## ")[0]
    named = re.findall(r"`(\w+)`", "".join(line for line in table.splitlines() if line.startswith("|")))
    assert sorted(named) == [name for name in recipe_names() if not name.endswith("_paper")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    local = [link.partition("#")[0] for link in links if "://" not in link]
    assert not [link for link in local if link and not (page.parent / link).exists()]


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
