"""The table of scores after equal time, from results/quality_*.json: the site's page of results has it.

python benchmarks/table.py    prints it as Markdown
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
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


if __name__ == "__main__":
    print(render(entries()))
