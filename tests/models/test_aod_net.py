"""AOD-Net: its formula with a known K, what a pixel depends on, and what it refuses."""

from __future__ import annotations

import pytest
import torch

from hf_genimg import AODNetGenerator


def constant_factors(value: float) -> AODNetGenerator:
    network = AODNetGenerator(16)
    for weights in network.parameters():
        weights.data.zero_()
    network.layers[-1].bias.data.fill_(value)
    return network


def test_a_factor_of_one_is_the_input_and_a_larger_one_stretches_from_white() -> None:
    inputs = torch.linspace(-1, 1, 3 * 256).view(1, 3, 16, 16)
    torch.testing.assert_close(constant_factors(1.0).eval()(inputs), inputs)
    # J = K I - K + 1: what is at 1 stays, distances to it are doubled; below 0 it is cut off
    torch.testing.assert_close(constant_factors(2.0).eval()(inputs), (2 * inputs - 1).clamp(min=-1))
    assert (constant_factors(-1.0).eval()(inputs) == 1).all(), "K is not negative"


def test_haze_of_one_transmission_is_removed_by_its_factor() -> None:
    clear, transmission = torch.rand(1, 3, 16, 16), 0.5
    hazy = clear * transmission + 1 - transmission  # A = 1: K = (J - 1) / (I - 1) = 1 / t
    made = constant_factors(1 / transmission).eval()(2 * hazy - 1)
    torch.testing.assert_close(made, 2 * clear - 1, rtol=0, atol=1e-5)


def test_an_output_depends_on_its_halo_and_no_further() -> None:
    torch.manual_seed(0)
    network = AODNetGenerator(33)
    for weights in network.parameters():
        weights.data.abs_().add_(0.05)  # no ReLU is dead
    inputs = torch.rand(1, 3, 33, 33).mul(2).sub(1).requires_grad_()
    network.factors(inputs * 0.5 + 0.5)[0, :, 16, 16].sum().backward()
    reached = inputs.grad[0].abs().sum(0).nonzero()
    assert network.halo == 7 and reached.min().item() == 16 - 7 and reached.max().item() == 16 + 7


def test_unequal_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="input_channels=1 differs from image_channels=3; use equal ones"):
        AODNetGenerator(16, 3, 1)
