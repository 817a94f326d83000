"""Norms, attention, resampling and residual blocks against loops over positions, in float64."""

from __future__ import annotations

import torch

from hf_genimg.layers.attention import SelfAttention
from hf_genimg.layers.conditional_norm import ClassBatchNorm2d, LinearBatchNorm2d
from hf_genimg.layers.resampling import doubled, halved
from hf_genimg.layers.residual import DownBlock


def normal(*shape: int) -> torch.Tensor:
    torch.manual_seed(sum(shape))
    return torch.randn(shape, dtype=torch.float64)


def shake(module: torch.nn.Module) -> torch.nn.Module:
    torch.manual_seed(3)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter)
    return module.double()


def normalised(maps: torch.Tensor, eps: float = 1e-5) -> torch.Tensor:
    out = torch.empty_like(maps)
    for channel in range(maps.shape[1]):
        values = maps[:, channel]
        out[:, channel] = (values - values.mean()) / (values.var(unbiased=False) + eps).sqrt()
    return out


def test_a_gain_and_an_offset_for_each_class() -> None:
    norm, maps, labels = shake(ClassBatchNorm2d(3, 4)), normal(5, 3, 2, 2), torch.tensor([0, 3, 1, 1, 2])
    expected = normalised(maps)
    for image, label in enumerate(labels):
        for channel in range(3):
            expected[image, channel] *= norm.gain.weight[label, channel]
            expected[image, channel] += norm.offset.weight[label, channel]
    torch.testing.assert_close(norm(maps, labels), expected)


def test_a_gain_and_an_offset_linear_in_a_condition() -> None:
    norm, maps, condition = shake(LinearBatchNorm2d(3, 4)), normal(5, 3, 2, 2), normal(5, 4)
    expected = normalised(maps, 1e-4)
    for image in range(5):
        for channel in range(3):
            expected[image, channel] *= 1 + (norm.gain.weight[channel] * condition[image]).sum()
            expected[image, channel] += (norm.offset.weight[channel] * condition[image]).sum()
    torch.testing.assert_close(norm(maps, condition), expected)


def test_attention_position_by_position() -> None:
    layer, maps = shake(SelfAttention(8)), normal(2, 8, 4, 4)
    query, key, value, output = (
        getattr(layer, name).weight[:, :, 0, 0] for name in ("query", "key", "value", "output")
    )
    cells = [(row, column) for row in (0, 2) for column in (0, 2)]
    expected = maps.clone()
    for image in range(2):
        best = lambda weight, cell: torch.stack(  # noqa: E731 (the largest of a cell's four, channel by channel)
            [weight @ maps[image, :, cell[0] + down, cell[1] + right] for down in (0, 1) for right in (0, 1)]  # noqa: B023
        ).amax(0)
        for row in range(4):
            for column in range(4):
                asked = query @ maps[image, :, row, column]
                scores = [(asked * best(key, cell)).sum().exp() for cell in cells]
                answer = sum(score / sum(scores) * best(value, cell) for score, cell in zip(scores, cells, strict=True))
                expected[image, :, row, column] += layer.strength * (output @ answer)
    torch.testing.assert_close(layer(maps), expected)


def test_attention_begins_as_the_identity() -> None:
    maps = torch.randn(1, 8, 4, 4)
    assert torch.equal(SelfAttention(8)(maps), maps)


def test_halving_weighs_nine_neighbours() -> None:
    maps, taps = normal(1, 2, 4, 6), (0.25, 0.5, 0.25)
    expected = torch.zeros(1, 2, 2, 3, dtype=torch.float64)
    for row in range(2):
        for column in range(3):
            for down in (-1, 0, 1):
                for right in (-1, 0, 1):
                    r, c = 2 * row + down, 2 * column + right
                    if 0 <= r < 4 and 0 <= c < 6:
                        expected[:, :, row, column] += taps[down + 1] * taps[right + 1] * maps[:, :, r, c]
    torch.testing.assert_close(halved(maps), expected)


def test_doubling_is_halving_turned_round() -> None:
    """The inner products <doubled(a), b> and 4 <a, halved(b)> are equal: one is the other's transpose, times 4."""
    small, large = normal(1, 2, 3, 4), normal(1, 2, 6, 8)
    torch.testing.assert_close((doubled(small) * large).sum(), 4 * (small * halved(large)).sum())
    inside = doubled(torch.ones(1, 1, 4, 4, dtype=torch.float64))[:, :, :-1, :-1]
    torch.testing.assert_close(inside, torch.ones_like(inside))


def test_a_block_that_halves_takes_means_of_four() -> None:
    """With convolutions that give zero, only the shortcut is left: 1x1, then the mean of each four."""
    block = shake(DownBlock(2, 3, half=True))
    torch.nn.init.zeros_(block.second.weight)
    torch.nn.init.zeros_(block.second.bias)
    maps = normal(1, 2, 4, 4)
    expected = torch.zeros(1, 3, 2, 2, dtype=torch.float64)
    for row in range(2):
        for column in range(2):
            for down in (0, 1):
                for right in (0, 1):
                    pixel = maps[0, :, 2 * row + down, 2 * column + right]
                    expected[0, :, row, column] += (block.shortcut.weight[:, :, 0, 0] @ pixel + block.shortcut.bias) / 4
    torch.testing.assert_close(block(maps), expected)
