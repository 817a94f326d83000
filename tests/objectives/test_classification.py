"""The classification objective against closed forms."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from hf_genimg.objectives.classification import Classification


def test_cross_entropy_accuracy_and_smoothing() -> None:
    logits = torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0]])
    batch = {"images": logits, "labels": torch.tensor([0, 1, 1])}
    networks = {"classifier": nn.Identity()}
    each = [math.log1p(math.exp(-2)), math.log1p(math.exp(-1)), math.log1p(math.exp(3))]
    term = Classification().classifier(networks, batch)["cross_entropy"]
    assert term.item() == pytest.approx(sum(each) / 3)
    held_out = Classification(label_smoothing=0.5).held_out(networks, batch)
    assert held_out["accuracy"].item() == pytest.approx(2 / 3)
    assert held_out["cross_entropy"].item() == pytest.approx(sum(each) / 3)
    wrong = [math.log1p(math.exp(2)), math.log1p(math.exp(1)), math.log1p(math.exp(-3))]
    smoothed = Classification(label_smoothing=0.5).classifier(networks, batch)["cross_entropy"]
    assert smoothed.item() == pytest.approx(sum(0.75 * a + 0.25 * b for a, b in zip(each, wrong, strict=True)) / 3)


def test_what_is_learned_from_is_augmented_and_what_is_held_out_is_not() -> None:
    objective = Classification(augment=lambda images: -images)
    batch = {"images": torch.tensor([[5.0, 0.0]]), "labels": torch.tensor([0])}
    networks = {"classifier": nn.Identity()}
    assert objective.classifier(networks, batch)["cross_entropy"] > 4
    assert objective.held_out(networks, batch)["cross_entropy"] < 0.1


def test_impossible_smoothing_is_refused() -> None:
    with pytest.raises(ValueError, match="label_smoothing=1 must be at least 0 and below 1"):
        Classification(1)
