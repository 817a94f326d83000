"""Networks as others write them: their state dicts, converted, give the same outputs."""

from __future__ import annotations

import json
import os
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from diffusers import DiffusionPipeline
from safetensors.torch import save_file
from torch import nn

import hf_genimg
from hf_genimg.cli import main
from hf_genimg.hub.convert import convert, families


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


def test_every_family_of_the_task_can_be_imported() -> None:
    assert set(families()) >= {"mlp_gan", "dcgan", "mlp_vae", "conv_vae", "classifier"}


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_dense_gan_becomes_the_familys_own_network(tmp_path: Path, suffix: str) -> None:
    theirs, latents = lived_in(DenseGAN()), torch.randn(4, 10)
    pipe, said = converted(tmp_path, theirs.state_dict(), "mlp_gan", suffix=suffix)
    assert type(pipe.generator).__name__ == "MLPGANGenerator"  # which can be trained on
    assert "image_size=8, image_channels=3" in said
    assert "not matched" not in said
    same(theirs(latents), pipe.generator(latents))


def test_eps_range_and_activation_are_given_where_shapes_do_not_show_them(tmp_path: Path) -> None:
    theirs, latents = lived_in(DenseGAN(0.8, nn.Sigmoid)), torch.randn(4, 10)
    pipe, said = converted(tmp_path, theirs.state_dict(), "mlp_gan", "eps=0.8", "output=sigmoid")
    assert "output=sigmoid, value_range=0,1, eps=0.8" in said
    same(2 * theirs(latents) - 1, pipe.generator(latents))
    shown = pipe(latents=latents, output_type="pt").images
    same(theirs(latents), shown)


@pytest.mark.parametrize("bias", [False, True])
def test_a_convolutional_gan_with_biases_or_without(tmp_path: Path, bias: bool) -> None:
    theirs, latents = lived_in(ConvGAN(bias)), torch.randn(4, 12)
    pipe, said = converted(tmp_path, {"netG": theirs.state_dict(), "epoch": 3}, "dcgan", "image_size=16")
    assert type(pipe.generator).__name__ == ("ImportedGenerator" if bias else "DCGANGenerator")
    assert "stride=1,2,2, padding=0,1,1" in said
    same(theirs(latents), pipe.generator(latents))


def test_strides_are_tried_until_the_size_is_that_asked_for_or_given(tmp_path: Path) -> None:
    kernels = ((3, 2, 0), (4, 1, 0), (3, 2, 0), (4, 2, 0))  # 3, 6, 13, 28
    theirs, latents = lived_in(ConvGAN(True, kernels)), torch.randn(4, 12)
    pipe, said = converted(tmp_path, theirs.state_dict(), "dcgan", "image_size=28", "stride=2,1,2,2", "padding=0")
    assert pipe.capabilities.image_size == 28
    assert "stride=1,1,2,2" in said or "stride=2,1,2,2" in said
    same(theirs(latents), pipe.generator(latents))


def test_sizes_that_no_usual_stride_gives_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no usual strides and paddings lead to image_size=500"):
        converted(tmp_path, ConvGAN().state_dict(), "dcgan", "image_size=500")
    assert not (tmp_path / "ours").exists()


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_dense_vae_with_images_from_0_to_1(tmp_path: Path, suffix: str) -> None:
    theirs, images = lived_in(DenseVAE()), torch.rand(4, 1, 8, 8)
    pipe, said = converted(tmp_path, theirs.state_dict(), "mlp_vae", suffix=suffix)
    assert "mean and log variance by fc21 and fc22" in said
    mean, log_variance = theirs.encode(images)
    posterior = pipe.autoencoder.encode(2 * images - 1)
    same(mean, posterior.mean)
    same(log_variance, posterior.logvar)
    same(theirs.decode(mean), (pipe.autoencoder.decode(mean) + 1) / 2)


