"""Minibatch standard deviation and instance noise."""

from __future__ import annotations

import pytest
import torch

import hf_genimg
from hf_genimg.layers.instance_noise import InstanceNoise
from hf_genimg.layers.minibatch_std import MinibatchStd


@pytest.mark.parametrize(("count", "group"), [(8, 4), (6, 2), (3, 1), (1, 1)])
@pytest.mark.parametrize("shape", [(5, 3, 3), (5,)])
def test_minibatch_std_against_a_loop(count: int, group: int, shape: tuple[int, ...]) -> None:
    features = torch.randn(count, *shape, dtype=torch.float64)
    made = MinibatchStd(4)(features)
    assert torch.equal(made[:, :5], features)
    for n in range(count):
        own = features[n // group * group : n // group * group + group]
        mean = sum(own) / group
        deviation = (sum((each - mean) ** 2 for each in own) / group).sqrt().mean()
        torch.testing.assert_close(made[n, 5], torch.zeros_like(made[n, 5]) + deviation, atol=1e-4, rtol=0)


def test_minibatch_std_has_gradients_also_where_images_are_equal() -> None:
    assert torch.autograd.gradcheck(
        MinibatchStd(4), (torch.randn(4, 2, 2, 2, dtype=torch.float64, requires_grad=True),)
    )
    assert torch.autograd.gradgradcheck(
        MinibatchStd(4), (torch.randn(4, 2, 2, 2, dtype=torch.float64, requires_grad=True),)
    )
    equal = torch.ones(4, 3, requires_grad=True)
    MinibatchStd(4)(equal).sum().backward()
    assert torch.isfinite(equal.grad).all()


@pytest.mark.parametrize("name", ["DCGANDiscriminator", "MLPGANDiscriminator"])
def test_a_discriminator_with_it_sees_that_images_are_alike(name: str) -> None:
    torch.manual_seed(0)
    discriminator = getattr(hf_genimg, name)(image_size=16, image_channels=1, width=4, minibatch_std=True).eval()
    one = torch.rand(1, 1, 16, 16)
    alike = discriminator(one.repeat(4, 1, 1, 1))[0]
    among_others = discriminator(torch.cat([one, torch.rand(3, 1, 16, 16)]))[0]
    assert (alike - among_others).abs() > 1e-6


def test_noise_fades_in_a_line() -> None:
    torch.manual_seed(0)
    noise, images = InstanceNoise(0.5, 4), torch.zeros(4, 1, 100, 100)
    for expected in (0.5, 0.375, 0.25, 0.125, 0.0, 0.0):
        assert noise(images).std().item() == pytest.approx(expected, rel=0.02)
        assert noise.measured() == {"augmentation/noise": pytest.approx(expected)}
        noise.move()
    assert noise.state_dict()["updates"] == 6
    with pytest.raises(ValueError, match="instance_noise=0 must be above 0"):
        InstanceNoise(0, 4)
