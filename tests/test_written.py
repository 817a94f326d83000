"""Tensors that were written to, replaced or moved are noticed, at whatever address the new ones lie."""

from __future__ import annotations

import pytest
import torch

from hf_genimg.written import Written


def test_what_was_not_touched_is_equal() -> None:
    tensors = [torch.zeros(3), torch.ones(2, 2)]
    assert Written(tensors) == Written(tensors)
    assert hash(Written(tensors)) == hash(Written(tensors))
    assert Written(tensors) != Written(tensors[:1])
    assert Written([]) != []


@pytest.mark.parametrize("change", [lambda tensor: tensor.add_(1), lambda tensor: tensor[0].fill_(2)])
def test_what_was_written_to_is_unequal(change: object) -> None:
    tensor = torch.zeros(3)
    before = Written([tensor])
    change(tensor)
    assert Written([tensor]) != before


def test_no_other_values_come_to_lie_at_the_same_address() -> None:
    parameter = torch.nn.Parameter(torch.zeros(4096))
    for _ in range(20):
        before = Written([parameter])
        parameter.data = torch.ones(4096)  # frees the old values
        parameter.data = parameter.data.clone()  # which may take their place
        assert Written([parameter]) != before
