"""What `mkdocs build` adds: pages that are written from the code, and pictures from elsewhere in the repository.

Generated pages: one for each family, the reference of the command line and of the networks, and CONTRIBUTING.md and
CHANGELOG.md as pages. A page of docs/ has a place for each table, `<!-- NAME --> ... <!-- /NAME -->`; what stands there
in the repository is replaced.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
import catalogue  # noqa: E402
import reference  # noqa: E402
import stabilization_tables  # noqa: E402
from scripts import benchmark  # noqa: E402

ROOT = catalogue.ROOT
LOG = logging.getLogger("mkdocs.hooks.hf_genimg")  # with --strict its warnings are errors
PAGES_OF_FILES = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
PICTURES = {".png", ".gif", ".svg", ".jpg", ".webp"}
LINK = re.compile(r"(?<=\]\()([^)\s#:]+)(?=[)#])")


def leaderboard() -> str:
    """The scores after equal time, from benchmarks/results."""
    results = benchmark("table")
    return results.render(results.entries())


def evening() -> str:
    """The scores of families for a folder of pictures, from benchmarks/results."""
    results = benchmark("what_to_use")
    return results.evening(results.entries())


def choices() -> str:
    """The best families for a set and a time, from benchmarks/results."""
    results = benchmark("what_to_use")
    return results.choices(results.measured())


TABLES: dict[str, Callable[[], str]] = {  # what pages have places for
    "catalogue": lambda: catalogue.catalogue(catalogue.recipes()),
    "leaderboard": leaderboard,
    "evening": evening,
    "choices": choices,
    "pairs": stabilization_tables.pairs,
    "families": lambda: stabilization_tables.families(stabilization_tables.adversarial()),
}


@cache
def table(name: str) -> str:
    """A table as Markdown, made once."""
    return TABLES[name]()


@cache
def generated() -> dict[str, str]:
    """The pages that no file of docs/ holds: path to Markdown."""
    families = catalogue.families(catalogue.recipes())
    pages = {
        f"families/{name}.md": catalogue.page(members, reference.counts(members)) for name, members in families.items()
    }
    pages |= {"reference/command_line.md": reference.command_line(), "reference/networks.md": reference.networks()}
    return pages | {page: (ROOT / file).read_text(encoding="utf-8") for file, page in PAGES_OF_FILES.items()}


def folder_of(page: str) -> Path:
    """The folder of the repository from which the links of a page lead."""
    return ROOT if page in PAGES_OF_FILES.values() else (ROOT / "docs" / page).parent


def filled(markdown: str) -> str:
    """The text with its tables."""
    places = re.compile(r"<!-- (\w+) -->.*?<!-- /\1 -->", re.DOTALL)
    return places.sub(lambda place: table(place[1]), markdown)


def outside(markdown: str, page: str) -> Iterator[tuple[str, Path]]:
    """The links of a page to what is no page of the site: (as written, path from the root of the repository)."""
    for link in LINK.findall(markdown):
        target = Path(os.path.normpath(folder_of(page) / link))
        if target.is_relative_to(ROOT) and target.exists():
            inside = target.is_relative_to(ROOT / "docs") and target.suffix and target.suffix != ".py"
            if not inside or page in PAGES_OF_FILES.values():
                yield link, target.relative_to(ROOT)


def address(target: Path, page: str) -> str | None:
    """Where a file of the repository is in the site, from a page; None where it is not there."""
    if target.as_posix() in PAGES_OF_FILES:
        place = PAGES_OF_FILES[target.as_posix()]
    elif target.parts[0] == "docs" and target.suffix:
        place = target.relative_to("docs").as_posix()
    elif target.suffix in PICTURES:
        place = f"repository/{target.as_posix()}"
    else:
        return None
    return PurePosixPath(os.path.relpath(place, PurePosixPath(page).parent)).as_posix()


def linked(markdown: str, page: str) -> str:
    """The text with its links to files of the repository: to their place in the site, or as plain text."""
    for link, target in outside(markdown, page):
        place = address(target, page)
        if place is None:
            markdown = re.sub(rf"\[([^\]]*)\]\({re.escape(link)}\)", r"\1", markdown)
        else:
            markdown = markdown.replace(f"]({link}", f"]({place}")
    return markdown


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the page of each family to the navigation."""
    for entry in config.nav:
        if "Families" in entry:
            entry["Families"] += [page for page in generated() if page.startswith("families/")]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add generated pages, and the pictures that pages show."""
    texts = {file.src_uri: file.content_string for file in files.documentation_pages()} | generated()
    for page, text in generated().items():
        files.append(File.generated(config, page, content=text))
    shown = {target for page, text in texts.items() for _, target in outside(filled(text), page)}
    for target in sorted(shown):
        if target.suffix in PICTURES and target.parts[0] != "docs":
            files.append(File.generated(config, f"repository/{target.as_posix()}", abs_src_path=str(ROOT / target)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Fill in tables and mend links; warn of what the reference shows without a docstring."""
    text = linked(filled(markdown), page.file.src_uri)
    for name in reference.undocumented(re.findall(r"^::: (\S+)", text, re.MULTILINE)):
        LOG.warning(f"{page.file.src_uri}: {name} has no docstring")
    return text
