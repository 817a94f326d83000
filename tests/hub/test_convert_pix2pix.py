"""U-Nets of the pix2pix repository, converted: the same translations."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from hf_genimg.hub.convert import convert

from .foreign_networks import converted, lived_in, same


class UnetBlock(nn.Module):
    """As in the repository: inplace activations, the skip connection ahead of what comes up."""

    def __init__(
        self,
        outer: int,
        inner: int,
        inputs: int | None = None,
        inside: nn.Module | None = None,
        outermost: bool = False,
        norm: type[nn.Module] = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        self.outermost, bias = outermost, norm is nn.InstanceNorm2d
        down = nn.Conv2d(inputs or outer, inner, 4, 2, 1, bias=bias)
        if outermost:
            layers = [down, inside, nn.ReLU(True), nn.ConvTranspose2d(inner * 2, outer, 4, 2, 1), nn.Tanh()]
        elif inside is None:
            up = nn.ConvTranspose2d(inner, outer, 4, 2, 1, bias=bias)
            layers = [nn.LeakyReLU(0.2, True), down, nn.ReLU(True), up, norm(outer)]
        else:
            up = nn.ConvTranspose2d(inner * 2, outer, 4, 2, 1, bias=bias)
            layers = [nn.LeakyReLU(0.2, True), down, norm(inner), inside, nn.ReLU(True), up, norm(outer)]
            layers += [nn.Dropout(0.5)] if outer == inner else []
        self.model = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.model(x) if self.outermost else torch.cat([x, self.model(x)], 1)


class UnetGenerator(nn.Module):
    """64 pixels: six halvings."""

    def __init__(
        self, inputs: int = 1, outputs: int = 3, width: int = 4, norm: type[nn.Module] = nn.BatchNorm2d
    ) -> None:
        super().__init__()
        block = UnetBlock(width * 8, width * 8, norm=norm)
        block = UnetBlock(width * 8, width * 8, inside=block, norm=norm)
        for scale in (4, 2, 1):
            block = UnetBlock(width * scale, width * scale * 2, inside=block, norm=norm)
        self.model = UnetBlock(outputs, width, inputs=inputs, inside=block, outermost=True, norm=norm)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.model(x)


def images(side: int = 64) -> torch.Tensor:
    return torch.rand(3, 1, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_u_net_becomes_a_pix2pix_generator(tmp_path: Path, suffix: str) -> None:
    theirs = lived_in(UnetGenerator())
    pipe, output = converted(tmp_path, theirs.state_dict(), "pix2pix", suffix=suffix)
    network = pipe.network
    assert type(network).__name__ == "Pix2PixGenerator"
    assert (network.config.image_size, network.config.input_channels, network.config.image_channels) == (64, 1, 3)
    assert "norm=batch" in output
    with torch.no_grad():
        same(theirs(images()), network(images()))


def test_statistics_of_each_image_as_the_repositorys_test_has_them(tmp_path: Path) -> None:
    theirs = lived_in(UnetGenerator())
    pipe, _ = converted(tmp_path, theirs.state_dict(), "pix2pix", "norm=instance")
    for module in theirs.modules():
        module.train(isinstance(module, nn.BatchNorm2d))  # no dropout
    with torch.no_grad():
        expected = torch.cat([theirs(image[None]) for image in images()])
        torch.testing.assert_close(expected, pipe.network(images()), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("statistics", [False, True])
def test_a_u_net_of_instance_norm_has_the_biases_of_its_halvings(tmp_path: Path, statistics: bool) -> None:
    theirs = lived_in(UnetGenerator(norm=nn.InstanceNorm2d))
    content = dict(theirs.state_dict())
    if statistics:  # of older files, which the repository drops
        norms = [name for name, layer in theirs.named_modules() if isinstance(layer, nn.InstanceNorm2d)]
        content |= {f"{name}.running_{kind}": torch.ones(8) for name in norms for kind in ("mean", "var")}
    pipe, output = converted(tmp_path, content, "pix2pix")
    assert "norm=instance" in output and pipe.network.config.bias
    with torch.no_grad():
        torch.testing.assert_close(theirs(images()), pipe.network(images()), rtol=1e-4, atol=1e-5)


def test_what_is_no_such_u_net_is_refused(tmp_path: Path) -> None:
    resnet = {"model.1.weight": torch.zeros(4, 3, 7, 7), "model.10.conv_block.1.weight": torch.zeros(4, 4, 3, 3)}
    with pytest.raises(ValueError, match="this is a ResNet generator, as CycleGAN has it"):
        converted(tmp_path, resnet, "pix2pix")
    patches = {f"model.{number}.weight": torch.ones(4, 3 if number == 0 else 4, 4, 4) for number in (0, 2, 5)}
    with pytest.raises(ValueError, match="block 0 has 3 convolutions where a U-Net has a halving and a doubling"):
        converted(tmp_path, patches, "pix2pix")
    torch.save(UnetGenerator().state_dict(), tmp_path / "u.pth")
    with pytest.raises(ValueError, match="image_size=32, but 6 halvings are of 64 pixels"):
        convert(tmp_path / "u.pth", "pix2pix", tmp_path / "ours", ["image_size=32"])
    assert not (tmp_path / "ours").exists()
