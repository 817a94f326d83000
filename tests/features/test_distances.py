"""Perceptual distance, Gram matrices and channel statistics, against loops over their definitions."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
import torchvision
from safetensors.torch import save_file

from hf_genimg.features import PerceptualDistance, channel_statistics, efficientnet, gram_matrix, load_features
from hf_genimg.features.lpips import LPIPS
from hf_genimg.features.perceptual import dead_leaves, natural_noise, normalized_difference


def maps_of(seed: int, shape: tuple[int, ...] = (2, 3, 4, 5)) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.double)


def test_gram_matrix_is_its_definition() -> None:
    maps = maps_of(0)
    found = gram_matrix(maps)
    for image in range(2):
        for one in range(3):
            for other in range(3):
                total = sum(
                    (maps[image, one, row, column] * maps[image, other, row, column]).item()
                    for row in range(4)
                    for column in range(5)
                )
                assert found[image, one, other].item() == pytest.approx(total / (3 * 4 * 5))
    assert torch.autograd.gradcheck(gram_matrix, maps.requires_grad_())


def test_channel_statistics_are_their_definition() -> None:
    maps = maps_of(1)
    mean, deviation = channel_statistics(maps, eps=0.5)
    assert mean.shape == deviation.shape == (2, 3, 1, 1)
    for image in range(2):
        for channel in range(3):
            values = [maps[image, channel, row, column].item() for row in range(4) for column in range(5)]
            average = sum(values) / 20
            variance = sum((value - average) ** 2 for value in values) / 20
            assert mean[image, channel].item() == pytest.approx(average)
            assert deviation[image, channel].item() == pytest.approx(math.sqrt(variance + 0.5))
    assert torch.autograd.gradcheck(channel_statistics, maps.requires_grad_())
    flat = torch.zeros(1, 1, 2, 2, dtype=torch.double, requires_grad=True)
    (gradient,) = torch.autograd.grad(channel_statistics(flat)[1].sum(), flat)
    assert gradient.isfinite().all(), "a constant channel"


def test_normalized_difference_is_its_definition() -> None:
    one, other = maps_of(2), maps_of(3)
    found = normalized_difference(one, other)
    for image in range(2):
        total = 0.0
        for row in range(4):
            for column in range(5):
                sides = [maps[image, :, row, column].tolist() for maps in (one, other)]
                units = [[value / math.sqrt(sum(v * v for v in side)) for value in side] for side in sides]
                total += sum((a - b) ** 2 for a, b in zip(*units, strict=True))
        assert found[image].item() == pytest.approx(total / 20, rel=1e-4)
    torch.testing.assert_close(normalized_difference(one, -one), torch.full((2,), 4.0).double(), rtol=1e-4, atol=0)
    torch.testing.assert_close(normalized_difference(one, 7 * one), torch.zeros(2).double(), rtol=0, atol=1e-9)
    assert torch.autograd.gradcheck(normalized_difference, (one.requires_grad_(), other.requires_grad_()))


def test_empty_feature_vectors_have_a_finite_gradient() -> None:
    maps = torch.zeros(1, 3, 2, 2, requires_grad=True)
    (gradient,) = torch.autograd.grad(normalized_difference(maps, torch.ones(1, 3, 2, 2)).sum(), maps)
    assert gradient.isfinite().all() and gradient.abs().max() < 1e4


@pytest.fixture(scope="module")
def distance() -> PerceptualDistance:
    return PerceptualDistance(load_features("digits"))


def test_all_taps_count_alike_and_unrelated_images_are_at_one(distance: PerceptualDistance) -> None:
    one, other = (dead_leaves(64, 28, 1, seed) for seed in (10, 11))
    each = (distance.tap_distances(one, other) / distance.scales).mean(0)
    assert len(each) == 2 and (each - 1).abs().max() < 0.25
    torch.testing.assert_close(distance(one, other).mean(), each.mean())
    assert distance(one, one).abs().max() < 1e-6
    torch.testing.assert_close(distance(one, other), distance(other, one))
    only = PerceptualDistance(distance.network, ["second"])
    torch.testing.assert_close(only(one, other), distance.tap_distances(one, other)[:, 1] / distance.scales[1])


def test_calibration_sets_the_unit(distance: PerceptualDistance) -> None:
    own = PerceptualDistance(distance.network)
    images = torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1
    own.calibrate(images)
    assert own(images, images.roll(1, 0)).mean().item() == pytest.approx(1, rel=1e-4)
    assert not torch.equal(own.scales, distance.scales)
    assert torch.equal(PerceptualDistance(distance.network).scales, distance.scales), "seeded"
    with pytest.raises(ValueError, match="1 image is too few to calibrate"):
        own.calibrate(images[:1])


def test_more_blur_and_more_noise_are_further_away(distance: PerceptualDistance) -> None:
    import hf_genimg

    images = hf_genimg.open_dataset("digits@test", image_size=28).batch(torch.arange(32))["images"]
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    noisy = [distance(images + level * noise, images).mean().item() for level in (0, 0.05, 0.1, 0.2)]
    smaller = [F.interpolate(images, scale_factor=1 / factor, mode="area") for factor in (1, 2, 4)]
    blurred = [distance(F.interpolate(each, 28, mode="bilinear"), images).mean().item() for each in smaller]
    assert noisy == sorted(noisy) and blurred == sorted(blurred) and noisy[0] < 1e-6 < noisy[1]


def test_minimizing_the_distance_restores_an_image(distance: PerceptualDistance) -> None:
    target = natural_noise(1, 28, 1, seed=5)
    image = natural_noise(1, 28, 1, seed=6).requires_grad_()
    optimizer = torch.optim.Adam([image], 0.05)
    first = distance(image, target).item()
    for _ in range(60):
        optimizer.zero_grad()
        distance(image, target).sum().backward()
        optimizer.step()
    assert distance(image, target).item() < first / 10


@pytest.mark.skipif(not efficientnet.is_installed(), reason="the extra `features` is not installed")
def test_no_tap_of_lite0_outweighs_the_others_on_photographs() -> None:
    """Unrelated crops of scikit-learn's two photographs; calibrated on noise, `stage7` counted five times `stage1`."""
    from sklearn.datasets import load_sample_image

    distance = PerceptualDistance(load_features("efficientnet-lite0", resolution=64))
    one, other = (
        torch.tensor(load_sample_image(name)).permute(2, 0, 1).unfold(1, 128, 128).unfold(2, 128, 128).flatten(1, 2)
        for name in ("china.jpg", "flower.jpg")
    )
    crops = [side.transpose(0, 1) / 127.5 - 1 for side in (one, other)]
    with torch.no_grad():
        each = (distance.tap_distances(*crops) / distance.scales).mean(0)
    assert each.max() / each.min() < 2 and each.min() > 0.6 and each.max() < 2


