"""Losses against closed forms."""

from __future__ import annotations

import math

import pytest
import torch

from hf_genimg.losses.adversarial import fake_loss, real_loss

LOGITS = torch.tensor([-3.0, -0.5, 0.0, 1.25, 4.0], dtype=torch.float64)


def test_real_loss_is_minus_the_log_of_the_probability() -> None:
    expected = -sum(math.log(1 / (1 + math.exp(-x))) for x in LOGITS.tolist()) / len(LOGITS)
    assert real_loss(LOGITS).item() == pytest.approx(expected, rel=1e-12)


def test_fake_loss_is_minus_the_log_of_the_other_probability() -> None:
    expected = -sum(math.log(1 - 1 / (1 + math.exp(-x))) for x in LOGITS.tolist()) / len(LOGITS)
    assert fake_loss(LOGITS).item() == pytest.approx(expected, rel=1e-12)


def test_sure_logits_do_not_overflow() -> None:
    assert real_loss(torch.tensor([-1e4])).item() == pytest.approx(1e4)
    assert fake_loss(torch.tensor([-1e4])).item() == 0
