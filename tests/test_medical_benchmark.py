"""The benchmark of X-rays: sets of equal classes, suspicion with and without a model, differences with intervals."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from hf_genimg.recipes import recipe_class

from .test_privacy_benchmark import opened


@pytest.fixture(scope="module")
def medical() -> ModuleType:
    return opened("medical")


def test_sets_have_the_images_and_classes_that_they_are_named_after(medical: ModuleType) -> None:
    real = np.full((10, 4, 4, 1), 9, np.uint8), np.array([0] * 2 + [1] * 8)

    def generate(labels: np.ndarray) -> np.ndarray:
        return np.full((len(labels), 4, 4, 1), 100, np.uint8) + labels[:, None, None, None].astype(np.uint8)

    sets = medical.training_sets(real, generate)
    sizes = {name: (len(images), np.bincount(labels).tolist()) for name, (images, labels) in sets.items()}
    assert sizes == {
        "real": (10, [2, 8]),
        "real, rarer class repeated": (16, [8, 8]),
        "synthetic": (10, [2, 8]),
        "real and synthetic": (20, [4, 16]),
        "real, rarer class filled up with synthetic": (16, [8, 8]),
        "real, labels shuffled": (10, [2, 8]),
    }
    assert (sets["real, rarer class repeated"][0] == 9).all(), "no image is synthetic"
    images, labels = sets["synthetic"]
    assert np.array_equal(images[:, 0, 0, 0], 100 + labels) and (sets["real and synthetic"][0] == 9).sum() == 160


def test_differences_are_of_the_same_images_and_have_a_verdict(medical: ModuleType) -> None:
    truth = np.repeat([0, 1], 100)
    noise = np.random.default_rng(0).normal(size=(2, 200))
    ways = {"good": truth + 0.1 * noise, "as good": truth + 0.1 * noise, "bad": noise}
    found = medical.compared(ways, truth, roc_auc_score, {"as good": "good", "bad": "good"})
    assert found["good"]["value"] == 1.0 and "verdict" not in found["good"]
    assert found["as good"]["verdict"] == "no significant difference" and found["as good"]["difference"]["value"] == 0
    assert found["bad"]["verdict"] == "loss" and found["bad"]["difference"]["high"] < -0.3
    assert found["bad"]["low"] < found["bad"]["value"] < found["bad"]["high"]


def test_suspicion_is_the_error_and_the_bound_of_each_image(medical: ModuleType) -> None:
    torch.manual_seed(0)
    recipe = recipe_class("conv_vae")(image_size=28, image_channels=1, width=2, latent_dim=3)
    pipe, objective = recipe.pipeline(recipe.models()), recipe.objective()
    images = torch.rand(4, 1, 28, 28) * 2 - 1
    errors, error, bound = medical.suspicion(pipe, objective, images)
    assert errors.shape == (4, 1, 28, 28) and np.allclose(error, errors.mean((1, 2, 3)))
    alone = [medical.suspicion(pipe, objective, image[None])[2].item() for image in images]
    assert np.allclose(bound, alone, rtol=1e-4) and np.ptp(bound) > 0


def test_suspicion_without_a_model(medical: ModuleType) -> None:
    normal = np.array([[[[100]]], [[[200]]]], np.uint8).repeat(2, 1).repeat(2, 2)
    images = np.array([[[[150]]], [[[200]]]], np.uint8).repeat(2, 1).repeat(2, 2)
    found = medical.baselines(normal, images)
    assert found["baseline: distance to the mean normal image"] == pytest.approx([0, (50 / 255) ** 2])
    assert found["baseline: distance to the nearest normal image"] == pytest.approx([(50 / 255) ** 2, 0])
    assert found["baseline: mean grey level"] == pytest.approx([150 / 255, 200 / 255])
    assert np.array_equal(found["baseline: low contrast"], [0, 0])
