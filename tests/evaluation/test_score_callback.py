"""Scores while training: logged, the last and the best kept, resumed exactly, and the trained tensors untouched."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import hf_genimg
from hf_genimg.api import callbacks_of
from hf_genimg.evaluation.scores import Report
from hf_genimg.training.loop import train
from hf_genimg.training.recipe import Recipe

FIELDS = {"metrics": "fid,recall", "evaluate_images": 16, "score_images": 40, "image_size": 28}


@pytest.mark.filterwarnings("ignore:at .* images:UserWarning")  # of networks that have hardly begun
def test_scores_are_logged_and_the_best_model_is_kept(
    tmp_path: Path,
    tiny: Callable[..., Recipe],
    tensors_of: Callable[[Path], dict[str, Any]],
    log_of: Callable[[Path], list[dict[str, Any]]],
) -> None:
    recipe = tiny("mlp_gan", **FIELDS)
    train(recipe, tmp_path / "run", callbacks=callbacks_of(recipe), progress=False)
    measured = {line["images"]: line["scores/fid"] for line in log_of(tmp_path / "run") if "scores/fid" in line}
    assert list(measured) == [16, 32, 48, 64]
    best = min(measured, key=measured.get)
    kept = Report.load(tmp_path / "run/best/scores.json")
    assert kept.scores["fid"].value == measured[best] and kept.source["images"] == best
    assert Report.load(tmp_path / "run/scores.json").scores["fid"].value == measured[64]
    again = hf_genimg.evaluate(tmp_path / "run/best", "digits", metrics=["fid"], num=40, progress=False)
    assert again.scores["fid"].value == pytest.approx(measured[best], rel=1e-5)
    assert again.protocol == kept.protocol

    train(recipe, tmp_path / "cut", callbacks=callbacks_of(recipe), stop_at=24, progress=False)
    train(recipe, tmp_path / "cut", callbacks=callbacks_of(recipe), progress=False)
    assert log_of(tmp_path / "cut") == log_of(tmp_path / "run")
    assert (
        json.loads((tmp_path / "cut/best/scores.json").read_text())["scores"]
        == json.loads((tmp_path / "run/best/scores.json").read_text())["scores"]
    )

    train(tiny("mlp_gan", image_size=28), tmp_path / "without", progress=False)
    with_scores, without = tensors_of(tmp_path / "run"), tensors_of(tmp_path / "without")
    assert all(torch.equal(tensor, with_scores[key]) for key, tensor in without.items())


@pytest.mark.parametrize(
    ("name", "fields", "line"),
    [
        ("mlp_gan", {"metrics": "fdi"}, "--metrics fdi is not known"),
        ("mlp_gan", {"metrics": "fid", "extractor": "nothing"}, "there is no extractor 'nothing'"),
        ("pix2pix", {"metrics": "fdi"}, "--metrics fdi is not known"),
        ("pix2pix", {"metrics": "lpips"}, "metrics=lpips needs extractor=FILE, the weights of its backbone"),
        (
            "mlp_gan",
            {"metrics": "psnr"},
            "metrics=psnr compares outputs with their targets, and this model makes images",
        ),
        ("classifier", {"metrics": "fid"}, "metrics=fid scores images, and classifier is for classification"),
        ("mlp_gan", {"metrics": "fid", "score_images": 0}, "score_images=0 must be above 0"),
    ],
)
def test_what_cannot_be_scored_is_refused_before_the_run(
    tmp_path: Path, name: str, fields: dict[str, Any], line: str
) -> None:
    with pytest.raises(ValueError, match=line):
        hf_genimg.train(name, tmp_path / "run", progress=False, **fields)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("metrics", "count"), [("perceptual,ssim,fid", 60), pytest.param("kid,psnr_y", 250, marks=pytest.mark.slow)]
)
def test_a_translator_is_scored_on_held_out_pairs(
    metrics: str,
    count: int,
    tmp_path: Path,
    tiny: Callable[..., Recipe],
    log_of: Callable[[Path], list[dict[str, Any]]],
) -> None:
    recipe = tiny("pix2pix", metrics=metrics, evaluate_images=32, score_images=count, width=4)
    train(recipe, tmp_path / "run", callbacks=callbacks_of(recipe), progress=False)
    first, *others = metrics.split(",")
    lines = [line for line in log_of(tmp_path / "run") if f"scores/{first}" in line]
    assert [line["images"] for line in lines] == [32, 64] and all(f"scores/{name}" in lines[0] for name in others)
    values = {line["images"]: line[f"scores/{first}"] for line in lines}
    kept = Report.load(tmp_path / "run/best/scores.json")
    best = min(values, key=values.get)  # both are distances
    assert kept.source["images"] == best and next(iter(kept.scores)) == first
    assert kept.protocol["split"] == "test" and kept.protocol["num_pairs"] == count
    assert "collapse/alarms" not in lines[0], "a translator cannot drop modes of its inputs"
    paired = [name for name in (first, *others) if name not in ("fid", "kid")]
    again = hf_genimg.evaluate(
        tmp_path / "run/best", "digits@test", metrics=paired, extractor="digits", paired=True, num=count, progress=False
    )
    assert {name: score.value for name, score in again.scores.items()} == pytest.approx(
        {name: kept.scores[name].value for name in paired}, rel=1e-4
    )
