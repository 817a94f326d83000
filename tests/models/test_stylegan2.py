"""StyleGAN2: published sizes, modulated convolutions against a loop, truncation, mixing, noise, and the mean w."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F

import hf_genimg
from hf_genimg.layers.fir import downsampled, filtered, upsampled
from hf_genimg.layers.modulated import modulated_convolution

AUTO = {"mapping_layers": 2}
SMALL = {"latent_dim": 128, "style_dim": 128, "mapping_layers": 2, "width": 128}
COUNTS = [  # E10b of the references: arguments of both, of the generator, of the discriminator, parameters of each
    ({"image_size": 32}, AUTO, {}, 19_947_539, 21_507_073),
    ({"image_size": 64}, AUTO, {}, 22_243_608, 23_407_361),
    ({"image_size": 128}, AUTO, {}, 22_949_277, 23_882_369),
    ({"image_size": 256}, AUTO, {}, 23_191_522, 24_001_089),
    ({"image_size": 256, "capacity": 32768}, {}, {}, 30_034_338, 28_864_129),
    ({"image_size": 1024, "capacity": 32768}, {}, {}, 30_370_060, 29_012_513),
    ({"image_size": 32, "capacity": 32768}, AUTO, {"architecture": "orig"}, 19_947_539, 20_720_641),
    ({"image_size": 32, "capacity": 32768, "num_classes": 10}, AUTO, {"architecture": "orig"}, 20_215_315, 23_089_664),
    ({"image_size": 32, "capacity": 2048}, SMALL, {"width": 128}, 1_050_195, 1_153_473),
    ({"image_size": 32, "capacity": 2048, "image_channels": 1}, SMALL, {"width": 128}, 1_049_291, 1_153_345),
    ({"image_size": 64, "capacity": 4096}, SMALL, {"width": 128}, 1_395_288, 1_465_025),
]


def parameters(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(("both", "of_generator", "of_discriminator", "generator", "discriminator"), COUNTS)
def test_published_configurations_have_their_parameter_counts(
    both: dict[str, Any],
    of_generator: dict[str, Any],
    of_discriminator: dict[str, Any],
    generator: int,
    discriminator: int,
) -> None:
    with torch.device("meta"):
        assert parameters(hf_genimg.StyleGAN2Generator(**both, **of_generator)) == generator
        assert parameters(hf_genimg.StyleGAN2Discriminator(**both, **of_discriminator)) == discriminator


@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("demodulate", [False, True])
def test_modulated_convolutions_equal_a_loop_over_images(up: bool, demodulate: bool) -> None:
    """Eq. 1 to 3 of arXiv:1912.04958 as they are written, one image after the other."""
    torch.manual_seed(0)
    maps, weight, styles = (torch.randn(shape, dtype=torch.double) for shape in ((3, 4, 5, 5), (6, 4, 3, 3), (3, 4)))
    expected = []
    for image, style in zip(maps, styles, strict=True):
        scaled = weight * style[None, :, None, None]
        if demodulate:
            scaled = scaled / (scaled.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        if up:
            spread = torch.zeros(4, 11, 11, dtype=torch.double)  # zeros between and around the pixels
            spread[:, 1:11:2, 1:11:2] = image
            made = F.conv2d(spread[None], scaled.flip(2, 3), padding=1)
            taps = torch.tensor([1.0, 3, 3, 1], dtype=torch.double)
            kernel = (4 * taps[:, None] * taps / 64).expand(6, 1, 4, 4)
            expected.append(F.conv2d(made, kernel, padding=1, groups=6))
        else:
            expected.append(F.conv2d(image[None], scaled, padding=1))
    made = modulated_convolution(maps, weight, styles, demodulate=demodulate, up=up)
    assert made.shape == (3, 6, 10, 10) if up else (3, 6, 5, 5)
    torch.testing.assert_close(made, torch.cat(expected), rtol=1e-5, atol=1e-5)


def test_the_filter_keeps_constants_and_its_resamplings_are_adjoint() -> None:
    ones = torch.ones(1, 2, 8, 8, dtype=torch.double)
    torch.testing.assert_close(upsampled(ones)[:, :, 2:-2, 2:-2], ones.new_ones(1, 2, 12, 12))
    torch.testing.assert_close(downsampled(ones)[:, :, 1:-1, 1:-1], ones.new_ones(1, 2, 2, 2))
    small, large = (torch.randn(1, 2, side, side, dtype=torch.double) for side in (4, 8))
    torch.testing.assert_close((upsampled(small) * large).sum(), 4 * (small * downsampled(large)).sum())
    impulse = torch.zeros(1, 1, 7, 7, dtype=torch.double)
    impulse[..., 3, 3] = 64
    assert filtered(impulse, (2, 2))[0, 0, 3].tolist() == [0, 0, 3, 9, 9, 3, 0, 0]


def generator(**changes: Any) -> hf_genimg.StyleGAN2Generator:
    torch.manual_seed(0)
    sizes = {"image_size": 16, "latent_dim": 5, "style_dim": 6, "mapping_layers": 2, "width": 4, "capacity": 64}
    network = hf_genimg.StyleGAN2Generator(**{**sizes, **changes}).eval()
    for name, parameter in network.named_parameters():
        if name.endswith("noise_strength"):
            parameter.data.fill_(0.5)
    network.style_mean.value.normal_()
    return network


def pipeline(**changes: Any) -> hf_genimg.ImageGenerationPipeline:
    pipe = hf_genimg.ImageGenerationPipeline(generator=generator(**changes))
    pipe.set_progress_bar_config(disable=True)
    return pipe


def test_a_seed_names_an_image_whatever_the_batch() -> None:
    pipe = pipeline()
    together = pipe(num_images=4, seed=5, output_type="pt").images
    split = pipe(num_images=4, seed=5, max_batch_size=3, output_type="pt").images
    alone = torch.cat([pipe(seed=5 + number, output_type="pt").images for number in range(4)])
    torch.testing.assert_close(together, split, atol=1e-5, rtol=0)
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


def test_noise_is_an_input_of_every_layer() -> None:
    network = generator()
    latents, noise = network.sample_latents(1), network.sample_noise(1)
    images = network(latents, noise=noise)
    assert torch.equal(network(latents), network(latents))  # the constant noise
    for part in range(len(network.noise_sides)):
        changed = list(noise.split([side**2 for side in network.noise_sides], 1))
        changed[part] = -changed[part]
        assert not torch.allclose(network(latents, noise=torch.cat(changed, 1)), images)


def test_random_noise_in_training_mode() -> None:
    network = generator().train()
    latents = network.sample_latents(1)
    assert not torch.allclose(network(latents), network(latents))


@pytest.mark.parametrize("cutoff", [None, 3])
def test_truncation_moves_w_towards_its_mean_up_to_the_cutoff(cutoff: int | None) -> None:
    network = generator(truncated_layers=cutoff)
    latents = network.sample_latents(2)
    full, half, none = (network.at_truncation(value).map(latents) for value in (1.0, 0.5, 0.0))
    moved = slice(None, cutoff)
    mean = network.style_mean.value.expand_as(full)
    torch.testing.assert_close(half[:, moved], (full + mean)[:, moved] / 2)
    torch.testing.assert_close(none[:, moved], mean[:, moved])
    if cutoff is not None:
        assert torch.equal(half[:, cutoff:], full[:, cutoff:])
    assert network.truncation == 1 and torch.equal(network.map(latents), full)


def test_truncated_images_of_a_pipeline_grow_alike() -> None:
    pipe = pipeline()
    full, half = (pipe(num_images=6, seed=0, truncation=value, output_type="pt").images for value in (1.0, 0.3))
    assert half.std(0).mean() < full.std(0).mean()


def test_mixing_takes_the_styles_of_another_image_from_a_layer_on() -> None:
    network = generator()
    one, other = network.sample_latents(2).split(1)
    w_one, w_other, noise = network.map(one), network.map(other), network.sample_noise(1)
    for layer in range(1, network.mixing_layers):
        mixed = network(one, noise=noise, mixing_latents=other, mixing_start=layer)
        expected = network.synthesize(torch.cat([w_one[:, :layer], w_other[:, layer:]], 1), noise)
        torch.testing.assert_close(mixed, expected)


def test_latents_may_be_the_w_of_each_layer() -> None:
    network = generator(num_classes=3)
    latents, labels = network.sample_latents(2), torch.tensor([0, 2])
    torch.testing.assert_close(network(network.map(latents, labels)), network(latents, labels))


def test_the_mean_of_w_moves_once_per_update() -> None:
    network = generator().train()
    network.style_mean.value.zero_()
    latents = network.sample_latents(6)
    w = network.mapping(latents)
    network(latents[:4])
    network(latents[4:], mixing_latents=latents[4:].flip(0), mixing_start=2)  # the second mapping does not count
    network.style_mean.after_update()
    torch.testing.assert_close(network.style_mean.value, 0.005 * w.detach().mean(0))


def test_activations_of_a_fresh_network_neither_grow_nor_vanish() -> None:
    """What equalized layers, demodulation and gains are for; zeros at the border and the filter take a part."""
    torch.manual_seed(0)
    network = hf_genimg.StyleGAN2Generator(32, latent_dim=64, style_dim=64, width=64, capacity=2048, mapping_layers=2)
    sizes: list[float] = []
    for block in network.blocks:
        block.second.register_forward_hook(lambda *given: sizes.append(given[-1].square().mean().item()))
    with torch.no_grad():
        network(network.sample_latents(8))
    assert all(0.1 < size < 2 for size in sizes), sizes


def test_sizes_and_architectures_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ValueError, match="image_size=48 is not a size that StyleGAN2 makes; use one of 8, 16, 28"):
        hf_genimg.StyleGAN2Generator(48)
    with pytest.raises(ValueError, match="architecture='skip' is not known; use one of resnet, orig"):
        hf_genimg.StyleGAN2Discriminator(8, architecture="skip")
    with pytest.raises(ValueError, match="mapping_layers=0 must be from 1 to 32"):
        hf_genimg.StyleGAN2Generator(8, mapping_layers=0)
