"""LPIPS (arXiv:1801.03924): how unlike two images look to a network that was trained on ImageNet; lower is better.

The distances are torchmetrics', whose package holds the linear layers (version 0.1). The backbone's weights come from a
file: torchvision's published AlexNet, VGG-16 or SqueezeNet, known by their sha256, or any safetensors file of such a
network, which the protocol names by its sha256.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from .files import file_sha256, read_state_dict

PUBLISHED = {  # torchvision's files have these digits in their names
    "7be5be79": "alex",
    "397923af": "vgg",
    "b8a52dc0": "squeeze",
}
SMALLEST = {"alex": 31, "vgg": 16, "squeeze": 17}  # pixels a side that leave something in every layer


class LPIPS(nn.Module):
    """LPIPS by the backbone in a file: frozen, and differentiable in both images.

    Raises `ValueError` for a file that cannot be read, is a pickle of unknown content, or holds no such backbone.

    Attributes:
        backbone: `alex`, `vgg` or `squeeze`.
        sha256: of the file.
    """

    def __init__(self, weights: str | Path) -> None:
        super().__init__()
        path = Path(weights)
        self.sha256 = file_sha256(path)
        if path.suffix != ".safetensors" and self.sha256[:8] not in PUBLISHED:
            raise ValueError(
                f"extractor weights {path} have the sha256 {self.sha256[:16]}..., which is none of torchvision's "
                "alexnet (7be5be79), vgg16 (397923af) or squeezenet1_1 (b8a52dc0); download them again, or give a "
                ".safetensors file"
            )
        state = {name: tensor for name, tensor in read_state_dict(path).items() if name.startswith("features.")}
        self.backbone = _backbone_of(state, path)
        self.network = _network(self.backbone, state, path)
        self.requires_grad_(False)

    def train(self, mode: bool = True) -> LPIPS:
        """Stays in eval mode: a frozen network has no other."""
        return super().train(False)

    def check(self, image_size: int) -> None:
        """Raise `ValueError` for images of which nothing would be left."""
        if image_size < SMALLEST[self.backbone]:
            raise ValueError(
                f"images of {image_size} pixels are too small for lpips by {self.backbone}; it needs "
                f"{SMALLEST[self.backbone]}"
            )

    @property
    def facts(self) -> dict[str, str]:
        """What a protocol says of it."""
        return {"backbone": self.backbone, "sha256": self.sha256, "version": "0.1", "resize": "none"}

    def forward(self, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """images, targets: float [N, C, H, W] in [-1, 1], grey or colour. Returns each pair's distance, float [N]."""
        one, other = (side.expand(-1, 3, -1, -1) for side in (images, targets))
        return self.network(one, other).flatten()


def _backbone_of(state: dict[str, torch.Tensor], path: Path) -> str:
    """Which of the three a state dict is of, by what only it has."""
    if "features.3.squeeze.weight" in state:
        return "squeeze"
    if "features.28.weight" in state:
        return "vgg"
    if "features.10.weight" in state and state["features.0.weight"].shape[2] == 11:
        return "alex"
    raise ValueError(
        f"extractor weights {path} are of no backbone of lpips; give torchvision's alexnet, vgg16 or squeezenet1_1"
    )


def _network(backbone: str, state: dict[str, torch.Tensor], path: Path) -> nn.Module:
    # private in torchmetrics, for its public call only downloads
    from torchmetrics.functional.image.lpips import _LPIPS, _get_tv_model_features

    names = {"alex": "alexnet", "vgg": "vgg16", "squeeze": "squeezenet1_1"}
    features = _get_tv_model_features(names[backbone])
    try:
        features.load_state_dict({name.removeprefix("features."): tensor for name, tensor in state.items()})
    except RuntimeError as error:
        raise ValueError(
            f"the extractor weights {path} do not fit {names[backbone]}: {' '.join(str(error).split())[:200]}"
        ) from error
    network = _LPIPS(pretrained=True, net=backbone, pnet_rand=True).eval()
    parts = (
        network.net.slices
        if backbone == "squeeze"
        else [getattr(network.net, f"slice{n}") for n in range(1, network.net.N_slices + 1)]
    )
    for part in parts:
        for number, layer in part.named_children():
            layer.load_state_dict(features[int(number)].state_dict())
    return network
