"""Penalties against closed forms, finite differences, and double backward by gradcheck."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from hf_genimg.losses.regularization import around, between, gradient_norms, one_centered, zero_centered

torch.manual_seed(0)
WEIGHT = torch.randn(2, 3, 3, dtype=torch.float64)


def linear(images: torch.Tensor) -> torch.Tensor:
    return (images * WEIGHT).sum((1, 2, 3))


def quadratic(images: torch.Tensor) -> torch.Tensor:
    return 0.5 * images.square().sum((1, 2, 3))


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(5, 2, 3, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_slopes_of_known_functions(images: torch.Tensor) -> None:
    torch.testing.assert_close(gradient_norms(linear, images), WEIGHT.norm().expand(5))
    torch.testing.assert_close(gradient_norms(quadratic, images), images.flatten(1).norm(dim=1))


def test_penalties_of_known_functions(images: torch.Tensor) -> None:
    norms = images.flatten(1).norm(dim=1)
    torch.testing.assert_close(zero_centered(quadratic, images), 0.5 * (norms**2).mean())
    torch.testing.assert_close(one_centered(quadratic, images), ((norms - 1) ** 2).mean())
    small = images * 0.01  # gradient_norms far below 1
    assert one_centered(quadratic, small, one_sided=True) == 0
    assert one_centered(quadratic, small) > 0.8


def test_slopes_against_finite_differences(images: torch.Tensor) -> None:
    critic = nn.Sequential(nn.Flatten(), nn.Linear(18, 7), nn.Tanh(), nn.Linear(7, 1)).double()
    step, numeric = 1e-6, []
    for image in images:
        gradient = [
            (critic((image + bump.view_as(image))[None]) - critic((image - bump.view_as(image))[None])).item()
            / (2 * step)
            for bump in torch.eye(18, dtype=torch.float64) * step
        ]
        numeric.append(torch.tensor(gradient, dtype=torch.float64).norm())
    torch.testing.assert_close(
        gradient_norms(lambda x: critic(x).squeeze(1), images), torch.stack(numeric), rtol=1e-6, atol=1e-8
    )


@pytest.mark.parametrize("penalty", [zero_centered, one_centered, lambda d, x: one_centered(d, x, one_sided=True)])
def test_double_backward(penalty: object, images: torch.Tensor) -> None:
    def of_weight(weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        return penalty(lambda x: torch.tanh(x.flatten(1) @ weight + bias).sum(1), images)

    weight = (3 * torch.randn(18, 2, dtype=torch.float64)).requires_grad_()
    bias = torch.randn(2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(of_weight, (weight, bias))


def test_penalties_stay_in_fp32_under_autocast(images: torch.Tensor) -> None:
    critic = nn.Sequential(nn.Flatten(), nn.Linear(18, 4), nn.Tanh(), nn.Linear(4, 1))
    plain = zero_centered(critic, images.float())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = zero_centered(critic, images.bfloat16().float())
        torch.testing.assert_close(inside, zero_centered(critic, images.bfloat16()), rtol=0, atol=0)
    assert inside.dtype == torch.float32
    torch.testing.assert_close(inside, plain, rtol=2e-2, atol=0)  # the images themselves were rounded


def test_points_between_lie_on_the_line() -> None:
    real, fake = torch.full((1000, 1, 2, 2), 2.0), torch.full((1000, 1, 2, 2), 6.0)
    share = (between(real, fake) - 2) / 4
    assert (share.flatten(1).std(1) == 0).all(), "one point on the line for each image, not for each pixel"
    assert 0 <= share.min() < 0.05
    assert 0.95 < share.max() <= 1
    assert abs(share.mean() - 0.5) < 0.05


def test_points_around_stay_within_half_a_deviation() -> None:
    real = torch.randn(500, 1, 4, 4)
    moved = around(real) - real
    assert moved.min() >= 0
    assert moved.max() <= 0.5 * real.std()
    assert abs(moved.mean() - 0.25 * real.std()) < 0.01
