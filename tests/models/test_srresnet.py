"""SRResNet: counts at scale 2, the enlarged input that it starts from, any size in tiles without seams."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from hf_genimg import ImageTranslationPipeline, MSRResNetGenerator, SRResNetGenerator
from hf_genimg.models._network import TranslationNetwork


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_scale_2_has_the_published_count() -> None:
    with torch.device("meta"):
        assert sum(p.numel() for p in MSRResNetGenerator(scale=2).parameters()) == 1_369_859


@pytest.mark.parametrize("shortcut", ["bilinear", "bicubic"])
def test_starts_from_the_enlarged_input(shortcut: str) -> None:
    network, inputs = MSRResNetGenerator(width=4, blocks=1, scale=3, shortcut=shortcut), noise(1, 3, 5, 7)
    torch.nn.init.zeros_(network.enlarge[-1].weight)
    expected = F.interpolate(inputs, scale_factor=3, mode=shortcut, align_corners=False)
    torch.testing.assert_close(network(inputs), expected)
    assert network.eval()(inputs).abs().max() <= 1


@pytest.mark.parametrize("tail", ["convolutions", "subpixel"])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_every_scale_and_tail(scale: int, tail: str) -> None:
    network = MSRResNetGenerator(width=4, blocks=1, scale=scale, tail=tail).eval()
    assert network(noise(1, 3, 6, 4)).shape == (1, 3, 6 * scale, 4 * scale)


def test_in_training_no_pixel_is_clipped() -> None:
    network = MSRResNetGenerator(width=4, blocks=1)
    network.enlarge[-1].bias.data.fill_(3.0)
    inputs = noise(1, 3, 6, 6)
    assert network(inputs).max() > 1 and network.eval()(inputs).max() <= 1


@pytest.mark.parametrize(
    "network",
    [
        SRResNetGenerator(width=4, blocks=2, scale=2),
        MSRResNetGenerator(width=4, blocks=2, scale=4),
        MSRResNetGenerator(width=4, blocks=2, scale=3, tail="subpixel", shortcut="bicubic"),
    ],
)
def test_tiles_leave_no_seams(network: TranslationNetwork) -> None:
    for weights in network.parameters():
        torch.nn.init.normal_(weights, std=0.2)
    pipe = ImageTranslationPipeline(network.eval())
    pipe.set_progress_bar_config(disable=True)
    inputs = noise(1, 3, 40, 52) / 4
    whole, tiled = (pipe(inputs, tile_size=size, output_type="pt").images for size in (64, 24))
    torch.testing.assert_close(tiled, whole, rtol=0, atol=1e-5)


def test_what_it_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="scale=8 is not known; use one of 2, 3, 4"):
        SRResNetGenerator(scale=8)
    with pytest.raises(ValueError, match="tail='conv' is not known; use one of convolutions, subpixel"):
        MSRResNetGenerator(tail="conv")
    with pytest.raises(ValueError, match="input_channels=3 cannot be added to image_channels=1; use shortcut=none"):
        MSRResNetGenerator(image_channels=1)
