"""The objective of style transfer: nothing to learn costs nothing, an unchanged input costs 1 at every tap."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from hf_genimg.features import load_features
from hf_genimg.objectives.style import StyleTransfer, gram, shifted, variation

TAPS = ("first", "second")


class Fixed(nn.Module):
    """Gives the images that it was built with."""

    conditions = ("inputs",)

    def __init__(self, images: torch.Tensor) -> None:
        super().__init__()
        self.images = nn.Parameter(images)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.images


@pytest.fixture(scope="module")
def features() -> nn.Module:
    return load_features("digits")


def batch(count: int = 3) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    levels = torch.rand(2, count, 1, 7, 7)
    images = torch.nn.functional.interpolate(levels.flatten(0, 1), 28, mode="bilinear").view(2, count, 1, 28, 28)
    return {"inputs": images[0] * 2 - 1, "style": images[1] ** 3 * 2 - 1}


def terms(features: nn.Module, images: torch.Tensor, given: dict, **settings: object) -> dict[str, torch.Tensor]:
    networks = {"generator": Fixed(images), "features": features}
    return StyleTransfer(TAPS[1:], TAPS, **settings).generator(networks, given)


@pytest.mark.parametrize("statistics", ["moments", "gram"])
def test_the_scale_of_both_terms(features: nn.Module, statistics: str) -> None:
    given = batch()
    unchanged = terms(features, given["inputs"], given, statistics=statistics)
    assert unchanged["content"] == 0 and unchanged["style"].item() == pytest.approx(1, abs=0.01)
    copied = terms(features, given["style"], given, statistics=statistics)
    assert copied["style"] == 0 and copied["content"] > 0
    unrelated = terms(features, given["inputs"].roll(1, 0), given, statistics=statistics)
    assert unrelated["content"].item() == pytest.approx(1, abs=0.2)


def test_a_style_that_the_input_has_already_is_no_division_by_zero(features: nn.Module) -> None:
    given = batch()
    found = terms(features, given["inputs"] / 2, {**given, "style": given["inputs"]})
    assert 0 < found["style"] < 100


def test_weights_and_smoothness(features: nn.Module) -> None:
    given = batch()
    images = given["inputs"] / 2
    plain = terms(features, images, given)
    heavy = terms(features, images, given, content_weight=2.0, style_weight=3.0, smoothness=0.5)
    torch.testing.assert_close(heavy["content"], 2 * plain["content"])
    torch.testing.assert_close(heavy["style"], 3 * plain["style"])
    torch.testing.assert_close(heavy["smoothness"], 0.5 * variation(images))


def test_parts_of_one_style_have_one_target(features: nn.Module) -> None:
    given = batch()
    shuffled = {**given, "style": given["style"].roll(1, 0)}
    images = given["inputs"] / 2
    one = terms(features, images, given, one_style=True)["style"]
    torch.testing.assert_close(terms(features, images, shuffled, one_style=True)["style"], one)
    assert not torch.allclose(terms(features, images, shuffled)["style"], terms(features, images, given)["style"])


def test_images_of_a_batch_are_shifted_by_different_numbers_of_pixels() -> None:
    images = torch.arange(20.0).view(1, 1, 20, 1) * 100 + torch.arange(16.0).view(1, 1, 1, 16)
    found = shifted(images.expand(5, 3, 20, 16))
    assert found.shape == (5, 3, 17, 13)
    assert found[:, 0, 0, 0].tolist() == [0, 102, 201, 303, 0] and found[3, 1, -1, -1] == 1915
    assert shifted(images[..., :15]).shape == (1, 1, 20, 15)


def test_gram_matrices_are_of_all_pairs_of_channels() -> None:
    maps = torch.randn(1, 3, 4, 5)
    expected = torch.einsum("nchw,ndhw->ncd", maps, maps) / 20
    torch.testing.assert_close(gram(maps), expected.flatten(1))
    assert variation(torch.tensor([[[[0.0, 1.0], [0.0, 1.0]]]])) == 1


def test_gradients_reach_the_generator_alone(features: nn.Module) -> None:
    given, generator = batch(), Fixed(batch()["inputs"] / 2)
    sum(
        StyleTransfer(TAPS[1:], TAPS).generator({"generator": generator, "features": features}, given).values()
    ).backward()
    assert generator.images.grad.abs().sum() > 0
    assert all(p.grad is None for p in features.parameters())
