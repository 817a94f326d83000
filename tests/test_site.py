"""The documentation site: its pages name what there is, ask no other machine for anything, and build."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .site import hook

ROOT = Path(__file__).parents[1]
PAGES = sorted(file for file in (ROOT / "docs").rglob("*.md"))
mkdocs = pytest.importorskip("mkdocs")
yaml = pytest.importorskip("yaml")


@pytest.fixture(scope="module")
def build() -> object:
    return hook("build")


def test_every_page_is_in_the_navigation() -> None:
    written = {file.relative_to(ROOT / "docs").as_posix() for file in PAGES}
    named = set(re.findall(r"[\w/]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]))
    generated = {"contributing.md", "changelog.md", "reference/command_line.md", "reference/networks.md"}
    assert named == written | generated


def test_the_tables_are_filled_in_when_the_site_is_built(build: object) -> None:
    places = [name for page in PAGES for name in re.findall(r"<!-- (\w+) -->", page.read_text(encoding="utf-8"))]
    assert sorted(places) == sorted(build.TABLES)
    text = build.filled("a <!-- catalogue -->\nold\n<!-- /catalogue --> z")
    assert text.startswith("a | recipe |") and "`dcgan`" in text and text.endswith(" z") and "\nold\n" not in text


def test_links_lead_to_the_site_or_are_plain_text(build: object) -> None:
    text = "![g](../benchmarks/results/ring_r3gan.png) [card](../model_cards) [s](scores.md#alarms) [w](https://x.org)"
    assert build.linked(text, "results.md") == (
        "![g](repository/benchmarks/results/ring_r3gan.png) card [s](scores.md#alarms) [w](https://x.org)"
    )
    assert build.linked("[a](docs/families.md) [b](hf_genimg/recipes/cgan.py)", "contributing.md") == (
        "[a](families.md) b"
    )


def test_the_command_line_is_documented_from_its_help() -> None:
    text = hook("reference").command_line()
    assert text.startswith("# Command line\n") and "## `hf-genimg train`" in text and "* `--plan`: " in text


def test_parameters_are_those_of_the_recipe() -> None:
    catalogue, reference = hook("catalogue"), hook("reference")
    members = catalogue.families(catalogue.recipes())["acgan"]
    counts = reference.counts(members)
    assert counts["acgan_paper"].startswith("**Parameters** at 32 pixels in colour: `ACGANCIFARGenerator` 2,993,763")
    assert counts["acgan"].startswith("**Parameters** at 32 pixels in grey: ")


def test_what_the_reference_shows_has_a_docstring(tmp_path: Path) -> None:
    import griffe

    reference = hook("reference")
    shown = [name for page in PAGES for name in re.findall(r"^::: (\S+)", page.read_text("utf-8"), re.MULTILINE)]
    assert len(shown) > 15
    assert not list(reference.undocumented(shown))
    (tmp_path / "planted.py").write_text(
        '"""A module."""\ndef bare(): ...\nclass Known:\n    """Known."""\n    def method(self): ...\n'
        "    def _own(self): ...\n"
    )
    planted = griffe.load("planted", search_paths=[str(tmp_path)], allow_inspection=False)
    assert list(reference._undocumented(planted)) == ["planted.bare", "planted.Known.method"]


def built(site: Path, config: Path = ROOT / "mkdocs.yml") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(config), "-d", str(site)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.mark.slow  # 45 seconds: the whole site, as `make docs` builds it
def test_the_site_builds_and_asks_no_other_machine_for_anything(tmp_path: Path) -> None:
    done = built(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    catalogue = hook("catalogue")
    for family in catalogue.families(catalogue.recipes()):
        assert (tmp_path / f"families/{family}/index.html").is_file()
    for page in tmp_path.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"?https?://", text), page
        assert not re.findall(r"<!-- /?(?:catalogue|leaderboard|evening|choices|pairs|families) -->", text), page


@pytest.mark.slow  # half a minute
def test_a_broken_link_fails_the_build(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.md").write_text("# Home\n\n[away](nowhere.md)\n")
    config = yaml.safe_load(re.sub(r"!!?python\S+", "", (ROOT / "mkdocs.yml").read_text(encoding="utf-8")))
    config |= {"docs_dir": "docs", "nav": [{"Home": "index.md"}], "hooks": [], "extra_css": []}
    (tmp_path / "mkdocs.yml").write_text(yaml.safe_dump(config))
    done = built(tmp_path / "site", tmp_path / "mkdocs.yml")
    assert done.returncode != 0 and "nowhere.md" in done.stdout + done.stderr
