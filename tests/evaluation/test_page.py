"""The report's page and table, beside the scores."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import hf_genimg
from hf_genimg.cli import main
from hf_genimg.evaluation.page import companions, read_log, write_page
from hf_genimg.evaluation.scores import Report, Score


def small(**more: object) -> Report:
    protocol = {"extractor": "digits", "num_fake": 5, "num_real": 6, "reference": "digits", "split": "train"}
    return Report(protocol, {"precision": Score(0.4, 0.3, 0.5), "density": Score(0.2)}, {"model": "mine"}, **more)


def test_page_and_table_hold_what_was_measured(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(
        "".join(json.dumps({"images": n, "scores/fid": 9 - n, "generator/adversarial": n}) + "\n" for n in range(4))
    )
    full = small(diagnosis={"shares": [0.9, 0.1], "reference_shares": [0.5, 0.5], "alarms": ["something is lost"]})
    page, table = write_page(full, tmp_path / "mine.json", read_log(log))
    assert (page, table) == companions(tmp_path / "mine.json") == (tmp_path / "mine.png", tmp_path / "mine.md")
    with Image.open(page) as picture:
        assert picture.size == (1240, 1753), "a page at 150 dots an inch"
        assert picture.info["Description"].startswith("AI-generated images of mine")
        ink = (np.asarray(picture.convert("L")) < 128).mean()
    assert 0.001 < ink < 0.5
    text = table.read_text()
    assert "| precision | 0.4 | 0.3 to 0.5 |  |" in text and "| density | 0.2 |  |  |" in text
    assert "- warning: something is lost" in text and "Protocol: extractor digits" in text
    assert sorted(file.name for file in tmp_path.iterdir()) == ["log.jsonl", "mine.md", "mine.png"]


def test_samples_are_on_the_page(tmp_path: Path) -> None:
    """The same report with black and with white images differs where they are."""
    inks = []
    for level in (0, 255):
        shown = small(pictures={"samples": Image.new("L", (80, 80), level)})
        with Image.open(write_page(shown, tmp_path / f"{level}.json")[0]) as picture:
            inks.append(np.asarray(picture.convert("L")).mean())
    assert inks[1] - inks[0] > 20


def test_pairs_have_a_page_too(tmp_path: Path) -> None:
    report = hf_genimg.evaluate("digits@test", "digits@test", paired=True, num=8, progress=False)
    page, table = write_page(report, tmp_path / "pairs.json")
    assert page.stat().st_size > 10_000 and "| psnr | 100 |" in table.read_text()


def test_the_command_writes_all_three_and_overwrites_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "evaluate",
        "digits@test",
        "--reference",
        "digits",
        "--metrics",
        "fid",
        "--out",
        str(tmp_path / "mine.json"),
    ]
    (tmp_path / "mine.md").write_text("my own notes")
    assert main(arguments) == 1
    assert "mine.md exists already and is not overwritten" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["mine.md"]
    (tmp_path / "mine.md").unlink()
    assert main(arguments) == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["mine.json", "mine.md", "mine.png"]
    printed = capsys.readouterr().out
    assert f"to look at: {tmp_path / 'mine.png'}" in printed
    saved = json.loads((tmp_path / "mine.json").read_text())
    assert set(saved) == {"protocol", "scores", "source", "skipped", "diagnosis"}
