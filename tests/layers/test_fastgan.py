"""FastGAN's blocks against their definitions."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from hf_genimg.layers.convolution import repeated_and_convolved
from hf_genimg.layers.fastgan import Excitation, GatedNorm, GatedUpBlock, normed_convolution
from hf_genimg.layers.residual import PlainNorm


def test_a_gated_norm_is_a_norm_and_torchs_gated_linear_unit() -> None:
    torch.manual_seed(0)
    gate, maps = GatedNorm(3, PlainNorm).double(), torch.randn(4, 6, 2, 2, dtype=torch.float64)
    mean, variance = maps.mean((0, 2, 3), keepdim=True), maps.var((0, 2, 3), keepdim=True, correction=0)
    torch.testing.assert_close(gate(maps), F.glu((maps - mean) / (variance + 1e-5).sqrt(), 1))


def test_a_gain_for_each_channel_from_sixteen_means() -> None:
    torch.manual_seed(0)
    excitation, small, large = Excitation(2, 3).double(), torch.randn(2, 2, 8, 8).double(), torch.randn(2, 3, 16, 16)
    first, second = excitation.layers[1].weight, excitation.layers[3].weight
    for image in range(2):
        means = small[image].unflatten(1, (4, 2)).unflatten(3, (4, 2)).mean((2, 4))
        hidden = F.silu((first * means).sum((1, 2, 3)))
        gains = torch.sigmoid(second[:, :, 0, 0] @ hidden)
        expected = large[image] * gains[:, None, None]
        torch.testing.assert_close(excitation(small, large.double())[image], expected)


def test_sizes_and_spectral_norm() -> None:
    assert GatedUpBlock(2, 3, PlainNorm)(torch.randn(2, 2, 4, 4)).shape == (2, 3, 8, 8)
    for kernel, stride, side in ((3, 1, 8), (4, 2, 4), (4, 1, 5), (1, 1, 8)):
        assert normed_convolution(2, 3, kernel, stride)(torch.randn(1, 2, 8, 8)).shape == (1, 3, side, side)
    layer = normed_convolution(2, 3, 3)
    for _ in range(50):
        assert layer.weight.shape == (3, 2, 3, 3)
        layer.parametrizations.weight[0].after_update()
    assert abs(torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() - 1) < 1e-3


def test_a_doubled_convolution_is_a_nearest_doubling_and_a_convolution():
    maps, weight = torch.randn(2, 3, 5, 4, dtype=torch.float64), torch.randn(6, 3, 3, 3, dtype=torch.float64)
    both = F.conv2d(F.interpolate(maps, scale_factor=2.0), weight, padding=1)
    layer = torch.nn.Conv2d(3, 6, 3, padding=1, bias=False).double()
    layer.weight.data.copy_(weight)
    assert torch.allclose(repeated_and_convolved(layer, maps), both)
