"""CycleGAN's networks: published counts, sizes, norms, patches, and the feature maps that CUT compares."""

from __future__ import annotations

import pytest
import torch

from hf_genimg import CycleGANDiscriminator, CycleGANGenerator, ImageTranslationPipeline
from hf_genimg.models._patches import PatchProjector


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def count(network: torch.nn.Module) -> int:
    return sum(weights.numel() for weights in network.parameters())


def test_published_counts() -> None:
    with torch.device("meta"):
        assert count(CycleGANGenerator(blocks=6)) == 7_837_699
        assert count(CycleGANGenerator(width=32, blocks=6)) == 1_965_059
        assert count(CycleGANGenerator(width=32, blocks=3)) == 1_079_555
        assert count(CycleGANDiscriminator(width=32, stages=2, norm="batch")) == 167_841 - 2 * 0
        assert count(PatchProjector(CycleGANGenerator().feature_channels)) == 560_384  # the authors' F prints 0.560 M


def test_other_sizes_are_translated_and_instance_norm_sees_all_of_an_image() -> None:
    network = CycleGANGenerator(16, 1, 1, 2, 1)
    pipe = ImageTranslationPipeline(network.eval())
    assert pipe(noise(1, 1, 21, 34), output_type="pt").images.shape == (1, 1, 21, 34)
    assert network.halo is None
    inputs = noise(1, 1, 32, 32).requires_grad_()
    network(inputs)[0, 0, 2, 2].backward()
    assert inputs.grad[0, 0, -1, -1] != 0


def test_without_norms_the_level_of_an_image_is_seen_and_with_instance_norm_it_is_not() -> None:
    shifts = {}
    for norm in ("instance", "none"):
        torch.manual_seed(0)
        network = CycleGANGenerator(16, 3, 3, 8, 1, norm=norm).eval()
        inputs = 0.3 * noise(1, 3, 16, 16)
        shifts[norm] = float((network(inputs + 0.5) - network(inputs)).abs().mean().detach())
    assert shifts["instance"] < 1e-5 < 1e-3 < shifts["none"]


def test_without_norms_images_begin_near_grey_and_maps_keep_their_spread() -> None:
    torch.manual_seed(0)
    network = CycleGANGenerator(32, 3, 3, 16, 3, norm="none").eval()
    maps = network.feature_maps(noise(4, 3, 32, 32))
    assert all(0.2 < float(each.std().detach()) < 2 for each in maps)
    assert float(network(noise(4, 3, 32, 32)).std().detach()) < 0.2
    logits = CycleGANDiscriminator(32, 3, 16, 2, norm="none")(noise(4, 3, 32, 32))
    assert float(logits.std().detach()) < 0.3


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_without_instance_norm_tiles_leave_no_seams(norm: str) -> None:
    network = CycleGANGenerator(16, 1, 1, 2, 1, norm=norm).eval()
    for weights in network.parameters():
        torch.nn.init.normal_(weights, std=0.2)
    pipe = ImageTranslationPipeline(network)
    pipe.set_progress_bar_config(disable=True)
    inputs = noise(1, 1, 60, 72)
    whole, tiled = (pipe(inputs, tile_size=size, output_type="pt").images for size in (80, 16))
    torch.testing.assert_close(tiled, whole, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("stages", "side"), [(1, 16), (2, 34), (3, 70)])
def test_patches_have_their_size(stages: int, side: int) -> None:
    discriminator = CycleGANDiscriminator(128, 1, 2, stages, norm="batch").eval()
    images = torch.zeros(1, 1, 128, 128, requires_grad=True)
    logits = discriminator(images)
    logits[0, logits.shape[1] // 2, logits.shape[2] // 2].backward()
    seen = images.grad[0, 0].nonzero()
    assert (seen.amax(dim=0) - seen.amin(dim=0) + 1).tolist() == [side] * 2


@pytest.mark.parametrize("blocks", [1, 2, 9])
def test_feature_maps_have_their_channels(blocks: int) -> None:
    network = CycleGANGenerator(16, 3, 1, 2, blocks)
    assert [maps.shape[1] for maps in network.feature_maps(noise(1, 1, 16, 16))] == network.feature_channels


def test_impossible_ones_are_refused() -> None:
    with pytest.raises(ValueError, match="norm='layer' is not known; use one of instance, batch"):
        CycleGANGenerator(norm="layer")
    with pytest.raises(ValueError, match="stages=3 is not possible with image_size=16; use 1 to 2"):
        CycleGANDiscriminator(16, stages=3)
