"""Random projections of feature maps, against loops over their definition."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from hf_genimg.layers.feature_mixing import FeatureMixing


def maps_of(channels: tuple[int, ...], sizes: tuple[int, ...]) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [
        torch.randn(2, *shape, shape[-1], generator=generator).double() for shape in zip(channels, sizes, strict=True)
    ]


def convolved(maps: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Zeros outside, written as loops."""
    out, inside, kernel, _ = weight.shape
    count, _, height, width = maps.shape
    found = torch.zeros(count, out, height, width, dtype=maps.dtype)
    for image, to, row, column in itertools.product(range(count), range(out), range(height), range(width)):
        for of, down, right in itertools.product(range(inside), range(kernel), range(kernel)):
            y, x = row + down - kernel // 2, column + right - kernel // 2
            if 0 <= y < height and 0 <= x < width:
                found[image, to, row, column] += weight[to, of, down, right] * maps[image, of, y, x]
    return found


def doubled(maps: torch.Tensor) -> torch.Tensor:
    """Bilinear, corners on corners."""
    size = maps.shape[2]
    found = torch.zeros(*maps.shape[:2], 2 * size, 2 * size, dtype=maps.dtype)
    places = [index * (size - 1) / (2 * size - 1) for index in range(2 * size)]
    for (row, y), (column, x) in itertools.product(enumerate(places), enumerate(places)):
        top, left = min(math.floor(y), size - 2), min(math.floor(x), size - 2)
        for down, right in itertools.product((0, 1), (0, 1)):
            share = (1 - abs(y - top - down)) * (1 - abs(x - left - right))
            found[:, :, row, column] += share * maps[:, :, top + down, left + right]
    return found


@pytest.mark.parametrize("kernel", [1, 3])
def test_it_is_the_definition(kernel: int) -> None:
    maps = maps_of((2, 3), (4, 2))
    mixing = FeatureMixing((2, 3), out_channels=2, kernel=kernel).double()
    shallow, deep = (convolved(each, mixing.get_buffer(f"channel_mixing_{n}")) for n, each in enumerate(maps))
    below = convolved(doubled(deep), mixing.get_buffer("scale_mixing_1"))
    above = convolved(doubled(shallow + below), mixing.get_buffer("scale_mixing_0"))
    found = mixing(maps)
    assert [each.shape[1] for each in found] == list(mixing.channels) == [2, 2]
    torch.testing.assert_close(found[0], above)
    torch.testing.assert_close(found[1], below)
    alone = FeatureMixing((2, 3), out_channels=2, cross_scale=False).double()
    assert alone.channels == (2, 4)
    for one, other in zip(alone(maps), (shallow, deep), strict=True):
        torch.testing.assert_close(one, other)


def test_the_shapes_are_those_of_projected_gan() -> None:
    """EfficientNet-Lite0 at 256 pixels, C = 64: results of 64, 64, 128 and 256 channels, at 128, 64, 32 and 16."""
    mixing = FeatureMixing((24, 40, 112, 320)).to("meta")
    sizes = zip((24, 40, 112, 320), (64, 32, 16, 8), strict=True)
    found = mixing([torch.zeros(1, channels, size, size, device="meta") for channels, size in sizes])
    assert [tuple(each.shape[1:]) for each in found] == [(64, 128, 128), (64, 64, 64), (128, 32, 32), (256, 16, 16)]


def test_odd_sizes_meet() -> None:
    found = FeatureMixing((2, 3, 4), out_channels=2).double()(maps_of((2, 3, 4), (9, 5, 3)))
    assert [each.shape[2] for each in found] == [18, 9, 5]


def test_the_weights_are_saved_and_never_trained() -> None:
    mixing = FeatureMixing((2, 3), out_channels=2)
    assert not list(mixing.parameters())
    state = mixing.state_dict()
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == {
        "channel_mixing_0": (2, 2, 1, 1),
        "channel_mixing_1": (4, 3, 1, 1),
        "scale_mixing_0": (2, 2, 3, 3),
        "scale_mixing_1": (2, 4, 3, 3),
    }
    other = FeatureMixing((2, 3), out_channels=2, seed=1)
    assert not torch.equal(other.state_dict()["scale_mixing_1"], state["scale_mixing_1"])
    other.load_state_dict(state)
    maps = [each.float() for each in maps_of((2, 3), (4, 2))]
    assert all(torch.equal(*both) for both in zip(other(maps), mixing(maps), strict=True))


def test_the_seed_is_all_that_the_weights_depend_on() -> None:
    torch.manual_seed(5)
    first = FeatureMixing((2, 3)).state_dict()
    following = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(torch.rand(1), following), "the global generator is left alone"
    second = FeatureMixing((2, 3)).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_variance_is_kept_and_nothing_is_lost_across_channels() -> None:
    mixing = FeatureMixing((32, 64), out_channels=64, cross_scale=False)
    generator = torch.Generator().manual_seed(0)
    maps = [torch.randn(4, 32, 32, 32, generator=generator), torch.randn(4, 64, 16, 16, generator=generator)]
    for each in mixing(maps):
        assert each.var().item() == pytest.approx(1, rel=0.15)
    weight = mixing.get_buffer("channel_mixing_0").flatten(1)
    assert torch.linalg.matrix_rank(weight) == 32, "injective: all channels can be recovered"


def test_gradients_reach_every_map() -> None:
    maps = [each.requires_grad_() for each in maps_of((2, 3), (4, 2))]
    mixing = FeatureMixing((2, 3), out_channels=2).double()
    assert torch.autograd.gradcheck(lambda *given: tuple(mixing(given)), tuple(maps))


@pytest.mark.parametrize("wrong", [{"in_channels": ()}, {"in_channels": (2,), "kernel": 2}])
def test_what_does_not_fit_is_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match="give one map or more, and 1 or 3"):
        FeatureMixing(**wrong)
