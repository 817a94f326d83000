"""Spectral norm against singular values, and its vector moves once per update."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from hf_genimg.layers.spectral_norm import spectral_norm
from hf_genimg.training.moving import moving_in


@pytest.mark.parametrize("make", [lambda: nn.Linear(5, 7), lambda: nn.Conv2d(3, 6, 3), lambda: nn.Embedding(4, 5)])
def test_the_weight_divided_by_its_largest_singular_value(make: object) -> None:
    torch.manual_seed(0)
    module = make().double()
    plain = module.weight.detach().clone()
    spectral_norm(module).double()
    for _ in range(300):
        module.weight  # noqa: B018 (a forward)
        for part in moving_in(module):
            part.after_update()
    largest = torch.linalg.svdvals(plain.flatten(1))[0]
    torch.testing.assert_close(module.weight, plain / largest)


def test_one_step_by_hand_and_its_gradient() -> None:
    torch.manual_seed(1)
    module = spectral_norm(nn.Linear(4, 3, bias=False).double()).double()
    original, u = module.parametrizations.weight.original, module.parametrizations.weight[0].u.clone()
    v = original.detach().T @ u
    v = v / v.norm()
    u = original.detach() @ v
    u = u / u.norm()
    probe = torch.randn(3, 4, dtype=torch.float64)
    (module.weight * probe).sum().backward()
    by_hand = original.detach().clone().requires_grad_()
    (by_hand / (u @ by_hand @ v) * probe).sum().backward()
    torch.testing.assert_close(original.grad, by_hand.grad)


def test_forwards_move_nothing_and_an_update_moves_once() -> None:
    module = spectral_norm(nn.Linear(4, 3))
    norm = module.parametrizations.weight[0]
    before, inputs = norm.u.clone(), torch.randn(2, 4)
    first = module(inputs)
    torch.testing.assert_close(module(inputs), first, rtol=0, atol=0)
    assert torch.equal(norm.u, before)
    for part in moving_in(module):
        part.after_update()
    moved = norm.u.clone()
    assert not torch.equal(moved, before)
    for part in moving_in(module):
        part.after_update()
    assert torch.equal(norm.u, moved), "without a forward there is nothing to go on to"
