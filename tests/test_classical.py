"""The classical baselines of the restoration benchmark do what their papers say, on inputs with a known answer."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

FOLDER = Path(__file__).parents[1] / "benchmarks"


def module(name: str) -> ModuleType:
    sys.path.insert(0, str(FOLDER))
    try:
        spec = importlib.util.spec_from_file_location(f"benchmarks_{name}", FOLDER / f"{name}.py")
        found = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(found)
    finally:
        sys.path.remove(str(FOLDER))
    return found


@pytest.fixture(scope="module")
def classical() -> ModuleType:
    return module("classical")


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """Dark blocks among coloured ones, so that each patch has a dark channel of 0; a strip of sky above."""
    found = np.random.default_rng(0).integers(0, 2, (24, 24, 3)).repeat(4, 0).repeat(4, 1) * 200.0
    found[::8], found[:, ::8] = 0, 0
    return found


def test_the_dark_channel_is_the_least_level_of_patch_and_channels(classical: ModuleType) -> None:
    image = np.random.default_rng(1).uniform(0, 1, (20, 21, 3))
    found = classical.dark_channel(image)
    assert found[10, 10] == image[3:18, 3:18].min() and found[0, 0] == image[:8, :8].min()


def test_even_haze_is_removed(classical: ModuleType, picture: np.ndarray) -> None:
    transmission, air = 0.4, np.array([230.0, 240.0, 250.0])
    hazy = picture * transmission + air * (1 - transmission)
    hazy[:16] = air  # the sky, in which no light comes from a thing: where the light is found
    assert classical.atmospheric_light(hazy / 255) == pytest.approx(air / 255)
    made = classical.without_haze(hazy)
    before, after = (np.abs(image - picture)[40:].mean() for image in (hazy, made))
    assert after < 0.4 * before


def test_clahe_widens_contrast_and_keeps_shape(classical: ModuleType) -> None:
    pytest.importorskip("skimage")
    dark = np.random.default_rng(2).integers(10, 40, (64, 64, 3), dtype=np.uint8)
    for levels in (dark, dark[..., :1]):
        made = classical.clahe(levels)
        assert made.shape == levels.shape and made.min() >= 0 and made.max() <= 255
        assert made.std() > 2 * levels.std()


def test_gains_are_over_the_classical_method(picture: np.ndarray) -> None:
    pytest.importorskip("skimage")
    restoration = module("restoration")
    levels = picture[:64, :64].astype(np.uint8)
    found = restoration.restored("haze:1", levels, {"itself": lambda inputs: inputs}, 3)
    assert list(found) == ["input", "dark channel prior", "itself"] and found["itself"] == found["input"]
    rows = restoration.rows("haze:1", {name: {"cbsd68": [value, value]} for name, value in found.items()})
    gain = found["itself"][0] - found["dark channel prior"][0]
    assert rows["itself"]["cbsd68"]["gain"] == pytest.approx(gain, abs=1e-3)
    assert rows["dark channel prior"]["cbsd68"]["gain"] == 0
    assert restoration.baseline_of("noise25", "net, 8 bits") == "noisy, 8 bits"
    dark = restoration.restored("dark", levels, {"black": lambda inputs: torch.full_like(inputs, -1)}, 0)
    assert list(dark) == ["input", "CLAHE", "black"] and dark["black"][0] < dark["input"][0]


def test_nonlocal_means_remove_noise_and_keep_shape(classical: ModuleType, picture: np.ndarray) -> None:
    pytest.importorskip("skimage")
    noisy = picture + np.random.default_rng(3).normal(0, 25, picture.shape)
    made = classical.nonlocal_means(noisy, 25)
    assert made.shape == picture.shape and np.abs(made - picture).mean() < 0.6 * np.abs(noisy - picture).mean()
    assert classical.nonlocal_means(noisy[..., :1], 25).shape == (*picture.shape[:2], 1)
