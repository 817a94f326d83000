"""Spectral norm against singular values, and its vector moves once per update."""

from __future__ import annotations

import copy

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


def test_forwards_before_a_backward_pass_share_one_result() -> None:
    module, inputs = spectral_norm(nn.Linear(4, 3)), torch.randn(2, 4)
    shared = module.weight
    assert module.weight is shared
    (module(inputs) + module(inputs)).sum().backward()
    gradient = module.parametrizations.weight.original.grad.clone()
    assert module.weight is not shared, "its graph is gone"
    module.parametrizations.weight.original.grad = None
    module(inputs).sum().backward()
    module(inputs).sum().backward()
    torch.testing.assert_close(module.parametrizations.weight.original.grad, gradient)


@pytest.mark.parametrize("fused", [True, False])
def test_a_result_is_not_shared_with_other_weights_vectors_or_modes(fused: bool) -> None:
    module = spectral_norm(nn.Linear(4, 3))
    optimizer = torch.optim.Adam(module.parameters(), 0.1, fused=fused)
    with torch.no_grad():
        apart = module.weight
    assert module.weight.requires_grad and not apart.requires_grad
    before = module.weight.detach().clone()
    (module.weight * torch.randn(3, 4)).sum().backward()  # after which a fused optimizer moves weights unseen
    optimizer.step()
    assert not torch.equal(module.weight, before)
    before = module.weight.detach().clone()
    module.parametrizations.weight[0].u.add_(1)
    assert not torch.equal(module.weight, before)
    assert copy.deepcopy(module).weight is not module.weight, "a graph cannot be copied"
    assert module.eval().weight is not module.weight


def test_a_result_is_not_shared_with_weights_that_come_to_lie_at_the_same_address() -> None:
    module = spectral_norm(nn.Conv2d(16, 16, 3))
    original, before = module.parametrizations.weight.original, module.weight.detach().clone()
    for _ in range(20):  # one of which gets the memory that the first weights gave back
        original.data = torch.randn(16, 16, 3, 3)
        original.data = original.data.to(memory_format=torch.channels_last)
        assert not torch.equal(module.weight, before)
        before = module.weight.detach().clone()
