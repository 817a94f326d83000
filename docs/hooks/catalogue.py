"""The catalogue and the page of each family, written from the recipes' docstrings when the site is built.

A family is a recipe, with its published settings (`NAME_paper`) on the same page. Its picture
is `docs/images/families/NAME.png`, or else the samples of a model card, or else a grid of `benchmarks/quality.py`.
"""

from __future__ import annotations

import ast
import json
import os
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCORES = ("fid", "precision", "recall")  # what a page shows of a model card's scores
PUBLISHED = "_paper"  # the ending of a recipe with published settings


@dataclass(frozen=True)
class Described:
    """What the docstring of a recipe says: its first line, its commands, cost, results, notes."""

    name: str
    summary: str
    commands: str
    notes: str
    cost: str
    reached: str

    @property
    def title(self) -> str:
        """The name of the method, as its paper writes it."""
        return self.summary.partition(" (")[0]


def described(file: Path) -> Described:
    """What the recipe in `file` says of itself; `ValueError` names what a page needs and the docstring lacks."""
    lines = (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").splitlines()
    parts: dict[str, list[str]] = {"notes": [], "commands": [], "cost": [], "reached": []}
    part = "notes"
    for line in lines[1:]:
        if begins := re.match(r"(Cost|Reached): *", line):
            part, line = begins[1].lower(), line[begins.end() :]
        parts["commands" if line.startswith("    ") else part].append(line)
    summary = lines[0] if lines else ""
    texts = {name: textwrap.dedent("\n".join(found)).strip() for name, found in parts.items()}
    texts["commands"] = re.sub(r" *\\?\n *(?!hf-genimg)", " ", texts["commands"])  # one line for each command
    missing = [f"`{name.title()}:`" for name in ("cost", "reached") if not texts[name]]
    if not re.fullmatch(r"\S[^()]* \([^()]*\d{4}[^()]*\).*\S\.", summary):
        missing.insert(0, "a first line 'Name (arXiv:number): what it is.'")
    if f"hf-genimg train {file.stem}" not in texts["commands"]:
        missing.append(f"the indented command `hf-genimg train {file.stem}`")
    if missing:
        raise ValueError(f"the docstring of {file.name} lacks {', '.join(missing)}")
    return Described(file.stem, summary, **texts)


def recipes(folder: Path = ROOT / "hf_genimg/recipes") -> list[Described]:
    """All recipes of a folder, by name."""
    return [described(file) for file in sorted(folder.glob("[a-z]*.py"))]


def families(found: list[Described]) -> dict[str, list[Described]]:
    """The recipes of each page: one, and its published settings, `NAME_paper` and `NAME_variant_paper`."""
    names = [recipe.name for recipe in found if not recipe.name.endswith(PUBLISHED)]
    pages: dict[str, list[Described]] = {name: [] for name in names}
    for recipe in sorted(found, key=lambda recipe: (recipe.name not in names, recipe.name)):
        owners = [name for name in names if recipe.name == name or f"{recipe.name}_".startswith(f"{name}_")]
        family = recipe.name if recipe.name in names else max(owners, key=len, default=recipe.name)
        pages.setdefault(family, []).append(recipe)
    return pages


def catalogue(found: list[Described]) -> str:
    """A table of all recipes with links to their pages, as Markdown."""
    rows = [
        f"| [`{recipe.name}`](families/{family}.md) | {recipe.summary} |"
        for family, members in families(found).items()
        for recipe in members
    ]
    return "\n".join(["| recipe | what it is |", "|---|---|", *rows])


def model_cards(name: str, folder: Path = ROOT / "model_cards") -> list[Path]:
    """The folders of the shipped models that a recipe trained."""
    recipes = sorted(folder.glob("*/recipe.json"))
    return [file.parent for file in recipes if json.loads(file.read_text(encoding="utf-8"))["recipe"] == name]


def pictures(name: str, root: Path = ROOT) -> list[Path]:
    """Samples of a recipe, the best to show first."""
    own = sorted((root / "docs/images/families").glob(f"{name}.*"))
    cards = sorted(model_cards(name, root / "model_cards"), key=lambda card: not card.name.endswith("-digits"))
    samples = [file for card in cards for file in sorted(card.glob("samples/*.png"))]
    grids = (root / "benchmarks/results").glob(f"quality_*_{name}_cpu-*.png")
    return [*own, *samples, *sorted(grids, key=lambda file: (-int(file.stem.rpartition("-")[2]), file.name))]


def _scores(card: Path) -> list[str]:
    file = card / "scores.json"
    if not file.exists():
        return []
    report = json.loads(file.read_text(encoding="utf-8"))
    known = {name: report["scores"][name]["value"] for name in SCORES if name in report["scores"]}
    figures = ", ".join(f"{name.upper() if name == 'fid' else name} {value:.3g}" for name, value in known.items())
    protocol = report["protocol"]
    seen = f"{protocol['num_fake']:,} images against {protocol['num_real']:,} of {protocol['reference']}"
    return [f"- `{card.name}`: {figures} ({seen}@{protocol['split']}, extractor `{protocol['extractor']}`)"]


def section(recipe: Described, counts: str = "", root: Path = ROOT) -> str:
    """What a page says of one recipe, under its heading."""
    scores = [line for card in model_cards(recipe.name, root / "model_cards") for line in _scores(card)]
    shipped = ["Models that the repository ships:", "\n".join(scores)] if scores else []
    command = f"```\n{recipe.commands}\n```"
    parts = [
        recipe.summary,
        command,
        recipe.notes,
        counts,
        f"**Cost.** {recipe.cost}",
        f"**Reached.** {recipe.reached}",
    ]
    return "\n\n".join(part for part in [*parts, *shipped] if part)


def page(members: list[Described], counts: dict[str, str] | None = None, root: Path = ROOT) -> str:
    """The page of a family, as Markdown; links to files are relative to `docs/families`."""
    first, others = members[0], members[1:]
    parts = [f"# {first.title} (`{first.name}`)"]
    if shown := pictures(first.name, root)[:1]:
        parts.append(f"![Samples of {first.title}]({os.path.relpath(shown[0], root / 'docs/families')})")
    parts.append(section(first, (counts or {}).get(first.name, ""), root))
    for other in others:
        parts += [f"## Published settings: `{other.name}`", section(other, (counts or {}).get(other.name, ""), root)]
    return "\n\n".join(parts) + f"\n\n`hf-genimg list {first.name}` lists every field with its default.\n"
