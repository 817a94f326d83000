"""The table of scores after equal time."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from .site import benchmark


@pytest.fixture(scope="module")
def table() -> ModuleType:
    return benchmark("table")


def entry(recipe: str, fid: float, data: str = "digits", seconds: float = 600.0, **protocol: Any) -> dict[str, Any]:
    seen = {
        "num_fake": 1500,
        "num_real": 1500,
        "reference": data,
        "split": "train",
        "extractor": "digits",
        "extractor_sha256": "ab" * 32,
    }
    return {
        "name": f"quality_{data}_{recipe}",
        "date": "2026-11-24",
        "machine": {"cpu": "some", "threads": 2},
        "measured": {
            "data": data,
            "recipe": recipe,
            "budget": {"kind": "wall", "seconds": seconds},
            "images": 123_456,
            "protocol": {**seen, "seed": 0, **protocol},
            "scores": {
                "fid": {"value": fid, "low": fid - 1, "high": fid + 1, "note": None},
                "copies": {"value": 0.25, "low": None, "high": None, "note": None},
            },
            "diagnosis": {"alarms": ["lost"]},
        },
    }


def test_the_results_of_the_repository_make_a_table(table: ModuleType) -> None:
    found = table.entries()
    rows = [line for line in table.render(found).splitlines() if line.startswith("| ")]
    assert len(rows) == len(found) + 1 > 50


def test_the_best_is_first_and_every_number_is_there(table: ModuleType, tmp_path: Path) -> None:
    for one in (entry("worse", 9.5), entry("better", 2.5), entry("other", 4, data="mnist")):
        (tmp_path / f"quality_{one['measured']['recipe']}.json").write_text(json.dumps(one))
    rows = table.render(table.entries(tmp_path)).splitlines()
    assert [row.split("[")[1].split("]")[0] for row in rows[2:5]] == ["better", "worse", "other"]
    assert "| 2.5 (1.5 to 3.5) | - |" in rows[2] and "123,456 in 600 s wall" in rows[2] and rows[2].endswith("| 1 |")
    assert {row.count("|") for row in rows[:5]} == {12}
    assert "results/quality_other.png" in rows[4]
    changed = copy.deepcopy(entry("better", 2.6))
    assert table.render([changed]) != table.render([entry("better", 2.5)])


def test_a_longer_budget_comes_first(table: ModuleType, tmp_path: Path) -> None:
    for one in (entry("quick", 1.0, seconds=60), entry("slow", 3.0)):
        (tmp_path / f"quality_{one['measured']['recipe']}.json").write_text(json.dumps(one))
    rows = table.render(table.entries(tmp_path)).splitlines()
    assert ["slow" in row for row in rows[2:4]] == [True, False]


def test_copies_are_of_images_that_were_learned_from(table: ModuleType) -> None:
    assert "| 0.25 |" in table.row(entry("a", 1)) and "| 0.25 |" not in table.row(entry("a", 1, split="test"))


def test_unlike_protocols_share_no_table(table: ModuleType) -> None:
    with pytest.raises(SystemExit, match=r"b was measured under another protocol \(num_fake\); measure it again"):
        table.render([entry("a", 1), entry("b", 2, num_fake=100)])
