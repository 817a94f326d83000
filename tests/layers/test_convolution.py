"""Convolutions with less work equal the plain layers, with their gradients of first and second order, in float64."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from hf_genimg.layers.bottleneck import UpBottleneck
from hf_genimg.layers.convolution import Conv2d, ConvTranspose2d, convolved_and_halved, repeated_and_convolved
from hf_genimg.layers.residual import DownBlock, UpBlock, enlarged, repeated

Function = Callable[[torch.Tensor], torch.Tensor]


def assert_same(one: Function, two: Function, layer: nn.Module, maps: torch.Tensor) -> None:
    """Equal outputs, gradients of maps and weights, and gradients of the squared gradient of the maps."""
    found = []
    for function in (one, two):
        images = maps.clone().requires_grad_()
        made = function(images)
        weights = torch.linspace(-1, 1, made.numel(), dtype=made.dtype).view_as(made)
        (gradient,) = torch.autograd.grad((made.square() * weights).sum(), images, create_graph=True)
        parameters = list(layer.parameters())
        second_order = torch.autograd.grad(gradient.square().sum(), parameters, materialize_grads=True)
        found.append([made, gradient, *second_order])
    for first, second in zip(*found, strict=True):
        assert first.shape == second.shape
        torch.testing.assert_close(first, second)


def maps(*shape: int) -> torch.Tensor:
    torch.manual_seed(sum(shape))
    return torch.randn(shape, dtype=torch.float64).to(memory_format=torch.channels_last)


@pytest.mark.parametrize("bias", [True, False])
def test_resampling_folded_into_the_kernel(bias: bool) -> None:
    layer, images = nn.Conv2d(3, 5, 3, padding=1, bias=bias).double(), maps(2, 3, 6, 4)
    assert_same(lambda x: convolved_and_halved(layer, x), lambda x: F.avg_pool2d(layer(x), 2), layer, images)
    assert_same(lambda x: repeated_and_convolved(layer, x), lambda x: layer(repeated(x)), layer, images)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (Conv2d(3, 2, 4), (2, 3, 4, 4)),  # covers all
        (Conv2d(3, 1, 3, padding=1), (2, 3, 5, 4)),  # to one channel
        (Conv2d(3, 1, 3, padding=1, bias=False), (2, 3, 5, 4)),
        (Conv2d(1, 3, 4, 2, 1, bias=False), (2, 1, 8, 6)),  # from one channel, of which the gradient is asked for
        (Conv2d(1, 3, 4, 2, 1), (2, 1, 8, 6)),
        (Conv2d(4, 6, 3, padding=1, groups=2), (2, 4, 5, 4)),  # as it is
        (Conv2d(1, 3, 4, 2, 1, padding_mode="reflect"), (2, 1, 8, 6)),
        (Conv2d(3, 1, 3, padding=2, dilation=2), (2, 3, 5, 4)),
        (ConvTranspose2d(3, 2, 4, bias=False), (2, 3, 1, 1)),  # of 1x1 maps
        (ConvTranspose2d(3, 2, 4), (2, 3, 1, 1)),
        (ConvTranspose2d(3, 1, 4, 2, 1), (2, 3, 4, 5)),  # to one channel
        (ConvTranspose2d(3, 1, 4, 2, 1, bias=False), (2, 3, 4, 5)),
        (ConvTranspose2d(3, 1, 3, 2, 1, output_padding=1), (2, 3, 4, 5)),
        (ConvTranspose2d(4, 2, 4, 2, 1, groups=2), (2, 4, 4, 5)),  # as it is
    ],
    ids=str,
)
def test_layers_as_matrix_products(layer: nn.Module, shape: tuple[int, ...]) -> None:
    plain_class = nn.ConvTranspose2d if isinstance(layer, nn.ConvTranspose2d) else nn.Conv2d
    layer = layer.double()
    assert_same(layer, lambda x: plain_class.forward(layer, x), layer, maps(*shape))
    with torch.no_grad():
        images = maps(*shape)
        torch.testing.assert_close(layer(images), plain_class.forward(layer, images))


def plain_down(block: DownBlock, images: torch.Tensor) -> torch.Tensor:
    """As the papers have it: convolutions first, then the mean of each cell."""
    branch = block.second(block.first(images if block.is_first else images.relu()).relu())
    return F.avg_pool2d(branch, 2) + F.avg_pool2d(block.shortcut(images), 2)


@pytest.mark.parametrize("first", [True, False])
def test_a_block_that_halves_equals_the_papers_order(first: bool) -> None:
    block = DownBlock(3, 4, half=True, first=first).double()
    assert_same(block, lambda x: plain_down(block, x), block, maps(2, 3, 4, 4))


@pytest.mark.parametrize("enlarge", [repeated, enlarged])
def test_a_block_that_doubles_equals_the_papers_order(enlarge: Function) -> None:
    block = UpBlock(3, 4, enlarge=enlarge).double().eval()
    for number, parameter in enumerate(block.parameters()):
        nn.init.normal_(parameter, generator=torch.Generator().manual_seed(number))

    def plain(images: torch.Tensor) -> torch.Tensor:
        branch = block.first(enlarge(block.first_norm(images).relu()))
        branch = block.second(block.second_norm(branch).relu())
        return branch + block.shortcut(enlarge(images))

    assert_same(block, plain, block, maps(2, 3, 4, 4))


def test_a_bottleneck_that_doubles_equals_the_papers_order() -> None:
    block = UpBottleneck(8, 4, double=True).to(torch.float64).eval()  # `double` is its own

    def plain(images: torch.Tensor) -> torch.Tensor:
        one, two, three, four = block.norms
        branch = block.first(repeated(two(block.narrow(one(images).relu())).relu()))
        branch = block.second(three(branch).relu())
        return block.widen(four(branch).relu()) + repeated(images[:, :4])

    images = maps(2, 8, 4, 4)
    torch.testing.assert_close(block(images), plain(images))


def test_what_is_exported_has_plain_layers() -> None:
    block = DownBlock(3, 4, half=True)
    graph = torch.export.export(block, (torch.randn(2, 3, 4, 4),)).graph
    operations = [str(node.target) for node in graph.nodes]
    assert operations.count("aten.conv2d.default") == 3
    kernels = [node.args[1] for node in graph.nodes if str(node.target) == "aten.conv2d.default"]
    assert all(kernel.op == "placeholder" for kernel in kernels), "a kernel is computed in the graph"


@pytest.mark.parametrize("layer", [Conv2d(32, 1, 3, padding=1), ConvTranspose2d(32, 1, 4, 2, 1)], ids=str)
def test_images_are_the_same_bits_with_and_without_a_gradient(layer: nn.Module) -> None:
    """One process generates fakes for a discriminator without one, two processes with one, and they must not differ."""
    images = torch.randn(4, 32, 8, 8, generator=torch.Generator().manual_seed(0)).to(memory_format=torch.channels_last)
    with torch.no_grad():
        apart = layer(images)
    assert torch.equal(layer(images.clone().requires_grad_()), apart)
