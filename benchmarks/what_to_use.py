"""Which family for a folder of pictures: the tables of the documentation, and the measurements of `train auto`.

    python benchmarks/what_to_use.py            prints the tables
    python benchmarks/what_to_use.py --write    writes them into docs/ and the measurements into hf_genimg/recipes

All of it is made from results/evening_*.json (benchmarks/evening.py) and, of measurements, results/quality_*.json
(benchmarks/quality.py) as well. Scores of one set after one budget are comparable; others are by other extractors.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
MEASURED = ROOT / "hf_genimg" / "recipes" / "measured.json"
SETS: dict[tuple[str, str], dict[str, Any]] = {  # (script, set): what was learned from
    ("quality", "digits"): {"data": "digits", "pictures": 1_500, "grey": True, "image_size": 32},
    ("quality", "mnist"): {"data": "digits of MNIST", "pictures": 60_000, "grey": True, "image_size": 32},
    ("quality", "sprites"): {"data": "sprites", "pictures": 2_481, "grey": False, "image_size": 32},
    ("evening", "sprites"): {"data": "sprites", "pictures": 2_479, "grey": False, "image_size": 32},
    ("evening", "paintings"): {"data": "paintings", "pictures": 289, "grey": False, "image_size": 64},
    ("evening", "faces"): {"data": "faces", "pictures": 9_000, "grey": False, "image_size": 64},
    ("evening", "cifar10-jpeg"): {"data": "CIFAR-10", "pictures": 50_000, "grey": False, "image_size": 32},
}
SETTINGS = {("evening", "dcgan"): {"diff_augment": "color,translation,cutout"}}  # that are not a family's defaults
IMPARTIAL = "classifier-sprites"  # the extractor of evening.py that no model was trained with
SCORES = ("fid", "precision", "recall")
PLACES = {"evening": ROOT / "docs/results.md", "choices": ROOT / "docs/guides/own_images.md"}  # of the tables


def entries(folder: Path = RESULTS) -> list[dict[str, Any]]:
    """What evening.py measured, set by set and budget by budget, the lowest impartial FID first."""
    found = []
    for file in folder.glob("evening_*.json"):
        seconds = float(file.stem.rpartition("-")[2])
        found.append(json.loads(file.read_text())["measured"] | {"name": file.stem, "seconds": seconds})
    return sorted(found, key=lambda entry: (*_group(entry), entry["scores"][IMPARTIAL]["fid"]))


def _group(entry: dict[str, Any]) -> tuple[str, float]:
    return entry["data"], entry["seconds"]


def evening(found: list[dict[str, Any]]) -> str:
    """All entries as Markdown, with the scores by both extractors."""
    rows = [
        "| data | seconds | family | images | FID, precision, recall by a classifier of sprites | copies "
        "| the same by EfficientNet-Lite0 |",
        "|---" * 7 + "|",
    ]
    for entry in found:
        family = f"[`{entry['family']}`](../benchmarks/results/{entry['name']}.png)"
        copies = entry["scores"][IMPARTIAL].get("copies")
        cells = (
            entry["data"],
            f"{entry['seconds']:g}",
            family,
            f"{entry['images']:,}",
            _scores(entry, IMPARTIAL),
            "-" if copies is None else f"{copies:.1%}",
            _scores(entry, "efficientnet-lite0"),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _scores(entry: dict[str, Any], extractor: str) -> str:
    scores = entry["scores"][extractor]
    return ", ".join([f"{scores['fid']:.3g}", *(f"{scores[name]:.2f}" for name in SCORES[1:])])


def choices(rows: list[dict[str, Any]]) -> str:
    """The three best families of each set and time as Markdown."""
    lines = ["| pictures | seconds of one core | lowest FID | then |", "|---|---|---|---|"]
    for _, group in groupby(rows, key=lambda row: (row["grey"], row["data"], row["pictures"], row["seconds"])):
        best = list(group)
        first = best[0]
        kind = f"{first['pictures']:,} {first['data']}, {first['image_size']} pixels"
        names = [f"`{row['family']}` {row['fid']:.3g}" for row in best]
        lines.append(f"| {kind} | {first['seconds']:g} | {names[0]} | {', '.join(names[1:3]) or '-'} |")
    return "\n".join(lines)


def measured(folder: Path = RESULTS) -> list[dict[str, Any]]:
    """The measurements that `train auto` follows, set by set and time by time, the lowest FID first."""
    rows = [*_of_evening(folder), *_of_quality(folder)]
    return sorted(rows, key=lambda row: (row["grey"], row["image_size"], row["data"], row["seconds"], row["fid"]))


def _of_evening(folder: Path) -> Iterator[dict[str, Any]]:
    for entry in entries(folder):
        scores = entry["scores"][IMPARTIAL]
        yield _row("evening", entry["data"], entry["family"], entry["seconds"], scores)


def _of_quality(folder: Path) -> Iterator[dict[str, Any]]:
    for file in folder.glob("quality_*.json"):
        found = json.loads(file.read_text())["measured"]
        if found["budget"]["kind"] == "cpu":
            scores = {name: score["value"] for name, score in found["scores"].items()}
            if found["protocol"]["split"] != "train":
                scores.pop("copies", None)  # of images that were not learned from
            yield _row("quality", found["data"], found["recipe"], found["budget"]["seconds"], scores)


def _row(script: str, data: str, family: str, seconds: float, scores: dict[str, float]) -> dict[str, Any]:
    """One measurement, as `hf_genimg.recipes._auto.Measurement` has it."""
    return {
        **SETS[script, data],
        "seconds": seconds,
        "family": family,
        "settings": SETTINGS.get((script, family), {}),
        "fid": round(scores["fid"], 4),
        "recall": round(scores["recall"], 4),
        "copies": scores.get("copies"),
    }


def text_of(rows: list[dict[str, Any]]) -> str:
    """Measurements as JSON, one a line."""
    return "[\n" + ",\n".join(f"  {json.dumps(row)}" for row in rows) + "\n]\n"


def filled(page: str, name: str, table: str) -> str:
    """A page with a table in its place; `ValueError` where it has none."""
    place = re.compile(rf"<!-- {name} -->.*?<!-- /{name} -->", re.DOTALL)
    if not place.search(page):
        raise ValueError(f"there is no place <!-- {name} --> ... <!-- /{name} -->")
    return place.sub(lambda _: f"<!-- {name} -->\n\n{table}\n\n<!-- /{name} -->", page)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    rows = measured()
    tables = {"evening": evening(entries()), "choices": choices(rows)}
    if not parser.parse_args().write:
        print("\n\n".join(tables.values()))
        return 0
    MEASURED.write_text(text_of(rows), encoding="utf-8")
    for name, file in PLACES.items():
        file.write_text(filled(file.read_text(encoding="utf-8"), name, tables[name]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
