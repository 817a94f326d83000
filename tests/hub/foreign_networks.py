"""Networks as others write them, and their checkpoints converted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

import hf_genimg
from hf_genimg.hub.convert import convert


def lived_in(network: nn.Module) -> nn.Module:
    """With weights and statistics that no layer is indifferent to."""
    torch.manual_seed(0)
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5)
        elif name.endswith(("running_mean", "bias")):
            tensor.uniform_(-0.3, 0.3)
        elif tensor.dim() == 1 and tensor.is_floating_point():
            tensor.uniform_(0.7, 1.3)
    return network.eval()


def converted(tmp_path: Path, content: Any, family: str, *fields: str, suffix: str = ".pth") -> tuple[Any, str]:
    """The pipeline that `convert` makes of a checkpoint, and what it says."""
    file = tmp_path / f"theirs{suffix}"
    if suffix == ".safetensors":
        save_file(content, file)
    else:
        torch.save(content, file)
    lines = convert(file, family, tmp_path / "ours", list(fields))
    return hf_genimg.load(tmp_path / "ours"), "\n".join(lines)


def same(one: torch.Tensor, other: torch.Tensor) -> None:
    assert one.shape == other.shape
    assert one.std() > 0.01  # the comparison sees something
    torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6)


class DenseGAN(nn.Module):
    """Blocks in one Sequential called model."""

    def __init__(self, eps: float = 1e-5, last: type[nn.Module] = nn.Tanh) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Linear(10, 16), nn.LeakyReLU(0.2)]
        for width in (16, 32, 64):
            layers += [nn.Linear(width, 2 * width), nn.BatchNorm1d(2 * width, eps), nn.LeakyReLU(0.2)]
        self.model = nn.Sequential(*layers, nn.Linear(128, 3 * 64), last())

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.model(z).view(-1, 3, 8, 8)


class ConvGAN(nn.Module):
    """Transposed convolutions in one Sequential called main."""

    def __init__(
        self, bias: bool = False, kernels: tuple[tuple[int, int, int], ...] = ((4, 1, 0), (4, 2, 1), (4, 2, 1))
    ) -> None:
        super().__init__()
        widths = [12, *(8 * 2**n for n in reversed(range(len(kernels) - 1))), 3]
        layers: list[nn.Module] = []
        for number, (kernel, stride, padding) in enumerate(kernels):
            layers.append(nn.ConvTranspose2d(widths[number], widths[number + 1], kernel, stride, padding, bias=bias))
            if number < len(kernels) - 1:
                layers += [nn.BatchNorm2d(widths[number + 1]), nn.ReLU(True)]
        self.main = nn.Sequential(*layers, nn.Tanh())

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.main(z[:, :, None, None])


class DenseVAE(nn.Module):
    """Five linear layers called fc; images and outputs in [0, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc21, self.fc22 = nn.Linear(64, 24), nn.Linear(24, 5), nn.Linear(24, 5)
        self.fc3, self.fc4 = nn.Linear(5, 24), nn.Linear(24, 64)

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        hidden = F.relu(self.fc1(x.flatten(1)))
        return self.fc21(hidden), self.fc22(hidden)

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z)))).view(-1, 1, 8, 8)


class HalvingVAE(nn.Module):
    """Strided 3x3 convolutions with batch norm and leaky ReLU; a tanh at the end."""

    def __init__(self) -> None:
        super().__init__()
        down, channels = [], 3
        for width in (4, 8, 16):
            down += [
                nn.Sequential(nn.Conv2d(channels, width, 3, stride=2, padding=1), nn.BatchNorm2d(width), nn.LeakyReLU())
            ]
            channels = width
        self.encoder = nn.Sequential(*down)
        self.fc_mu, self.fc_var = nn.Linear(16 * 16, 6), nn.Linear(16 * 16, 6)
        self.decoder_input = nn.Linear(6, 16 * 16)
        up = []
        for before, after in ((16, 8), (8, 4), (4, 3)):
            layers: list[nn.Module] = [nn.ConvTranspose2d(before, after, 3, stride=2, padding=1, output_padding=1)]
            up += [nn.Sequential(*layers, *([nn.BatchNorm2d(after), nn.LeakyReLU()] if after > 3 else [nn.Tanh()]))]
        self.decoder = nn.Sequential(*up)

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        hidden = self.encoder(x).flatten(1)
        return self.fc_mu(hidden), self.fc_var(hidden)

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.decoder_input(z).view(-1, 16, 4, 4))


class PlainLeNet(nn.Module):
    """As on the page of a tutorial: no padding, colour, 32 pixels."""

    def __init__(self, channels: int = 3, padding: int = 0, side: int = 5) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(channels, 6, 5, padding=padding), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(16 * side * side, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.conv2(F.max_pool2d(F.relu(self.conv1(x)), 2))), 2)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x.flatten(1))))))


class Block(nn.Module):
    """conv1, bn1, conv2, bn2 and, where sizes change, a projection under `beside`; a bottleneck has a third pair."""

    def __init__(self, before: int, after: int, stride: int, beside: str, bottleneck: bool = False) -> None:
        super().__init__()
        kernels = ((1, 1), (3, stride), (1, 1)) if bottleneck else ((3, stride), (3, 1))
        for number, (kernel, step) in enumerate(kernels, 1):
            setattr(
                self,
                f"conv{number}",
                nn.Conv2d(before if number == 1 else after, after, kernel, step, kernel // 2, bias=False),
            )
            setattr(self, f"bn{number}", nn.BatchNorm2d(after))
        self.pairs, self.name = len(kernels), beside
        projection = (
            [nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after)]
            if stride > 1 or before != after
            else []
        )
        setattr(self, beside, nn.Sequential(*projection))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x
        for number in range(1, self.pairs + 1):
            y = getattr(self, f"bn{number}")(getattr(self, f"conv{number}")(y))
            y = y.relu() if number < self.pairs else y
        return (y + getattr(self, self.name)(x)).relu()


class StagedResNet(nn.Module):
    """Stages called layer1, layer2, ... and a linear layer called `head`."""

    def __init__(self, beside: str, head: str, large: bool = False, bottleneck: bool = False) -> None:
        super().__init__()
        self.large, self.head = large, head
        self.conv1 = nn.Conv2d(3, 8, 7, 2, 3, bias=False) if large else nn.Conv2d(3, 8, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.layer1 = nn.Sequential(Block(8, 8, 1, beside, bottleneck), Block(8, 8, 1, beside, bottleneck))
        self.layer2 = nn.Sequential(Block(8, 16, 2, beside, bottleneck), Block(16, 16, 1, beside, bottleneck))
        setattr(self, head, nn.Linear(16, 7))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.bn1(self.conv1(x)).relu()
        x = F.max_pool2d(x, 3, 2, 1) if self.large else x
        return getattr(self, self.head)(self.layer2(self.layer1(x)).mean((2, 3)))
