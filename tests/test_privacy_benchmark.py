"""The benchmark of de-identification: sets of one picture a person, and rows whose values are known."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from hf_genimg import ConvVAE, Embedder, ImageReconstructionPipeline

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def privacy() -> ModuleType:
    sys.path.insert(0, str(FOLDER))
    try:
        spec = importlib.util.spec_from_file_location("benchmarks_privacy", FOLDER / "privacy.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(FOLDER))
    return module


def test_each_set_has_one_picture_of_each_person(privacy: ModuleType) -> None:
    labels = torch.tensor([2, 0, 1, 0, 2, 1, 1])
    sets = [each.tolist() for each in privacy.sets_of(labels)]
    assert sets == [[1, 2, 0], [3, 5, 4]]


def test_a_row_of_known_values(privacy: ModuleType) -> None:
    images = torch.zeros(4, 1, 2, 2)
    made = torch.stack([images[0] + 0.2, images[1] + 0.2, images[2] - 0.2, images[3] - 0.2])
    row = privacy.row(torch.tensor([0, 1, 1, 1]), torch.arange(4), made, images)
    assert (row["rank1"], row["distinct"], row["pictures"]) == (0.5, 2, 4)
    assert row["psnr"] == pytest.approx(20.0, abs=1e-3) and row["rank1_low"] < 0.5 < row["rank1_high"]


def test_k_same_bounds_who_is_found_again(privacy: ModuleType) -> None:
    torch.manual_seed(0)
    pipe = ImageReconstructionPipeline(ConvVAE(image_size=28, latent_dim=3, width=2).eval())
    embedder = Embedder(image_size=28, num_classes=10, width=2, feature_dim=8).eval()
    rows = privacy.measured(pipe, embedder, "digits", [2, 5])
    assert list(rows) == ["shuffled", "as it is", "reconstructed", "k-same, k = 2", "k-same, k = 5"]
    sets = rows["as it is"]["pictures"] // 10
    assert rows["k-same, k = 2"]["distinct"] == 5 * sets and rows["k-same, k = 5"]["distinct"] == 2 * sets
    assert rows["k-same, k = 2"]["rank1"] <= 1 / 2 and rows["k-same, k = 5"]["rank1"] <= 1 / 5
    assert rows["as it is"]["psnr"] == 80.0 and "| k-same, k = 5 |" in privacy.table(rows)
    with pytest.raises(SystemExit, match="the embedder sees other images than those of 28 pixels"):
        privacy.measured(pipe, Embedder(image_size=16, num_classes=10, width=2).eval(), "digits", [2])
