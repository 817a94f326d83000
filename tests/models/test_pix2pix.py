"""pix2pix: every size, patches that are smaller than the image, skips that carry detail, dropout in training only."""

from __future__ import annotations

import math

import pytest
import torch

from hf_genimg import Pix2PixDiscriminator, Pix2PixGenerator
from hf_genimg.models.pix2pix import IMAGE_SIZES, fitting_stages, patch_size

SIZES = pytest.mark.parametrize("size", IMAGE_SIZES)


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


@SIZES
def test_translates_and_discriminates_every_size_it_offers(size: int) -> None:
    inputs = noise(1, 1, size, size)
    generator = Pix2PixGenerator(size, 3, 1, 2)
    with torch.no_grad():
        images = generator(inputs)
        logits = Pix2PixDiscriminator(size, 3, 1, 2)(inputs, images)
    assert images.shape == (1, 3, size, size)
    side = (size >> fitting_stages(size)) - 2
    assert logits.shape == (1, side, side)
    assert len(generator.down) == math.log2(size)


@pytest.mark.parametrize("network", [Pix2PixGenerator, Pix2PixDiscriminator])
def test_other_sizes_are_named(network: type) -> None:
    with pytest.raises(
        ValueError, match="image_size=28 is not a size that pix2pix makes; use one of 16, 32, 64, 128, 256, 512"
    ):
        network(image_size=28)


def test_the_patches_are_of_the_stated_size() -> None:
    for stages in (1, 2, 3):
        discriminator = Pix2PixDiscriminator(128, 1, 1, 2, stages).eval()
        images = torch.zeros(1, 1, 128, 128, requires_grad=True)
        logits = discriminator(torch.zeros(1, 1, 128, 128), images)
        logits[0, logits.shape[1] // 2, logits.shape[2] // 2].backward()
        seen = images.grad[0, 0].nonzero()
        assert (seen.amax(dim=0) - seen.amin(dim=0) + 1).tolist() == [patch_size(stages)] * 2
    assert patch_size(3) == 70
    assert [fitting_stages(size) for size in IMAGE_SIZES] == [1, 1, 2, 3, 3, 3]


@pytest.mark.parametrize(("size", "stages"), [(64, 0), (512, 4), (16, 3)])
def test_impossible_stages_are_refused(size: int, stages: int) -> None:
    with pytest.raises(
        ValueError, match=f"stages={stages} is not possible with image_size={size}; use {fitting_stages(size)} or none"
    ):
        Pix2PixDiscriminator(size, stages=stages)


def test_the_discriminator_sees_both_sides() -> None:
    discriminator = Pix2PixDiscriminator(32, 1, 3, 4).eval()
    inputs, images = noise(1, 3, 32, 32), noise(1, 1, 32, 32)
    plain = discriminator(inputs, images)
    assert not torch.equal(plain, discriminator(-inputs, images))
    assert not torch.equal(plain, discriminator(inputs, -images))


def test_every_skip_matters() -> None:
    generator = Pix2PixGenerator(32, 1, 1, 4).eval()
    inputs = noise(1, 1, 32, 32)
    plain = generator(inputs)
    for level, halve in enumerate(generator.down[:-1]):
        seen = generator.down[level + 1].register_forward_pre_hook(lambda _, features, level=level: (features[0] * 0,))
        without_the_way_down = generator(inputs)  # what is left comes over the skips
        seen.remove()
        assert not torch.equal(plain, without_the_way_down)
        handle = halve.register_forward_hook(lambda _, inputs, features: features * 0)
        assert not torch.equal(generator(inputs), without_the_way_down), level
        handle.remove()


def test_a_change_of_one_pixel_reaches_the_pixel_itself_over_the_outer_skip() -> None:
    torch.manual_seed(0)
    generator = Pix2PixGenerator(32, 1, 1, 4).eval()
    inputs = noise(1, 1, 32, 32).requires_grad_()
    generator(inputs)[0, 0, 16, 16].backward()
    near = inputs.grad[0, 0, 14:19, 14:19].abs().mean()
    assert near > 10 * inputs.grad[0, 0, :8, :8].abs().mean()


@pytest.mark.parametrize(("size", "dropouts"), [(32, 0), (64, 1), (128, 2), (256, 3), (512, 3)])
def test_dropout_is_where_the_doublings_are_widest(size: int, dropouts: int) -> None:
    generator = Pix2PixGenerator(size, 1, 1, 2)
    found = [bool([m for m in double if isinstance(m, torch.nn.Dropout)]) for double in generator.up]
    assert found == [False] + [True] * dropouts + [False] * (len(generator.up) - 1 - dropouts)


def test_noise_in_training_and_none_in_eval_mode() -> None:
    generator, inputs = Pix2PixGenerator(64, 1, 1, 2), noise(2, 1, 64, 64)
    assert not torch.equal(generator(inputs), generator(inputs))
    generator.eval()
    assert torch.equal(generator(inputs), generator(inputs))


def test_begins_as_the_paper_says() -> None:
    torch.manual_seed(0)
    for network in (Pix2PixGenerator(64, 3, 3, 16), Pix2PixDiscriminator(64, 3, 3, 16)):
        for module in network.modules():
            if isinstance(module, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
                assert abs(module.weight.std() - 0.02) < 0.003
                assert module.bias is None or not module.bias.any()


def test_with_instance_norm_no_image_sees_another_and_eval_mode_is_training_mode() -> None:
    torch.manual_seed(0)
    generator, discriminator = (
        Pix2PixGenerator(32, 1, 1, 2, norm="instance"),
        Pix2PixDiscriminator(32, 1, 1, 2, norm="instance"),
    )
    inputs = noise(3, 1, 32, 32)
    images = generator(inputs)
    torch.testing.assert_close(images[:1], generator(inputs[:1]))
    torch.testing.assert_close(images, generator.eval()(inputs))
    torch.testing.assert_close(discriminator(inputs, images)[:1], discriminator(inputs[:1], images[:1]))
    batch = Pix2PixGenerator(32, 1, 1, 2)
    assert not torch.allclose(batch(inputs)[:1], batch(inputs[:1]))
    assert sum(p.numel() for p in generator.parameters()) == sum(p.numel() for p in batch.parameters())


@pytest.mark.parametrize("network", [Pix2PixGenerator, Pix2PixDiscriminator])
def test_other_norms_are_named(network: type) -> None:
    with pytest.raises(ValueError, match="norm='layer' is not known; use one of batch, instance"):
        network(norm="layer")