def test_dead_leaves_are_seeded_and_unlike_each_other() -> None:
    images = dead_leaves(4, 32, 3, seed=0)
    assert images.shape == (4, 3, 32, 32) and -1 <= images.min() < images.max() <= 1
    assert torch.equal(images, dead_leaves(4, 32, 3, seed=0))
    assert not torch.equal(images, dead_leaves(4, 32, 3, seed=1))
    assert min((images[i] - images[j]).abs().mean().item() for i in range(4) for j in range(i)) > 0.1


def test_noise_has_the_spectrum_of_photographs() -> None:
    """Power falls with the square of the frequency: by 4 for twice the frequency."""
    images = natural_noise(64, 64, 1, seed=0)
    assert images.shape == (64, 1, 64, 64) and images.abs().max() <= 1
    power = torch.fft.rfft2(images).abs().square().mean((0, 1))
    assert power[0, 8] / power[0, 16] == pytest.approx(4, rel=0.4)


def test_lpips_is_differentiable_and_frozen(tmp_path: Path) -> None:
    torch.manual_seed(0)
    state = torchvision.models.squeezenet1_1(weights=None).features.state_dict()
    save_file({f"features.{name}": tensor for name, tensor in state.items()}, tmp_path / "squeeze.safetensors")
    measure = LPIPS(tmp_path / "squeeze.safetensors").train()
    assert not any(module.training for module in measure.modules())
    assert not any(parameter.requires_grad for parameter in measure.parameters())
    images = (torch.rand(2, 1, 20, 20) * 2 - 1).requires_grad_()
    values = measure(images, images.detach().flip(3))
    assert values.shape == (2,) and (values > 0).all()
    (gradient,) = torch.autograd.grad(values.sum(), images)
    assert gradient.isfinite().all() and gradient.abs().sum() > 0
