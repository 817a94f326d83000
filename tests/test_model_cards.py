"""The checkpoints of the repository: complete, small, and with cards that nobody wrote by hand."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from hf_genimg._public import PACKAGE
from hf_genimg.api import load
from hf_genimg.evaluation.collapse import AGREEING, DUPLICATES, LEAST_VARIANCE
from hf_genimg.evaluation.scores import Report
from hf_genimg.hub.card import card_text, is_generated

ROOT = Path(__file__).parents[1]
SHIPPED = sorted(path.name for path in (ROOT / "model_cards").iterdir() if path.is_dir())
every_model = pytest.mark.parametrize("name", SHIPPED)
LARGEST = 3_000_000  # bytes of one model with all that lies beside it


def test_what_is_promised_is_there() -> None:
    families = (
        "dcgan",
        "vae",
        "classifier",
        "cgan",
        "cgan_projection",
        "acgan",
        "infogan",
        "sngan",
        "wgan_gp",
        "sagan",
        "biggan",
        "biggan_deep",
        "r3gan",
    )
    assert set(SHIPPED) >= {f"{family}-digits" for family in families} | {"dcgan-sprites", "dcgan-chest-xray"}


@every_model
def test_a_card_is_what_its_files_say(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    folder = Path("model_cards") / name
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert is_generated(card)
    assert card_text(folder) == card
    data = ModelCard(card).data
    assert data.license and data.library_name == "diffusers" and "hf_genimg" in data.tags
    scores = folder / "scores.json"
    if scores.exists():
        measured = {key: value["value"] for key, value in json.loads(scores.read_text())["scores"].items()}
        assert {result.metric_type: result.metric_value for result in data.eval_results} == measured


@pytest.mark.parametrize("name", [name for name in SHIPPED if (ROOT / "model_cards" / name / "scores.json").exists()])
def test_a_card_warns_of_what_its_diagnosis_found(name: str) -> None:
    """By the limits of today, whenever it was scored."""
    folder = ROOT / "model_cards" / name
    report = Report.load(folder / "scores.json")
    found, card = report.diagnosis, (folder / "README.md").read_text(encoding="utf-8")
    agreements = [score.value for key, score in report.scores.items() if key.startswith("label_agreement")]
    expected = {
        "near-duplicate": found["duplicate_rate"] > DUPLICATES,
        "low diversity": found["variance_ratio"] < LEAST_VARIANCE,
        "mode dropping": bool(found["lost"]),
        "label agreement: ": bool(agreements) and sum(agreements) / len(agreements) < AGREEING,
    }
    for words, warned in expected.items():
        raised = any(words in alarm and "mostly read as others" not in alarm for alarm in report.alarms)
        assert raised is warned, words
    assert all(f"- **warning**: {alarm}" in card for alarm in report.alarms)
    assert ("- no alarm" in card) != bool(report.alarms)


def test_the_card_of_the_digits_extractor_is_of_the_weights_in_the_package() -> None:
    weights = "classifier/diffusion_pytorch_model.safetensors"
    packaged = (PACKAGE / "features/weights/digits" / weights).read_bytes()
    assert (ROOT / "model_cards/classifier-digits/pipeline" / weights).read_bytes() == packaged


@every_model
def test_a_model_is_small_whole_and_shows_no_real_picture(name: str) -> None:
    folder = ROOT / "model_cards" / name
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < LARGEST
    assert not [path for path in folder.rglob("*") if path.suffix in (".bin", ".pt", ".pth", ".pkl", ".parquet")]
    task = load(folder).capabilities.task
    pictures = {path.relative_to(folder).as_posix() for path in folder.rglob("*.png")}
    assert {path.partition("/")[0] for path in pictures} == (
        {"curve.png"} if task == "classification" else {"curve.png", "samples"}
    )


def test_the_code_of_every_card_runs_when_pasted(tmp_path: Path) -> None:
    (tmp_path / "model_cards").symlink_to(ROOT / "model_cards")
    codes = [
        re.search(r"```python\n(.*?)```", (ROOT / "model_cards" / name / "README.md").read_text(), re.DOTALL)[1]
        for name in SHIPPED
    ]
    pasted = "\n".join(
        ["import pathlib", *(f"{code}\npathlib.Path('grid.png').unlink(missing_ok=True)" for code in codes)]
    )
    done = subprocess.run(
        [sys.executable, "-c", pasted], cwd=tmp_path, capture_output=True, text=True, env=None, timeout=240
    )
    assert done.returncode == 0, done.stderr