def test_one_layer_for_mean_and_log_variance(tmp_path: Path) -> None:
    encoder = lived_in(nn.Sequential(OrderedDict(a=nn.Linear(64, 24), b=nn.Linear(24, 10))))
    decoder = lived_in(nn.Sequential(OrderedDict(c=nn.Linear(5, 20), d=nn.Linear(20, 64))))
    tensors = {f"encoder.{k}": v for k, v in encoder.state_dict().items()} | {
        f"decoder.{k}": v for k, v in decoder.state_dict().items()
    }
    pipe, said = converted(tmp_path, tensors, "mlp_vae", "activation=tanh", "output=none")
    assert "the halves of encoder.b" in said
    images = torch.rand(4, 1, 8, 8) * 2 - 1
    expected = encoder.b(encoder.a(images.flatten(1)).tanh())
    same(expected[:, :5], pipe.autoencoder.encode(images).mean)
    same(decoder.d(decoder.c(expected[:, :5]).tanh()).view(-1, 1, 8, 8), pipe.autoencoder.decode(expected[:, :5]))


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_convolutional_vae(tmp_path: Path, suffix: str) -> None:
    theirs, images = lived_in(HalvingVAE()), torch.rand(4, 3, 32, 32) * 2 - 1
    wrapped = {f"module._orig_mod.{name}": tensor for name, tensor in theirs.state_dict().items()}
    pipe, said = converted(
        tmp_path, wrapped, "conv_vae", "image_size=32", "activation=leaky_relu:0.01", "output=tanh", suffix=suffix
    )
    assert "decoder stride=2,2,2, padding=1,1,1, output padding 1,1,1" in said
    mean, log_variance = theirs.encode(images)
    same(mean, pipe.autoencoder.encode(images).mean)
    same(log_variance, pipe.autoencoder.encode(images).log_variance)
    same(theirs.decode(mean), pipe.autoencoder.decode(mean))


@pytest.mark.parametrize(("channels", "padding", "side", "size"), [(3, 0, 5, 32), (1, 2, 5, 28), (1, 0, 4, 28)])
def test_a_lenet(tmp_path: Path, channels: int, padding: int, side: int, size: int) -> None:
    theirs, images = lived_in(PlainLeNet(channels, padding, side)), torch.rand(4, channels, size, size)
    fields = ["mean=0.1307", "std=0.3081", f"image_size={size}", f"padding={padding},0"]
    pipe, _ = converted(tmp_path, theirs.state_dict(), "classifier", *fields, "class_names=a,b,c,d,e,f,g,h,i,j")
    same(theirs((images - 0.1307) / 0.3081), pipe.classifier(2 * images - 1))
    assert pipe.class_names[9] == "j"


def test_a_lenet_of_ours_stays_one(tmp_path: Path) -> None:
    theirs = lived_in(PlainLeNet(1, 2, 5))
    pipe, _ = converted(tmp_path, theirs.state_dict(), "classifier")
    assert type(pipe.classifier).__name__ == "LeNetClassifier"


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize(
    ("beside", "head", "large", "bottleneck"),
    [("shortcut", "linear", False, False), ("downsample", "fc", True, False), ("downsample", "fc", True, True)],
)
def test_a_resnet(tmp_path: Path, suffix: str, beside: str, head: str, large: bool, bottleneck: bool) -> None:
    theirs, images = lived_in(StagedResNet(beside, head, large, bottleneck)), torch.rand(4, 3, 64, 64)
    mean, std = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1), torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    fields = ["image_size=64", "mean=0.485,0.456,0.406", "std=0.229,0.224,0.225"]
    pipe, said = converted(tmp_path, {"model": theirs.state_dict()}["model"], "classifier", *fields, suffix=suffix)
    assert "not matched" not in said
    with torch.no_grad():
        expected, found = theirs((images - mean) / std), pipe.classifier(2 * images - 1)
    torch.testing.assert_close(expected, found, rtol=2e-6, atol=2e-6)
    assert expected.std(0).max() > 1e-3


def test_a_map_gives_the_order_and_leaves_things_out(tmp_path: Path) -> None:
    theirs, latents = lived_in(DenseGAN()), torch.randn(4, 10)
    tensors = {name.replace("model.", "layer"): tensor for name, tensor in reversed(theirs.state_dict().items())}
    tensors = {"extra.weight": torch.zeros(3, 3), **tensors}
    (tmp_path / "map.json").write_text(json.dumps([f"layer{number}" for number in (0, 2, 3, 5, 6, 8, 9, 11)]))
    pipe, _ = converted(tmp_path, tensors, "mlp_gan", f"map={tmp_path / 'map.json'}")
    same(theirs(latents), pipe.generator(latents))


