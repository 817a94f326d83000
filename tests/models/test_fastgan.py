"""FastGAN's networks: published counts, every size, noise, and what the decoders reconstruct."""

from __future__ import annotations

import pytest
import torch

import hf_genimg
from hf_genimg.models.fastgan import small_size

PUBLISHED = {256: (29_127_846, 11_526_160), 512: (29_174_392, 11_526_496), 1024: (29_176_512, 11_528_192)}


def count(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("size", list(PUBLISHED))
def test_the_published_counts(size: int) -> None:
    with torch.device("meta"):
        assert count(hf_genimg.FastGANGenerator(size)) == PUBLISHED[size][0]
        assert count(hf_genimg.FastGANDiscriminator(size)) == PUBLISHED[size][1]


def test_at_64_pixels_the_second_image_is_made_of_32_pixels() -> None:
    """E11b counts 28,211,076 without a second image; ours has a 1x1 convolution from 128 channels."""
    with torch.device("meta"):
        assert count(hf_genimg.FastGANGenerator(64)) == 28_211_076 + 128 * 3
        lite = hf_genimg.FastGANGenerator(64, lite=True)
        assert count(lite) == count(hf_genimg.ProjectedGANGenerator(64)) + 128 * 3


@pytest.mark.parametrize("size", [16, 32, 64, 128, 256, 512, 1024])
def test_every_size(size: int) -> None:
    with torch.device("meta"):
        generator, critic = hf_genimg.FastGANGenerator(size, 1, 3, 4), hf_genimg.FastGANDiscriminator(size, 1, 4)
        images, small = generator.with_small(torch.zeros(2, 3))
        assert images.shape == (2, 1, size, size)
        assert small.shape == (2, 1, small_size(size), small_size(size))
        logits, pairs = critic.with_reconstructions(images, 3)
    assert logits.shape == (2, 26 if size == 16 else 50)
    assert all(made.shape == target.shape for made, target in pairs.values())
    assert {name: made.shape[-1] for name, (made, _) in pairs.items()} == {
        "image": min(size, 128),
        "small": small_size(size),
        "quarter": small_size(size),
    }


def test_a_quarter_is_reconstructed_from_its_own_part_of_the_map() -> None:
    torch.manual_seed(0)
    critic, images = hf_genimg.FastGANDiscriminator(32, 1, 4).eval(), torch.rand(2, 1, 32, 32)
    for quarter, (row, column) in enumerate(((0, 0), (0, 16), (16, 0), (16, 16))):
        made, target = critic.with_reconstructions(images, quarter)[1]["quarter"]
        torch.testing.assert_close(target, images[:, :, row : row + 16, column : column + 16])
        changed = images.clone()
        changed[:, :, 28 - row * 28 // 16 :, 28 - column * 28 // 16 :][:, :, :4, :4] += 1  # the opposite corner
        torch.testing.assert_close(critic.with_reconstructions(changed, quarter)[1]["quarter"][0], made)


def test_noise_names_an_image_and_begins_without_effect() -> None:
    generator = hf_genimg.FastGANGenerator(32, 1, 4, width=4).eval()
    latents, noise = generator.sample_latents(2), generator.sample_noise(2, torch.Generator().manual_seed(0))
    assert noise.shape == (2, 2 * (8**2 + 32**2))
    torch.testing.assert_close(generator(latents, noise=noise), generator(latents))
    for block in generator.blocks.values():
        for strengths in (p for name, p in block.named_parameters() if name == "strengths"):
            torch.nn.init.ones_(strengths)
    noisy = generator(latents, noise=noise)
    assert not torch.allclose(noisy, generator(latents))
    torch.testing.assert_close(noisy[1:], generator(latents[1:], noise=noise[1:]))
    assert hf_genimg.FastGANGenerator(32, 1, 4, width=4, lite=True).sample_noise(2) is None


def test_an_image_does_not_depend_on_its_batch() -> None:
    generator = hf_genimg.FastGANGenerator(32, 1, 4, width=4, lite=True).eval()
    latents = generator.sample_latents(3)
    torch.testing.assert_close(generator(latents)[1:2], generator(latents[1:2]))


def test_other_sizes_are_refused() -> None:
    for network in (hf_genimg.FastGANGenerator, hf_genimg.FastGANDiscriminator):
        with pytest.raises(ValueError, match="image_size=28 is not a size that FastGAN makes; use one of 16, 32, 64"):
            network(28)
