"""Membership inference: a model that copies is found out, one that knows nothing is not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from hf_genimg import DCGANDiscriminator
from hf_genimg.evaluation.membership import attack, attack_by_discriminator, attack_by_distance


class Pictures:
    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels = torch.from_numpy(pixels)

    def __len__(self) -> int:
        return len(self.pixels)

    def batch(self, start: int, stop: int) -> torch.Tensor:
        return self.pixels[start:stop]


def features(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)


def test_copies_give_the_training_images_away() -> None:
    training, held_out = features(0, 300), features(1, 250)
    found = attack_by_distance(training + 0.01 * features(2, 300), training, held_out, seed=0)
    assert found["membership_auc"].value > 0.99 and found["membership_tpr"].low > 0.9


def test_samples_that_know_nothing_are_chance() -> None:
    found = attack_by_distance(features(3, 2000), features(0, 600), features(1, 600), seed=0)
    area, rate = found["membership_auc"], found["membership_tpr"]
    assert area.low < 0.5 < area.high and rate.low < 0.02 and 0.4 < area.value < 0.6


def test_area_and_rate_are_those_of_counting() -> None:
    members, others = features(4, 100)[:, 0] + 1, features(5, 150)[:, 0]
    found = attack(members, others, "x")
    pairs = members[:, None] - others[None]
    assert found["x_auc"].value == pytest.approx((pairs > 0).mean())
    assert found["x_auc"].value == pytest.approx(
        roc_auc_score([1] * 100 + [0] * 150, np.concatenate([members, others]))
    )
    assert found["x_auc"].low < found["x_auc"].value < found["x_auc"].high
    threshold = np.sort(others)[-2]  # of 150, one may lie above
    assert found["x_tpr"].value == (members > threshold).mean() and (others > threshold).mean() <= 0.01


def test_a_discriminator_that_learned_its_images_by_heart_is_found_out() -> None:
    rng = np.random.default_rng(0)
    training, held_out = (rng.integers(0, 256, (120, 16, 16, 1), dtype=np.uint8) for _ in range(2))
    torch.manual_seed(0)
    discriminator = DCGANDiscriminator(image_size=16, image_channels=1, width=16)
    images = torch.from_numpy(np.concatenate([training, held_out])).permute(0, 3, 1, 2).float() / 127.5 - 1
    truth = torch.tensor([1.0] * 120 + [0.0] * 120)
    optimizer = torch.optim.Adam(discriminator.parameters(), 2e-3)
    before = attack_by_discriminator(discriminator, Pictures(training), Pictures(held_out), 0)
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.binary_cross_entropy_with_logits(discriminator.train()(images).flatten(), truth).backward()
        optimizer.step()
    after = attack_by_discriminator(discriminator, Pictures(training), Pictures(held_out), 0)
    name = "membership_discriminator_auc"
    assert before[name].value < 0.65 and after[name].value > 0.9


def test_few_images_are_refused() -> None:
    with pytest.raises(ValueError, match="50 images of a kind are too few for membership; use 100 or more"):
        attack_by_distance(features(0, 90), features(1, 50), features(2, 90), 0)


def test_what_the_data_give_away_without_a_model_is_a_score_of_its_own() -> None:
    training, held_out = features(0, 400), 1.5 * features(1, 200)
    found = attack_by_distance(features(2, 500), training, held_out, seed=0)
    assert found["membership_auc"].value > 0.6  # though nothing was trained
    assert found["membership_auc_of_data"].value == pytest.approx(found["membership_auc"].value, abs=0.1)
