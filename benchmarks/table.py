"""The leaderboard of docs/results.md, from results/quality_*.json.

python benchmarks/table.py            writes it between its markers
python benchmarks/table.py --check    checks that it is that of the results; exit status 1 where it is not
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parents[1] / "docs/results.md"
BEGIN = "<!-- leaderboard: written by benchmarks/table.py from benchmarks/results/quality_*.json -->"
END = "<!-- /leaderboard -->"
COLUMNS = ("fid", "kid", "precision", "recall", "density", "coverage", "copies")


def entries(folder: Path = RESULTS) -> list[dict[str, Any]]:
    """What was measured, set by set and budget by budget, the best distance first; each with the name of its files."""
    found = [json.loads(path.read_text()) | {"name": path.stem} for path in sorted(folder.glob("quality_*.json"))]
    return sorted(found, key=_rank)


def _rank(entry: dict[str, Any]) -> tuple[Any, ...]:
    found = entry["measured"]
    return found["data"], -found["budget"]["seconds"], found["budget"]["kind"], found["scores"]["fid"]["value"]


def cell(scores: dict[str, Any], name: str) -> str:
    """A score with its interval."""
    score = scores.get(name)
    if score is None:
        return "-"
    bounds = "" if score["low"] is None else f" ({score['low']:.3g} to {score['high']:.3g})"
    return f"{score['value']:.3g}{bounds}"


def row(entry: dict[str, Any]) -> str:
    """One line of the table."""
    found = entry["measured"]
    budget = f"{found['budget']['seconds']:g} s {found['budget']['kind']}"
    alarms = len((found["diagnosis"] or {}).get("alarms", ()))
    held_out = found["protocol"]["split"] != "train"
    scores = " | ".join("-" if held_out and name == "copies" else cell(found["scores"], name) for name in COLUMNS)
    name = f"[{found['recipe']}](../benchmarks/results/{entry['name']}.png)"
    return f"| {found['data']} | {name} | {found['images']:,} in {budget} | {scores} | {alarms or 'none'} |"


def protocols(found: list[dict[str, Any]]) -> list[str]:
    """One line for each set, which must have been measured alike."""
    lines = {}
    for entry in found:
        seen = entry["measured"]["protocol"]
        facts = f"{seen['num_fake']:,} images against {seen['num_real']:,} of {seen['reference']}@{seen['split']}, "
        facts += f"features of {seen['extractor']} ({seen['extractor_sha256'][:8]}), seed {seen['seed']}"
        known = lines.setdefault(seen["reference"], (seen, facts))
        if known[0] != seen:
            unlike = [name for name in seen if seen[name] != known[0].get(name)]
            recipe = entry["measured"]["recipe"]
            raise SystemExit(f"{recipe} was measured under another protocol ({', '.join(unlike)}); measure it again")
    return [f"- {facts}." for _, facts in lines.values()]


def render(found: list[dict[str, Any]]) -> str:
    """The leaderboard as Markdown."""
    if not found:
        return "No results yet."
    head = ["| data | recipe | images | " + " | ".join(COLUMNS) + " | alarms |", "|---" * (len(COLUMNS) + 4) + "|"]
    machines = sorted(
        {f"{entry['machine']['cpu']}, {entry['machine']['threads']} threads, {entry['date']}" for entry in found}
    )
    return "\n".join([*head, *map(row, found), "", *protocols(found), f"- Measured on: {'; '.join(machines)}."])


def placed(page: str, table: str) -> str:
    """The page with the leaderboard between its markers."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"docs/results.md has no place for the leaderboard; put {BEGIN} and {END} where it belongs")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def main(arguments: list[str]) -> int:
    """Write or check."""
    page = PAGE.read_text(encoding="utf-8")
    wanted = placed(page, render(entries()))
    if "--check" in arguments:
        print(
            "docs/results.md holds the results"
            if page == wanted
            else "docs/results.md differs from the results; run benchmarks/table.py"
        )
        return int(page != wanted)
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
