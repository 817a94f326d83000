"""Labels as ones and zeros, as rows, and mixed."""

from __future__ import annotations

import torch

from hf_genimg.layers.labels import one_hot, rows


def test_weights_on_one_class_are_that_class_and_others_lie_between() -> None:
    table, labels = torch.randn(5, 7, generator=torch.Generator().manual_seed(0)), torch.tensor([4, 0, 4])
    pure = one_hot(labels, 5)
    assert pure.tolist() == [[0, 0, 0, 0, 1], [1, 0, 0, 0, 0], [0, 0, 0, 0, 1]]
    assert torch.equal(rows(table, pure.float()), rows(table, labels)) and torch.equal(
        rows(table, labels), table[labels]
    )
    half = torch.tensor([[0.25, 0, 0.75, 0, 0]])
    assert one_hot(half, 5) is half
    torch.testing.assert_close(rows(table, half)[0], 0.25 * table[0] + 0.75 * table[2])
