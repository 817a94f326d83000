"""Scores as readers get them: the field's names, an arrow, a sentence each in both languages, the protocol folded."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from hf_genimg.demo import score_tables
from hf_genimg.demo.texts import LANGUAGE
from hf_genimg.evaluation.scores import OF_A_CLASS, Report, Score

CARDS = Path(__file__).parents[2] / "model_cards"
HAN = re.compile("[\u4e00-\u9fff]")


@pytest.fixture
def report() -> Report:
    return Report.load(CARDS / "acgan-digits" / "scores.json")


def test_every_score_of_shipped_models_has_a_name_and_a_sentence() -> None:
    for file in CARDS.glob("*/scores.json"):
        names = {name for name in Report.load(file).scores if not name.startswith(OF_A_CLASS)}
        assert names <= set(score_tables.WORDS), file
    for name, words in score_tables.WORDS.items():
        assert HAN.search(words[3]) and words[2].endswith("."), name


def test_a_row_has_name_arrow_sentence_and_interval(report: Report) -> None:
    table = score_tables.table(report)
    assert "| **FID ↓**<br><small>Fréchet distance" in table and "**Precision ↑**" in table and "**Diversity**" in table
    score = report.scores["kid"]
    assert f"| {score.value:.4g}<br><small>{score.low:.4g} to {score.high:.4g}</small> |" in table
    before, protocol = table.split("<summary>Protocol: how this was measured</summary>")
    assert "extractor_sha256" in protocol and "extractor_sha256" not in before and "FID of each class" in before
    token = LANGUAGE.set("zh-CN")
    assert "弗雷歇距离" in score_tables.table(report)
    LANGUAGE.reset(token)


def test_the_better_of_two_is_named_where_protocols_are_alike(report: Report) -> None:
    worse = replace(report, scores={**report.scores, "fid": Score(1000.0, 999.0, 1001.0)})
    alike = score_tables.both(("one", "two"), (report, worse))
    [row] = [line for line in alike.splitlines() if line.startswith("| **FID ↓")]
    assert row.endswith("| one |") and "no difference beyond chance" in alike
    unlike = score_tables.both(("one", "two"), (report, replace(worse, protocol={**report.protocol, "seed": 9})))
    [row] = [line for line in unlike.splitlines() if line.startswith("| **FID ↓")]
    assert row.endswith("</small> |") and unlike.count("<summary>") == 2


def test_what_a_file_says_is_no_markup(report: Report) -> None:
    bad = replace(report, protocol={"extractor": "<img src=x onerror=alert(1)>|`x`"}, scores={"<b>|": Score(1.0)})
    table = score_tables.table(bad)
    assert "<img" not in table and "<b>" not in table and "&lt;img" in table
