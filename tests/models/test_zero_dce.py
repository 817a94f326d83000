"""Zero-DCE: curves that brighten, range, and its losses in closed form."""

from __future__ import annotations

import pytest
import torch

from hf_genimg import ZeroDCEGenerator
from hf_genimg.losses.exposure import colour_constancy, exposure, spatial_consistency, total_variation
from hf_genimg.objectives.exposure import ZeroReference


def test_curves_below_0_brighten_and_keep_black_and_white() -> None:
    network = ZeroDCEGenerator(8, 1, 1, 4)
    inputs = torch.linspace(-1, 1, 64).view(1, 1, 8, 8)
    made = network.brightened(inputs, torch.full((1, 8, 8, 8), -0.5))
    level = 0.25
    for _ in range(8):
        level += -0.5 * (level**2 - level)
    at = network.brightened(torch.full((1, 1, 1, 1), -0.5), torch.full((1, 8, 1, 1), -0.5))
    assert at.item() == pytest.approx(2 * level - 1, abs=1e-6)
    assert (made >= inputs - 1e-6).all() and made.min().item() == -1 and made.max().item() == pytest.approx(1)
    assert network.brightened(inputs, torch.ones(1, 8, 8, 8)).min() >= -1


def test_losses_in_closed_form() -> None:
    flat = torch.full((2, 3, 16, 16), 0.5)
    assert exposure(flat, 0.6).item() == pytest.approx(0.01, abs=1e-6)
    assert colour_constancy(flat).item() == pytest.approx(0, abs=1e-5)
    tinted = flat.clone()
    tinted[:, 0] = 0.7
    assert colour_constancy(tinted).item() == pytest.approx((2 * 0.2**4) ** 0.5, abs=1e-5)
    assert total_variation(flat).item() == 0
    stripes = torch.zeros(1, 1, 4, 4)
    stripes[..., ::2] = 1
    assert total_variation(stripes).item() == pytest.approx(2.0)
    step = torch.zeros(1, 1, 4, 8)
    step[..., 4:] = 1
    assert spatial_consistency(step, torch.zeros_like(step)).item() == pytest.approx(1.0)  # one neighbour each
    assert spatial_consistency(step, step + 0.3).item() == pytest.approx(0, abs=1e-9)


def test_targets_are_not_trained_on() -> None:
    network = ZeroDCEGenerator(16, 1, 1, 4)
    inputs = torch.rand(2, 1, 16, 16) * 2 - 1
    one, other = (
        ZeroReference().generator({"generator": network}, {"inputs": inputs, "images": i}) for i in (inputs, -inputs)
    )
    assert all(torch.equal(one[name], other[name]) for name in one)
    sum(one.values()).backward()
    assert all(weights.grad is not None for weights in network.parameters())
