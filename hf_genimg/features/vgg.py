"""VGG-16 and VGG-19 (arXiv:1409.1556), the feature networks of style transfer and of perceptual losses.

Their weights are not in the package: they come from a file in torchvision's layout.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from .files import file_sha256, kept_by_torch, read_state_dict
from .network import FeatureNetwork

BLOCKS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}  # convolutions; table 1 of the paper, columns D and E
WIDTHS = (64, 128, 256, 512, 512)
PUBLISHED = {"vgg16": "vgg16-397923af.pth", "vgg19": "vgg19-dcbb9e9d.pth"}  # torchvision's files, by their sha256
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's RGB in [0, 1]


def load_vgg(name: str, weights: str | Path | None = None, resolution: int | None = None) -> VGG:
    """`vgg16` or `vgg19` with the weights of a file, or those that torchvision has downloaded before.

    Raises `ValueError` where there are none, or they do not fit.
    """
    path = weights or kept_by_torch(PUBLISHED[name])
    if path is None:
        raise ValueError(
            f"the weights of {name} are not on this machine; give a file: torchvision's {PUBLISHED[name]}, or "
            "safetensors with the same names"
        )
    return VGG(name, read_state_dict(path), file_sha256(path), resolution, str(path))


class VGG(FeatureNetwork):
    """The convolutions of a VGG network; taps `relu1_1` to `relu5_3` (VGG-16) or `relu5_4` (VGG-19), each after its
    ReLU. The vector is the mean over positions of the last.

    Args:
        name: `vgg16`, `vgg19` or `vgg16-hed`.
        state: tensors under torchvision's names; what follows the convolutions is left out.
        sha256: of the file that they came from.
        resolution: pixels a side that images are resized to; None or 0: they keep their size, from 16.
        origin: what a message calls the weights.
    """

    def __init__(
        self,
        name: str,
        state: dict[str, torch.Tensor],
        sha256: str,
        resolution: int | None = None,
        origin: str = "given",
    ) -> None:
        depth = name.partition("-")[0]  # vgg16-hed is a vgg16
        layers = vgg_layers(depth)
        own = {key: tensor for key, tensor in state.items() if key.startswith("features.")}
        try:
            nn.ModuleDict({"features": layers}).load_state_dict(own)
        except RuntimeError as error:
            reason = " ".join(str(error).split())[:200]
            raise ValueError(f"the extractor weights {origin} do not fit {name}: {reason}") from error
        stages = _stages(depth, layers)
        super().__init__(name, sha256, stages, stages, WIDTHS[-1], resolution, smallest=16)
        for key, values in (("mean", MEAN), ("std", STD)):
            self.register_buffer(key, torch.tensor(values).view(1, 3, 1, 1), persistent=False)

    def normalize(self, images: torch.Tensor) -> torch.Tensor:
        """ImageNet's mean and standard deviation, of images in [0, 1]."""
        return (images * 0.5 + 0.5 - self.mean) / self.std


def vgg_layers(name: str) -> nn.Sequential:
    """Convolutions, ReLUs and max pools with random weights, numbered as torchvision numbers them."""
    layers: list[nn.Module] = []
    channels = 3
    for width, convolutions in zip(WIDTHS, BLOCKS[name], strict=True):
        for _ in range(convolutions):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


def _stages(name: str, layers: nn.Sequential) -> dict[str, nn.Module]:
    """A stage for each ReLU: the convolution before it, and before that the pool that opens a block."""
    stages, taken = {}, 0
    for block, convolutions in enumerate(BLOCKS[name], start=1):
        for number in range(1, convolutions + 1):
            opens = block > 1 and number == 1
            stages[f"relu{block}_{number}"] = layers[taken : taken + 2 + opens]
            taken += 2 + opens
    return stages
