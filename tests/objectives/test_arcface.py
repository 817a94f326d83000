"""ArcFace against its formula, and what an embedder's features are."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from hf_genimg import Embedder
from hf_genimg.objectives.arcface import ArcFace
from hf_genimg.recipes import recipe_class

TINY = {"image_size": 16, "num_classes": 3, "width": 2, "feature_dim": 8}


def test_the_margin_is_added_to_the_angle_of_the_right_identity() -> None:
    angles = torch.tensor([[0.3, 1.0, 2.0], [2.9, 0.5, 1.0]], dtype=torch.float64)
    moved = ArcFace(0.5).with_margin(angles.cos(), torch.tensor([1, 0]))
    expected = angles.cos()
    expected[0, 1] = math.cos(1.0 + 0.5)
    expected[1, 0] = math.cos(2.9) - 0.5 * math.sin(0.5)  # 2.9 + 0.5 is above 180 degrees
    torch.testing.assert_close(moved, expected, rtol=0, atol=1e-5)


def test_the_loss_is_cross_entropy_of_scaled_cosines() -> None:
    torch.manual_seed(0)
    network = Embedder(**TINY, scale=5.0).eval()
    batch = {"images": torch.rand(4, 1, 16, 16) * 2 - 1, "labels": torch.tensor([0, 1, 2, 0])}
    features = network.features(batch["images"])
    torch.testing.assert_close(features.norm(dim=1), torch.ones(4))
    cosines = features @ F.normalize(network.head.weight).T
    torch.testing.assert_close(network(batch["images"]), 5 * cosines)
    plain = ArcFace(0.0).classifier({"classifier": network}, batch)["arcface"]
    torch.testing.assert_close(plain, F.cross_entropy(5 * cosines, batch["labels"]))
    wide = ArcFace(0.5).classifier({"classifier": network}, batch)["arcface"]
    assert wide > plain
    wide.backward()
    assert all(weights.grad.isfinite().all() for weights in network.parameters())


def test_identical_vectors_have_finite_gradients() -> None:
    cosines = torch.tensor([[1.0, -1.0], [1.0, -1.0]], requires_grad=True)
    ArcFace(0.3).with_margin(cosines, torch.tensor([0, 1])).sum().backward()
    assert cosines.grad.isfinite().all()


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(ValueError, match="margin=2.0 must be at least 0 and below 1.57 radians"):
        ArcFace(2.0)
    with pytest.raises(ValueError, match="image_size=8 is too small for three halvings; use 16 or more"):
        Embedder(image_size=8)
    with pytest.raises(ValueError, match="label_smoothing=0.1 is not used by this recipe"):
        recipe_class("embedder")(label_smoothing=0.1).check()
