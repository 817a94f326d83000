"""The residual pair at every size, and with classes."""

from __future__ import annotations

import pytest
import torch

import hf_genimg

COUNTS = {
    32: (4_276_739, 1_053_825),
    48: (4_878_083, 10_141_441),
    64: (12_220_675, 10_141_441),
    128: (32_150_787, 29_017_857),
}


def count(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("size", list(COUNTS))
def test_every_size_has_the_published_parameter_count(size: int) -> None:
    with torch.device("meta"):
        pair = hf_genimg.SNGANGenerator(image_size=size), hf_genimg.SNGANDiscriminator(image_size=size)
    assert tuple(map(count, pair)) == COUNTS[size]


def test_projection_has_the_published_parameter_count() -> None:
    with torch.device("meta"):
        assert count(hf_genimg.SNGANGenerator(num_classes=10)) == 4_304_387
        assert count(hf_genimg.SNGANDiscriminator(num_classes=10)) == 1_055_105


@pytest.mark.parametrize("size", list(COUNTS))
@pytest.mark.parametrize("family", ["SNGAN", "SAGAN"])
def test_every_size_is_generated_and_discriminated(family: str, size: int) -> None:
    width = 1 if family == "SNGAN" else 8
    generator = getattr(hf_genimg, f"{family}Generator")(
        image_size=size, image_channels=1, latent_dim=3, num_classes=2, width=width
    )
    discriminator = getattr(hf_genimg, f"{family}Discriminator")(
        image_size=size, image_channels=1, num_classes=2, width=width
    )
    labels = torch.tensor([0, 1])
    with torch.no_grad():
        images = generator(generator.sample_latents(2), labels)
        assert images.shape == (2, 1, size, size)
        assert discriminator(images, labels).shape == (2,)


def test_projection_is_an_inner_product() -> None:
    """Eq. 3 of arXiv:1802.05637: what a class changes is its vector's product with the features."""
    torch.manual_seed(0)
    network = hf_genimg.SNGANDiscriminator(num_classes=3, width=2).double().eval()
    images = torch.rand(4, 3, 32, 32, dtype=torch.float64)
    zero, two = (network(images, torch.full((4,), label)) for label in (0, 2))
    vectors = network.classes.weight
    torch.testing.assert_close(two - zero, network.features(images) @ (vectors[2] - vectors[0]))


def test_sizes_that_are_not_made_are_named() -> None:
    with pytest.raises(
        ValueError, match="image_size=28 is not a size that the residual networks make; use one of 32, 48, 64, 128"
    ):
        hf_genimg.SNGANGenerator(image_size=28)
