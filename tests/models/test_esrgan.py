"""ESRGAN's generator: published counts, both scales, tiles without seams."""

from __future__ import annotations

import pytest
import torch

from hf_genimg import ESRGANGenerator, ImageTranslationPipeline, SRGANDiscriminator


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def count(network: torch.nn.Module) -> int:
    return sum(weights.numel() for weights in network.parameters())


def test_published_counts() -> None:
    with torch.device("meta"):
        assert count(ESRGANGenerator(scale=2)) == 16_703_171
        assert count(ESRGANGenerator(blocks=6)) == 4_467_779
        assert count(ESRGANGenerator(width=32, growth=16, blocks=3)) == 578_755


@pytest.mark.parametrize("scale", [2, 4])
def test_tiles_leave_no_seams(scale: int) -> None:
    network = ESRGANGenerator(16, 1, 1, 4, 2, 1, scale).eval()
    for weights in network.parameters():
        torch.nn.init.normal_(weights, std=0.2)
    pipe = ImageTranslationPipeline(network)
    pipe.set_progress_bar_config(disable=True)
    inputs = noise(1, 1, 50, 61) / 4
    whole, tiled = (pipe(inputs, tile_size=size, output_type="pt").images for size in (64, 16))
    assert whole.shape == (1, 1, 50 * scale, 61 * scale)
    torch.testing.assert_close(tiled, whole, rtol=0, atol=1e-5)


def test_impossible_ones_are_refused() -> None:
    with pytest.raises(ValueError, match="scale=3 is not known; use one of 2, 4"):
        ESRGANGenerator(scale=3)
    with pytest.raises(ValueError, match="image_size=40 is not a multiple of 16"):
        SRGANDiscriminator(40)
