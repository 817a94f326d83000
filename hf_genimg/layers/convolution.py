"""Convolutions with less work: resampling folded into the kernel, and matrix products where kernels are slow.

Each function equals the plain layers up to rounding, and keeps their parameters. A network that is exported or compiled
has the plain layers, so that a file or a compiler sees ordinary convolutions.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


def is_traced() -> bool:
    """Whether the network is being compiled or exported."""
    return torch.compiler.is_compiling() or torch.jit.is_tracing()


def convolved_and_halved(layer: nn.Conv2d, maps: torch.Tensor) -> torch.Tensor:
    """A 3x3 convolution, then the mean over each 2x2 cell: one 4x4 convolution with stride 2, of 4/9 of the products.

    Args:
        layer: with padding 1.
        maps: float [N, C, H, W] of even sides.

    Returns:
        float [N, layer.out_channels, H / 2, W / 2].
    """
    if is_traced():
        return F.avg_pool2d(layer(maps), 2)
    # the mean over the four places at which the kernel lies in a cell
    return F.conv2d(maps, _summed_over_cells(layer.weight) / 4, layer.bias, stride=2, padding=1)


def repeated_and_convolved(layer: nn.Conv2d, maps: torch.Tensor) -> torch.Tensor:
    """Each position four times, then a 3x3 convolution: one transposed 4x4 convolution, of 4/9 of the products.

    Args:
        layer: with padding 1.
        maps: float [N, C, H, W].

    Returns:
        float [N, layer.out_channels, 2H, 2W].
    """
    if is_traced():
        return layer(F.interpolate(maps, scale_factor=2, mode="nearest"))
    # what the kernel takes from each of the four copies of a position, added up
    kernel = _summed_over_cells(layer.weight.flip(2, 3))
    return F.conv_transpose2d(maps, kernel.transpose(0, 1), layer.bias, stride=2, padding=1)


def _summed_over_cells(weight: torch.Tensor) -> torch.Tensor:
    """The sum of a 3x3 kernel over the four places of a 2x2 cell: float [O, C, 3, 3] to [O, C, 4, 4].

    As a matrix product, because the gradient of a pooling takes up to eight times as long on CPUs.
    """
    line = torch.eye(4, 3, dtype=weight.dtype, device=weight.device)
    line = line + line.roll(1, 0)
    kind = weight.device.type
    with torch.autocast(kind if torch.amp.is_autocast_available(kind) else "cpu", enabled=False):
        return (weight.reshape(-1, 9) @ torch.kron(line, line).T).view(*weight.shape[:2], 4, 4)


class Conv2d(nn.Conv2d):
    """A convolution computed as a matrix product where its kernel covers all of the maps, and, on CPUs, where it makes
    one channel, or takes one whose gradient is asked for: oneDNN has no quick kernels for these.
    """

    def _conv_forward(self, input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        plain = is_traced() or self.groups > 1 or self.dilation != (1, 1) or isinstance(self.padding, str)
        if plain or self.padding_mode != "zeros":
            return super()._conv_forward(input, weight, bias)
        if self.kernel_size == tuple(input.shape[2:]) and self.padding == (0, 0):
            made = F.linear(_rows(input).flatten(1), _rows(weight).flatten(1), bias)
            return made[:, :, None, None]
        if input.device.type == "cpu" and input.dim() == 4:
            if self.out_channels == 1 and self.stride == (1, 1) and self.kernel_size == (3, 3) == _twice(self.padding):
                return _convolved_to_one(input, weight, bias)
            overlap = self.kernel_size[0] * self.kernel_size[1] // (self.stride[0] * self.stride[1])
            if self.in_channels == 1 and overlap <= 4 and input.requires_grad and torch.is_grad_enabled():
                return self._unfolded(input, weight, bias)
        return super()._conv_forward(input, weight, bias)

    def _unfolded(self, image: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        """Every place of the kernel as a row of numbers."""
        sides = [
            (size + 2 * pad - kernel) // stride + 1
            for size, pad, kernel, stride in zip(
                image.shape[2:], self.padding, self.kernel_size, self.stride, strict=True
            )
        ]
        patches = F.unfold(image, self.kernel_size, padding=self.padding, stride=self.stride)
        return F.linear(patches.transpose(1, 2), weight.flatten(1), bias).unflatten(1, sides).permute(0, 3, 1, 2)


class ConvTranspose2d(nn.ConvTranspose2d):
    """A transposed convolution computed as a matrix product where its maps are 1x1 and, on CPUs, where it makes one
    channel.
    """

    def forward(self, input: torch.Tensor, output_size: list[int] | None = None) -> torch.Tensor:
        plain = is_traced() or self.groups > 1 or self.dilation != (1, 1) or output_size is not None
        if plain or self.output_padding != (0, 0) or input.dim() != 4:
            return super().forward(input, output_size)
        if input.shape[2:] == (1, 1) and self.padding == (0, 0):
            kernel = _rows(self.weight)
            maps = (input.flatten(1) @ kernel.flatten(1)).view(-1, *kernel.shape[1:]).permute(0, 3, 1, 2)
            return maps if self.bias is None else maps + self.bias[:, None, None]
        if self.out_channels == 1 and input.device.type == "cpu":
            return self._folded(input)
        return super().forward(input)

    def _folded(self, maps: torch.Tensor) -> torch.Tensor:
        """What each position adds to the places under its kernel, added up."""
        sides = [
            (size - 1) * stride - 2 * pad + kernel
            for size, stride, pad, kernel in zip(
                maps.shape[2:], self.stride, self.padding, self.kernel_size, strict=True
            )
        ]
        added = _at_each_position(self.weight.flatten(1).T, maps)
        image = F.fold(added, sides, self.kernel_size, padding=self.padding, stride=self.stride)
        return image if self.bias is None else image + self.bias


def _convolved_to_one(maps: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """A 3x3 convolution to one channel, which keeps the size: float [N, C, H, W] to [N, 1, H, W]."""
    added = _at_each_position(_rows(weight.flip(2, 3)).reshape(9, -1), maps)
    image = F.fold(added, maps.shape[2:], 3, padding=1)
    return image if bias is None else image + bias


def _at_each_position(kernel: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
    """Float [places, C] times float [N, C, H, W]: float [N, places, H W].

    As `bmm`, because `matmul` takes another kernel, which rounds otherwise, where a gradient is asked for.
    """
    return torch.bmm(kernel.expand(len(maps), -1, -1), _rows(maps).flatten(1, 2).transpose(1, 2))


def _rows(maps: torch.Tensor) -> torch.Tensor:
    """Float [N, C, H, W] to [N, H, W, C], without a copy where they are channels_last."""
    return maps.permute(0, 2, 3, 1)


def _twice(padding: tuple[int, ...]) -> tuple[int, ...]:
    """The kernel for which this padding keeps the size."""
    return tuple(2 * pad + 1 for pad in padding)
