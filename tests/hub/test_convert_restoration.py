"""Restorers and translators of other repositories, converted: the same images as a plain forward of theirs."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import hf_genimg
from hf_genimg.cli import main

from .foreign_networks import converted, lived_in, same


def images(channels: int = 3, size: int = 16) -> torch.Tensor:
    return torch.rand(2, channels, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1


def inside_0_1(network: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """Theirs works on [0, 1]."""
    with torch.no_grad():
        return (network(inputs * 0.5 + 0.5) * 2 - 1).clamp(-1, 1)


class BasicBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = (nn.Conv2d(width, width, 3, 1, 1) for _ in range(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.conv2(F.relu(self.conv1(x)))


class TheirMSRResNet(nn.Module):
    """As in BasicSR."""

    def __init__(self, scale: int, width: int = 8) -> None:
        super().__init__()
        self.scale = scale
        self.conv_first = nn.Conv2d(3, width, 3, 1, 1)
        self.body = nn.Sequential(BasicBlock(width), BasicBlock(width))
        self.upconv1 = nn.Conv2d(width, width * (9 if scale == 3 else 4), 3, 1, 1)
        if scale == 4:
            self.upconv2 = nn.Conv2d(width, width * 4, 3, 1, 1)
        self.conv_hr, self.conv_last = nn.Conv2d(width, width, 3, 1, 1), nn.Conv2d(width, 3, 3, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.body(F.leaky_relu(self.conv_first(x), 0.1))
        out = F.leaky_relu(F.pixel_shuffle(self.upconv1(out), 3 if self.scale == 3 else 2), 0.1)
        if self.scale == 4:
            out = F.leaky_relu(F.pixel_shuffle(self.upconv2(out), 2), 0.1)
        out = self.conv_last(F.leaky_relu(self.conv_hr(out), 0.1))
        return out + F.interpolate(x, scale_factor=self.scale, mode="bilinear", align_corners=False)


class DenseBlock(nn.Module):
    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        for number in range(5):
            layer = nn.Conv2d(width + number * growth, growth if number < 4 else width, 3, 1, 1)
            setattr(self, f"conv{number + 1}", layer)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen = [x]
        for number in range(1, 5):
            seen.append(F.leaky_relu(getattr(self, f"conv{number}")(torch.cat(seen, 1)), 0.2))
        return self.conv5(torch.cat(seen, 1)) * 0.2 + x


class RRDB(nn.Module):
    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (DenseBlock(width, growth) for _ in range(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.rdb3(self.rdb2(self.rdb1(x))) * 0.2 + x


class TheirRRDBNet(nn.Module):
    """As in BasicSR."""

    def __init__(self, scale: int, width: int = 8, growth: int = 4) -> None:
        super().__init__()
        self.scale = scale
        self.conv_first = nn.Conv2d(3 * (4 // scale) ** 2, width, 3, 1, 1)
        self.body = nn.Sequential(*[RRDB(width, growth) for _ in range(2)])
        for name in ("conv_body", "conv_up1", "conv_up2", "conv_hr"):
            setattr(self, name, nn.Conv2d(width, width, 3, 1, 1))
        self.conv_last = nn.Conv2d(width, 3, 3, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        feat = self.conv_first(F.pixel_unshuffle(x, 2) if self.scale == 2 else x)
        feat = feat + self.conv_body(self.body(feat))
        for up in (self.conv_up1, self.conv_up2):
            feat = F.leaky_relu(up(F.interpolate(feat, scale_factor=2, mode="nearest")), 0.2)
        return self.conv_last(F.leaky_relu(self.conv_hr(feat), 0.2))


class TheirSRVGG(nn.Module):
    """As in Real-ESRGAN."""

    def __init__(self, scale: int, width: int = 8, depth: int = 3) -> None:
        super().__init__()
        self.scale = scale
        layers: list[nn.Module] = [nn.Conv2d(3, width, 3, 1, 1), nn.PReLU(num_parameters=width)]
        for _ in range(depth):
            layers += [nn.Conv2d(width, width, 3, 1, 1), nn.PReLU(num_parameters=width)]
        self.body = nn.ModuleList([*layers, nn.Conv2d(width, 3 * scale**2, 3, 1, 1)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = x
        for layer in self.body:
            out = layer(out)
        return F.pixel_shuffle(out, self.scale) + F.interpolate(x, scale_factor=self.scale, mode="nearest")


class TheirDnCNN(nn.Module):
    """As in KAIR: batch norms of eps 1e-4, or none in released models."""

    def __init__(self, channels: int, normalised: bool, width: int = 8) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 3, 1, 1), nn.ReLU(True)]
        for _ in range(3):
            layers += [nn.Conv2d(width, width, 3, 1, 1)]
            layers += [nn.BatchNorm2d(width, eps=1e-4)] if normalised else []
            layers += [nn.ReLU(True)]
        self.model = nn.Sequential(*layers, nn.Conv2d(width, channels, 3, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x - self.model(x)


class ResnetBlock(nn.Module):
    def __init__(self, width: int, norm: type[nn.Module], dropout: bool) -> None:
        super().__init__()
        bias = norm is nn.InstanceNorm2d
        layers = [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3, bias=bias), norm(width), nn.ReLU(True)]
        layers += [nn.Dropout(0.5)] if dropout else []
        layers += [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3, bias=bias), norm(width)]
        self.conv_block = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.conv_block(x)


class ResnetGenerator(nn.Module):
    """As in the CycleGAN repository."""

    def __init__(
        self, norm: type[nn.Module], dropout: bool = False, width: int = 4, channels: tuple[int, int] = (1, 3)
    ) -> None:
        super().__init__()
        bias = norm is nn.InstanceNorm2d
        layers = [nn.ReflectionPad2d(3), nn.Conv2d(channels[0], width, 7, bias=bias), norm(width), nn.ReLU(True)]
        for c in (width, 2 * width):
            layers += [nn.Conv2d(c, 2 * c, 3, 2, 1, bias=bias), norm(2 * c), nn.ReLU(True)]
        layers += [ResnetBlock(4 * width, norm, dropout) for _ in range(2)]
        for c in (4 * width, 2 * width):
            layers += [nn.ConvTranspose2d(c, c // 2, 3, 2, 1, output_padding=1, bias=bias), norm(c // 2), nn.ReLU(True)]
        self.model = nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, channels[1], 7), nn.Tanh())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.model(x)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_srresnet_of_basicsr(tmp_path: Path, scale: int) -> None:
    theirs = lived_in(TheirMSRResNet(scale))
    pipe, output = converted(tmp_path, {"params": theirs.state_dict()}, "srresnet")
    assert pipe.capabilities.scale == scale and f"scale={scale}" in output and "value_range=0,1" in output
    with torch.no_grad():
        same(inside_0_1(theirs, images()), pipe.network(images()))


@pytest.mark.parametrize(("scale", "suffix"), [(2, ".pth"), (4, ".safetensors")])
def test_rrdb_of_basicsr(tmp_path: Path, scale: int, suffix: str) -> None:
    theirs = lived_in(TheirRRDBNet(scale))
    content = theirs.state_dict() if suffix == ".safetensors" else {"params_ema": theirs.state_dict()}
    pipe, output = converted(tmp_path, content, "esrgan", suffix=suffix)
    assert type(pipe.network).__name__ == "ESRGANGenerator" and pipe.capabilities.scale == scale
    assert f"checked: 8 images of {48 * scale}x{48 * scale}" in output  # of small inputs: it takes any size
    with torch.no_grad():
        same(inside_0_1(theirs, images()), pipe.network(images()))


def test_rrdb_in_the_names_of_the_esrgan_repository(tmp_path: Path) -> None:
    theirs = lived_in(TheirRRDBNet(4))
    old = {"conv_body": "trunk_conv", "conv_up1": "upconv1", "conv_up2": "upconv2", "conv_hr": "HRconv"}
    content = {}
    for name, tensor in theirs.state_dict().items():
        layer, _, own = name.rpartition(".")
        content[f"{old.get(layer, layer.replace('body', 'RRDB_trunk').replace('rdb', 'RDB'))}.{own}"] = tensor
    pipe, _ = converted(tmp_path, content, "esrgan")
    with torch.no_grad():
        same(inside_0_1(theirs, images()), pipe.network(images()))


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_rrdb_in_the_numbers_of_old_files(tmp_path: Path, suffix: str) -> None:
    theirs = lived_in(TheirRRDBNet(4))
    old = {
        "conv_first": "0",
        "conv_body": "1.sub.2",
        "conv_up1": "3",
        "conv_up2": "6",
        "conv_hr": "8",
        "conv_last": "10",
    }
    content = {}
    for name, tensor in theirs.state_dict().items():
        layer, _, own = name.rpartition(".")
        inside = layer.replace("body.", "1.sub.").replace("rdb", "RDB") + ".0"
        content[f"model.{old.get(layer, inside)}.{own}"] = tensor
    pipe, _ = converted(tmp_path, content, "esrgan", suffix=suffix)
    with torch.no_grad():
        same(inside_0_1(theirs, images()), pipe.network(images()))


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_srvgg_of_real_esrgan(tmp_path: Path, suffix: str) -> None:
    theirs = lived_in(TheirSRVGG(4))
    pipe, _ = converted(tmp_path, theirs.state_dict(), "srvgg", suffix=suffix)
    with torch.no_grad():
        same(inside_0_1(theirs, images()), pipe.network(images()))


@pytest.mark.parametrize("normalised", [True, False])
def test_dncnn_of_kair(tmp_path: Path, normalised: bool) -> None:
    theirs = lived_in(TheirDnCNN(1, normalised))
    pipe, output = converted(tmp_path, theirs.state_dict(), "dncnn")
    assert ("eps=0.0001 of the batch norms" in output) == normalised
    with torch.no_grad():
        torch.testing.assert_close(inside_0_1(theirs, images(1)), pipe.network(images(1)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("norm", [nn.InstanceNorm2d, nn.BatchNorm2d])
@pytest.mark.parametrize("dropout", [False, True])
def test_resnet_generators_of_cyclegan(tmp_path: Path, norm: type[nn.Module], dropout: bool) -> None:
    theirs = lived_in(ResnetGenerator(norm, dropout))
    pipe, output = converted(tmp_path, theirs.state_dict(), "cyclegan")
    assert f"norm={'batch' if norm is nn.BatchNorm2d else 'instance'}" in output
    with torch.no_grad():
        same(theirs(images(1)), pipe.network(images(1)))


def test_two_files_of_cyclegan_make_one_pipeline(tmp_path: Path) -> None:
    there = lived_in(ResnetGenerator(nn.InstanceNorm2d))
    back = lived_in(ResnetGenerator(nn.BatchNorm2d, channels=(3, 1)))
    file = tmp_path / "latest_net_G_B.pth"
    torch.save(back.state_dict(), file)
    pipe, output = converted(tmp_path, there.state_dict(), "cyclegan", f"reverse={file}")
    assert f"{file} for the other direction: norm=batch" in output
    assert pipe.capabilities.reverse
    with torch.no_grad():
        same(there(images(1)), pipe.generator(images(1)))
        same(back(images(3)), pipe.reverse_generator(images(3)))
        made = pipe(images(3), reverse=True, output_type="pt").images
        torch.testing.assert_close(made * 2 - 1, back(images(3)), rtol=0, atol=1e-5)


def test_a_reverse_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    theirs, file = lived_in(ResnetGenerator(nn.InstanceNorm2d)), tmp_path / "other.pth"
    torch.save(theirs.state_dict(), file)
    with pytest.raises(ValueError, match="translates images of 1 channels to 3, and the other file of 1 to 3"):
        converted(tmp_path, theirs.state_dict(), "cyclegan", f"reverse={file}")
    with pytest.raises((ValueError, OSError), match="nothing.pth"):
        converted(tmp_path, theirs.state_dict(), "cyclegan", f"reverse={tmp_path / 'nothing.pth'}")
    assert not (tmp_path / "ours").exists()


def test_statistics_of_old_instance_norms_are_dropped(tmp_path: Path) -> None:
    theirs = lived_in(ResnetGenerator(nn.InstanceNorm2d))
    content = dict(theirs.state_dict())
    content |= {"model.2.running_mean": torch.ones(4), "model.2.running_var": torch.ones(4)}
    pipe, _ = converted(tmp_path, content, "cyclegan")
    with torch.no_grad():
        same(theirs(images(1)), pipe.network(images(1)))


@pytest.mark.parametrize(
    ("family", "theirs"),
    [
        ("esrgan", TheirRRDBNet(2)),
        ("srresnet", TheirMSRResNet(2)),
        ("srvgg", TheirSRVGG(2)),
        ("dncnn", TheirDnCNN(3, False)),
        ("cyclegan", ResnetGenerator(nn.InstanceNorm2d, channels=(3, 3))),
    ],
)
def test_each_is_a_space_after_one_more_command(tmp_path: Path, family: str, theirs: nn.Module) -> None:
    pipe, _ = converted(tmp_path, lived_in(theirs).state_dict(), family)
    assert main(["space", str(tmp_path / "ours"), "me/page", "--local", str(tmp_path / "space")]) == 0
    there = hf_genimg.load(tmp_path / "space" / "ours")
    with torch.no_grad():
        same(pipe.network(images()), there.network(images()))
    assert (tmp_path / "space" / "app.py").is_file()


@pytest.mark.parametrize(
    ("family", "message"),
    [
        ("esrgan", "this is no RRDB network of BasicSR: it has no convolution conv_first"),
        ("srresnet", "this is no MSRResNet of BasicSR: it has no convolution conv_first"),
        ("srvgg", "this is no SRVGG of Real-ESRGAN with PReLU: it has no convolution body.0"),
        ("cyclegan", "this is no ResNet generator of the CycleGAN repository"),
    ],
)
def test_other_networks_are_refused(tmp_path: Path, family: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        converted(tmp_path, TheirDnCNN(1, True).state_dict(), family)
    assert not (tmp_path / "ours").exists()


def test_missing_and_superfluous_layers_are_named(tmp_path: Path) -> None:
    content = dict(TheirRRDBNet(4).state_dict())
    with pytest.raises(ValueError, match="conv_extra is no layer of it"):
        converted(tmp_path, {**content, "conv_extra.weight": torch.ones(1, 1, 3, 3)}, "esrgan")
    del content["conv_hr.weight"], content["conv_hr.bias"]
    with pytest.raises(ValueError, match="conv_hr is missing"):
        converted(tmp_path, content, "esrgan")
    with pytest.raises(ValueError, match="this is no DnCNN of KAIR"):
        converted(tmp_path, TheirSRVGG(2).state_dict(), "dncnn")
