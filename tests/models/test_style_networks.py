"""Style networks: statistics, several styles, regions and colours, each against its definition."""

from __future__ import annotations

import pytest
import torch

import hf_genimg
from hf_genimg.features.statistics import channel_statistics
from hf_genimg.layers.style import adaptive_instance_norm, statistics_of, weighted, with_colours_of


@pytest.fixture
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return hf_genimg.AdaINTranslator(16, 3, 3, width=2).eval()


def pictures(*shapes: tuple[int, int]) -> list[torch.Tensor]:
    torch.manual_seed(1)
    return [torch.rand(2, 3, *shape) * 2 - 1 for shape in shapes]


def test_both_halves_have_the_published_parameter_count() -> None:
    with torch.device("meta"):
        network = hf_genimg.AdaINTranslator()
    assert sum(p.numel() for p in network.decoder.parameters()) == 3_505_219
    assert sum(p.numel() for p in network.encoder.parameters()) == 3_505_728


def test_maps_get_the_statistics_of_the_style() -> None:
    content, style = torch.randn(2, 4, 8, 8), 3 * torch.randn(2, 4, 5, 6) + 1
    found = adaptive_instance_norm(content, style)
    for made, wanted in zip(statistics_of(found), statistics_of(style), strict=True):
        torch.testing.assert_close(made, wanted, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(statistics_of(style)[1][..., 0, 0], style.std((2, 3)), rtol=1e-4, atol=1e-4)


def test_strength_goes_from_the_content_to_the_style(network: torch.nn.Module) -> None:
    inputs, style = pictures((16, 24), (8, 40))
    torch.testing.assert_close(network(inputs, style, 0.0), network.decoder(network.encoder(inputs)).clamp(-1, 1))
    torch.testing.assert_close(network(inputs, inputs), network(inputs, style, 0.0), rtol=1e-3, atol=1e-4)
    half, full = network(inputs, style, 0.5), network(inputs, style)
    assert half.shape == inputs.shape and not torch.allclose(half, full)


def test_styles_are_mixed_by_their_weights(network: torch.nn.Module) -> None:
    inputs, one, other = pictures((16, 16), (16, 16), (24, 16))
    torch.testing.assert_close(network.stylize(inputs, [one, other], weights=[2, 0]), network(inputs, one))
    mixed = network.stylize(inputs, [one, other])
    torch.testing.assert_close(mixed, network.stylize(inputs, [other, one], weights=[3, 3]))
    assert not torch.allclose(mixed, network(inputs, one))
    with pytest.raises(ValueError, match=r"weights=\[0, 0\] must be one for each of 2 styles"):
        weighted([one, one], [0, 0])


def test_each_style_stays_in_its_region(network: torch.nn.Module) -> None:
    inputs, one, other = pictures((16, 128), (16, 16), (24, 16))
    left = torch.zeros(2, 1, 16, 128)
    left[..., :64] = 1
    both = network.stylize(inputs, [one, other], masks=[left, 1 - left])
    torch.testing.assert_close(both[..., :4], network(inputs, one)[..., :4])
    torch.testing.assert_close(both[..., -4:], network(inputs, other)[..., -4:])
    with pytest.raises(ValueError, match="masks are 1 for 2 styles; give one for each"):
        network.stylize(inputs, [one, other], masks=[left])


def test_colours_become_those_of_the_reference() -> None:
    images, reference = torch.rand(2, 3, 30, 30) - 0.5, 0.3 * torch.randn(2, 3, 20, 10).clamp(-2, 2)
    found = with_colours_of(0.3 * images, 0.2 * reference)
    for made, wanted in zip(found.flatten(2), 0.2 * reference.flatten(2), strict=True):
        torch.testing.assert_close(made.mean(1), wanted.mean(1), rtol=0, atol=1e-3)
        torch.testing.assert_close(torch.cov(made), torch.cov(wanted), rtol=0.05, atol=1e-4)


def test_keeping_colours_makes_the_style_neutral_to_hue(network: torch.nn.Module) -> None:
    inputs, style = pictures((16, 16), (16, 16))
    expected = network(inputs, with_colours_of(style, inputs))
    torch.testing.assert_close(network.stylize(inputs, [style], keep_colours=True), expected)


def test_one_style_and_any_size() -> None:
    network = hf_genimg.FastStyleTranslator(16, width=2, num_blocks=1).eval()
    (inputs,) = pictures((20, 32))
    mean, deviation = channel_statistics(inputs, eps=0.001)
    begin = network(inputs)
    torch.testing.assert_close(begin, (0.5 * (inputs - mean) / deviation).clamp(-1, 1), msg="the picture, normalised")
    torch.testing.assert_close(network(0.1 * inputs + 0.5).std(), begin.std(), rtol=0.3, atol=0, msg="of any contrast")
    torch.nn.init.normal_(network.layers[-1].weight)
    made = network(inputs)
    assert made.shape == inputs.shape and made.abs().max() <= 1 and not torch.allclose(made, begin)
    assert network.train()(inputs).abs().max() > 1, "what lies outside has a gradient in training"
    assert hf_genimg.FastStyleTranslator(16, 3, 1, width=2)(inputs[:, :1]).shape == inputs.shape


def test_edges_are_made_like_the_rest_of_a_picture() -> None:
    network = hf_genimg.FastStyleTranslator(16, width=2, num_blocks=1).eval()
    torch.nn.init.normal_(network.layers[-1].weight)
    waves = torch.cos(2 * torch.pi / 8 * torch.arange(80) * torch.arange(1, 4)[:, None])  # a mirror image about 0
    made = network((waves[:, :, None] * waves.flip(0)[:, None])[None])
    torch.testing.assert_close(made[..., :16, :16], made[..., 32:48, 32:48], rtol=0, atol=0.01)
    assert network(torch.rand(1, 3, 4, 8)).shape == (1, 3, 4, 8), "a side shorter than the margin"