def test_a_map_that_names_what_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "map.json").write_text('["0", "7"]')
    with pytest.raises(ValueError, match="names 7, which is not there; the layers are 0, 2"):
        converted(tmp_path, DenseGAN().state_dict(), "mlp_gan", f"map={tmp_path / 'map.json'}")


def test_what_could_not_be_matched_is_listed(tmp_path: Path) -> None:
    theirs = lived_in(ConvGAN())
    _, said = converted(
        tmp_path,
        {**theirs.state_dict(), "attention.gamma": torch.zeros(1), "odd.weight": torch.zeros(2, 2, 2)},
        "dcgan",
    )
    assert "not matched: attention, odd" in said


def test_a_network_is_chosen_by_its_name_among_several(tmp_path: Path) -> None:
    theirs, latents = lived_in(ConvGAN()), torch.randn(4, 12)
    both = {f"G_ema.{name}": tensor for name, tensor in theirs.state_dict().items()} | {
        "D.0.weight": torch.zeros(8, 3, 4, 4)
    }
    pipe, _ = converted(tmp_path, {"state_dict": both}, "dcgan", "part=G_ema")
    same(theirs(latents), pipe.generator(latents))
    with pytest.raises(ValueError, match="no part G; it holds D, G_ema; choose one with part=NAME"):
        convert(tmp_path / "theirs.pth", "dcgan", tmp_path / "other", ["part=G"])


def test_it_loads_in_every_form_and_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    theirs = lived_in(ConvGAN(True))
    torch.save(theirs.state_dict(), tmp_path / "theirs.pt")
    command = ["convert", str(tmp_path / "theirs.pt"), "--as", "dcgan", "--out", str(tmp_path / "out"), "image_size=16"]
    assert main(command) == 0
    assert "ImportedGenerator with" in capsys.readouterr().out
    expected = theirs(torch.zeros(1, 12))
    for loaded in (
        DiffusionPipeline.from_pretrained(tmp_path / "out").generator,
        hf_genimg.ImageGenerationPipeline.from_pretrained(tmp_path / "out").generator,
        hf_genimg.ImportedGenerator.from_pretrained(tmp_path / "out", subfolder="generator"),
    ):
        same(expected, loaded(torch.zeros(1, 12)))
    before = (tmp_path / "out" / "model_index.json").stat().st_mtime_ns
    assert main(command) == 1
    assert "exists already and is not overwritten" in capsys.readouterr().err
    assert (tmp_path / "out" / "model_index.json").stat().st_mtime_ns == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "theirs.pt"]


class _Hostile:
    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.file}",)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_hostile_pickle_is_refused_and_nothing_of_it_runs(
    tmp_path: Path, zipped: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    file, trace = tmp_path / "hostile.pth", tmp_path / "it-ran"
    content = {"main.0.weight": torch.zeros(2), "x": _Hostile(trace)}
    torch.save(content, file, _use_new_zipfile_serialization=zipped)
    assert main(["convert", str(file), "--as", "dcgan", "--out", str(tmp_path / "out")]) == 1
    message = capsys.readouterr().err.strip()
    assert "nothing of it was run" in message
    assert len(message.splitlines()) == 1
    assert not trace.exists()
    assert not (tmp_path / "out").exists()
    torch.load(file, weights_only=False)  # it is hostile indeed
    assert trace.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no", "cannot be read as a checkpoint|holds more than tensors"),
        (pickle.dumps([1]), "not a state dict|cannot be read|holds more"),
    ],
)
def test_what_is_no_checkpoint_is_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x.pth").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        convert(tmp_path / "x.pth", "dcgan", tmp_path / "out")


def test_mistakes_are_told_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match="--as vqgan is not a family that can be imported; use one of classifier, conv_vae, dcgan"
    ):
        convert("x.pth", "vqgan", tmp_path / "out")
    with pytest.raises(ValueError, match="there is no field 'strid'; did you mean stride?"):
        convert("x.pth", "dcgan", tmp_path / "out", ["strid=2"])
    with pytest.raises(FileNotFoundError, match="x.pth is no file"):
        convert("x.pth", "dcgan", tmp_path / "out")
    with pytest.raises(ValueError, match="x.zip is no checkpoint that can be converted"):
        convert("x.zip", "dcgan", tmp_path / "out")
