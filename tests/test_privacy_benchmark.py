"""The benchmarks of privacy: sets of one picture a person, canaries, noise, and rows whose values are known."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from hf_genimg import (
    ConvVAE,
    Embedder,
    ImageReconstructionPipeline,
    ImageTranslationPipeline,
    NAFNetGenerator,
)

FOLDER = Path(__file__).parents[1] / "benchmarks"


def opened(name: str) -> ModuleType:
    sys.path.insert(0, str(FOLDER))
    try:
        spec = importlib.util.spec_from_file_location(f"benchmarks_{name}", FOLDER / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(FOLDER))
    return module


@pytest.fixture(scope="module")
def privacy() -> ModuleType:
    return opened("privacy")


@pytest.fixture(scope="module")
def canaries() -> ModuleType:
    return opened("canaries")


def test_each_set_has_one_picture_of_each_person(privacy: ModuleType) -> None:
    labels = torch.tensor([2, 0, 1, 0, 2, 1, 1])
    sets = [each.tolist() for each in privacy.sets_of(labels)]
    assert sets == [[1, 2, 0], [3, 5, 4]]


def test_a_row_of_known_values(privacy: ModuleType) -> None:
    images = torch.zeros(4, 1, 2, 2)
    made = torch.stack([images[0] + 0.2, images[1] + 0.2, images[2] - 0.2, images[3] - 0.2])
    row = privacy.row(torch.tensor([0, 1, 1, 1]), torch.arange(4), made, images)
    assert (row["rank1"], row["distinct"], row["pictures"]) == (0.5, 2, 4)
    assert (
        "adapted" not in row
        and row["psnr"] == pytest.approx(20.0, abs=1e-3)
        and row["rank1_low"] < 0.5 < row["rank1_high"]
    )


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
    translator = ImageTranslationPipeline(NAFNetGenerator(28, 1, 1, 2, [1], 1, [1]).eval())
    made = privacy.made_by(pipe, "digits", [2], translator)[0]
    assert list(made)[-1] == "translated" and made["translated"].shape == made["as it is"].shape
    with pytest.raises(SystemExit, match="the embedder sees other images than those of 28 pixels"):
        privacy.measured(pipe, Embedder(image_size=16, num_classes=10, width=2).eval(), "digits", [2])


def test_an_adapted_attacker_finds_who_is_not_changed_and_not_who_is_blank(privacy: ModuleType, tmp_path: Path) -> None:
    gallery, people = privacy.faces("digits", "train", 28, 1)
    gallery, people = gallery[:300], people[:300]
    images, labels = gallery[:50] + 0.01, people[:50]
    made, known = ({"as it is": each, "blank": torch.zeros_like(each)} for each in (images, gallery))
    rows = privacy.adapted(made, labels, known, people, tmp_path, images=600)
    assert rows["as it is"]["adapted"] > 0.8 > 0.3 > rows["blank"]["adapted"]
    assert rows["as it is"]["adapted_low"] < rows["as it is"]["adapted"] <= rows["as it is"]["adapted_high"]


def test_an_attribute_is_looked_up_by_person_and_photograph(privacy: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "hats.json").write_text('{"about": "hats", "hats": {"1": [2, 3], "2": [1]}}')
    labels = torch.tensor([0, 1, 0, 0, 1, 2])
    assert privacy.wearing(tmp_path / "hats.json", labels, 1).tolist() == [False, True, True, True, False, False]
    assert privacy.wearing(tmp_path / "hats.json", labels, 3).tolist() == [True, False, False, False, False, False]


def test_glasses_are_named_of_photographs_that_there_are(privacy: ModuleType) -> None:
    people, photographs = torch.arange(40).repeat_interleave(6), torch.arange(40).repeat_interleave(4)
    worn = [
        privacy.wearing(FOLDER / "orl_glasses.json", each, first) for each, first in ((people, 1), (photographs, 7))
    ]
    assert sum(map(len, worn)) == 400 and (worn[0].sum(), worn[1].sum()) == (69, 50)


def test_balanced_accuracy_resamples_people(privacy: ModuleType) -> None:
    truth, people = np.array([True] * 4 + [False] * 12), np.arange(16) // 2
    row = privacy.balanced(truth, np.stack([truth, np.zeros_like(truth)]), people)
    assert row["attribute"] == 0.75 and row["attribute_low"] <= 0.75 <= row["attribute_high"]
    images = torch.zeros(2, 1, 4, 4)
    images[..., ::2] = 1
    assert privacy.sharpness(images) == pytest.approx(0.5) and privacy.to_pixels(images).max() == 255


def test_exposure_of_known_ranks(canaries: ModuleType) -> None:
    others = np.arange(1023.0)
    assert canaries.exposure(np.array([2000.0, -1.0]), others).tolist() == [10.0, 0.0]
    assert canaries.exposure(np.array([1022.0]), others)[0] == pytest.approx(10 - np.log2(1.5)), "a tie shares its rank"
    chance = canaries.exposure(np.arange(1023.0), others).mean()
    assert chance == pytest.approx(1.44, abs=0.02)
    row = canaries.found_again(np.full(5, 2000.0), others)
    assert row["exposure"] == {"value": 10.0, "low": 10.0, "high": 10.0} and row["auc"]["value"] == 1


def test_each_canary_has_a_mark_of_its_own(canaries: ModuleType) -> None:
    images = np.full((6, 28, 28, 1), 128, np.uint8)
    marked = canaries.marked(images, seed=0)
    assert (marked != images).sum((1, 2, 3)).tolist() == [64] * 6 and set(np.unique(marked)) == {0, 128, 255}
    assert len(np.unique(marked.reshape(6, -1), axis=0)) == 6 and (images == 128).all()
    assert np.array_equal(marked, canaries.marked(images, seed=0))


def test_the_least_noise_keeps_to_epsilon() -> None:
    pytest.importorskip("opacus", reason="needs the extra privacy")
    samples = opened("private_samples")
    for epsilon in (1.0, 10.0):
        fields = samples.private_fields({"images": 2560, "batch_size": 256}, epsilon, 60_000)
        spent = samples.Privacy("", fields["dp_noise"], 1.0, 1e-5).epsilon(256 / 60_000, 10)
        assert 0.9 * epsilon < spent <= epsilon
    settings = {"images": 2560, "batch_size": 256, "dp_clip": 2.0}
    once = {"snapshot_images": 2560, "sample_images": 2560}
    assert samples.fields_of(settings, None, 60_000) == {"images": 2560, "batch_size": 256, **once}
    private = samples.fields_of(settings, 10.0, 60_000)
    assert private.items() >= settings.items() and {"dp_noise", "dp_delta", "dp_seed"} < private.keys()
