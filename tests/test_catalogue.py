"""The catalogue of families is written from their recipes, and what README says is what there is."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from hf_genimg._public import PACKAGE
from hf_genimg.listing import first_line
from hf_genimg.recipes import recipe_class, recipe_names

from .site import hook

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


catalogue = hook("catalogue")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("name", recipe_names())
def test_a_docstring_has_what_the_page_of_its_family_needs(name: str) -> None:
    recipe = catalogue.described(PACKAGE / f"recipes/{name}.py")
    assert recipe.summary == first_line((PACKAGE / f"recipes/{name}.py").read_text(encoding="utf-8"))
    assert all(line.startswith("hf-genimg ") for line in recipe.commands.splitlines())


def test_every_recipe_is_in_the_catalogue_and_on_one_page() -> None:
    found = catalogue.recipes()
    pages = catalogue.families(found)
    assert sorted(recipe.name for members in pages.values() for recipe in members) == recipe_names()
    table = catalogue.catalogue(found)
    for family, members in pages.items():
        text = catalogue.page(members)
        for recipe in members:
            assert f"| [`{recipe.name}`](families/{family}.md) | {recipe.summary} |" in table
            assert recipe.summary in text and recipe.commands in text and recipe.reached in text


NEW = """A new GAN (arXiv:2612.00001): what nobody has seen.

    hf-genimg train new_gan
    hf-genimg train new_gan width=8
    images=64

Only a test knows it.
Cost: a second.
Reached: nothing yet.
"""


def test_published_settings_are_on_the_page_of_the_longest_name_that_they_begin_with() -> None:
    names = ("gan", "gan_deep", "gan_deep_paper", "gan_cifar_paper", "gan_paper", "other_paper")
    found = [catalogue.Described(name, *[""] * 5) for name in names]
    pages = {page: [recipe.name for recipe in members] for page, members in catalogue.families(found).items()}
    assert pages == {
        "gan": ["gan", "gan_cifar_paper", "gan_paper"],
        "gan_deep": ["gan_deep", "gan_deep_paper"],
        "other_paper": ["other_paper"],
    }


def test_a_new_family_shows_up(tmp_path: Path) -> None:
    (tmp_path / "new_gan.py").write_text(f'"""{NEW}"""\n', encoding="utf-8")
    published = NEW.replace("new_gan", "new_gan_paper").replace("): what nobody has seen", ") as published")
    (tmp_path / "new_gan_paper.py").write_text(f'"""{published}"""\n', encoding="utf-8")
    picture = tmp_path / "docs/images/families/new_gan.png"
    picture.parent.mkdir(parents=True)
    picture.touch()
    found = catalogue.recipes(tmp_path)
    assert "| [`new_gan_paper`](families/new_gan.md) | A new GAN (arXiv:2612.00001) as published. |" in (
        catalogue.catalogue(found)
    )
    assert list(catalogue.families(found)) == ["new_gan"]
    text = catalogue.page(found, {"new_gan": "Eight parameters."}, tmp_path)
    assert text.startswith("# A new GAN (`new_gan`)\n") and "\n## Published settings: `new_gan_paper`\n" in text
    assert "![Samples of A new GAN](../images/families/new_gan.png)" in text
    assert "```\nhf-genimg train new_gan\nhf-genimg train new_gan width=8 images=64\n```" in text
    assert "Only a test knows it." in text and "Eight parameters." in text and "**Reached.** nothing yet." in text


@pytest.mark.parametrize(
    ("written", "lacks"),
    [
        ("A new GAN (arXiv:2612.00001)", "first line"),
        ("): what nobody has seen.", "first line"),
        ("    hf-genimg train new_gan\n", "`hf-genimg train new_gan`"),
        ("Cost: a second.\n", "`Cost:`"),
        ("Reached: nothing yet.\n", "`Reached:`"),
    ],
)
def test_a_docstring_without_it_is_refused(written: str, lacks: str, tmp_path: Path) -> None:
    (tmp_path / "new_gan.py").write_text(f'"""{NEW.replace(written, "", 1)}"""\n', encoding="utf-8")
    if "train" in written:
        (tmp_path / "new_gan.py").write_text(f'"""{NEW.replace("new_gan", "gan")}"""\n', encoding="utf-8")
    with pytest.raises(ValueError, match=f"the docstring of new_gan.py lacks .*{lacks}"):
        catalogue.recipes(tmp_path)


def test_the_readme_names_no_recipe_that_is_not_there() -> None:
    table = README.partition("## Families by task")[2].partition("\n## ")[0]
    named = re.findall(r"`(\w+)`", "".join(line for line in table.splitlines() if line.startswith("|")))
    assert set(named) <= set(recipe_names()) and len(named) > 10


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
    assert len(used) >= 12


@pytest.mark.parametrize("name", recipe_names())
def test_defaults_are_those_of_the_nearest_class(name: str) -> None:
    """Of several bases, a dataclass takes a field from the first that has it, be it only inherited there."""
    recipe = recipe_class(name)
    fields = [field for field in dataclasses.fields(recipe) if field.default is not dataclasses.MISSING]
    assert [field.name for field in fields if getattr(recipe, field.name) != field.default] == []
