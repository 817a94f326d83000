"""Networks as others write them: their state dicts, converted, give the same outputs."""

from __future__ import annotations

import json
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from diffusers import DiffusionPipeline
from torch import nn

import hf_genimg
from hf_genimg.cli import main
from hf_genimg.hub.convert import families

from .foreign_networks import (
    ConvGAN,
    DenseGAN,
    DenseVAE,
    HalvingVAE,
    PlainLeNet,
    StagedResNet,
    converted,
    lived_in,
    same,
)


def test_every_family_of_the_task_can_be_imported() -> None:
    assert set(families()) >= {"mlp_gan", "dcgan", "mlp_vae", "conv_vae", "classifier"}


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_dense_gan_becomes_the_familys_own_network(tmp_path: Path, suffix: str) -> None:
    theirs, latents = lived_in(DenseGAN()), torch.randn(4, 10)
    pipe, output = converted(tmp_path, theirs.state_dict(), "mlp_gan", suffix=suffix)
    assert type(pipe.generator).__name__ == "MLPGANGenerator"  # which can be trained on
    assert "image_size=8, image_channels=3" in output
    assert "not matched" not in output
    same(theirs(latents), pipe.generator(latents))


def test_eps_range_and_activation_are_given_where_shapes_do_not_show_them(tmp_path: Path) -> None:
    theirs, latents = lived_in(DenseGAN(0.8, nn.Sigmoid)), torch.randn(4, 10)
    pipe, output = converted(tmp_path, theirs.state_dict(), "mlp_gan", "eps=0.8", "output=sigmoid")
    assert "output=sigmoid, value_range=0,1, eps=0.8" in output
    same(2 * theirs(latents) - 1, pipe.generator(latents))
    shown = pipe(latents=latents, output_type="pt").images
    same(theirs(latents), shown)


@pytest.mark.parametrize("bias", [False, True])
def test_a_convolutional_gan_with_biases_or_without(tmp_path: Path, bias: bool) -> None:
    theirs, latents = lived_in(ConvGAN(bias)), torch.randn(4, 12)
    pipe, output = converted(tmp_path, {"netG": theirs.state_dict(), "epoch": 3}, "dcgan", "image_size=16")
    assert type(pipe.generator).__name__ == ("ImportedGenerator" if bias else "DCGANGenerator")
    assert "image_size=16 stride=1,2,2 padding=0,1,1" in output
    same(theirs(latents), pipe.generator(latents))


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_dense_vae_with_images_from_0_to_1(tmp_path: Path, suffix: str) -> None:
    theirs, images = lived_in(DenseVAE()), torch.rand(4, 1, 8, 8)
    pipe, output = converted(tmp_path, theirs.state_dict(), "mlp_vae", suffix=suffix)
    assert "mean and log variance by fc21 and fc22" in output
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
    pipe, output = converted(tmp_path, tensors, "mlp_vae", "activation=tanh", "output=none")
    assert "the halves of encoder.b" in output
    images = torch.rand(4, 1, 8, 8) * 2 - 1
    expected = encoder.b(encoder.a(images.flatten(1)).tanh())
    same(expected[:, :5], pipe.autoencoder.encode(images).mean)
    same(decoder.d(decoder.c(expected[:, :5]).tanh()).view(-1, 1, 8, 8), pipe.autoencoder.decode(expected[:, :5]))


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_convolutional_vae(tmp_path: Path, suffix: str) -> None:
    theirs, images = lived_in(HalvingVAE()), torch.rand(4, 3, 32, 32) * 2 - 1
    wrapped = {f"module._orig_mod.{name}": tensor for name, tensor in theirs.state_dict().items()}
    pipe, output = converted(
        tmp_path, wrapped, "conv_vae", "image_size=32", "activation=leaky_relu:0.01", "output=tanh", suffix=suffix
    )
    assert "image_size=32 stride=2 padding=1 decoder_stride=2 decoder_padding=1 decoder_output_padding=1" in output
    mean, log_variance = theirs.encode(images)
    same(mean, pipe.autoencoder.encode(images).mean)
    same(log_variance, pipe.autoencoder.encode(images).logvar)
    same(theirs.decode(mean), pipe.autoencoder.decode(mean))


@pytest.mark.parametrize(("channels", "padding", "side", "size"), [(3, 0, 5, 32), (1, 2, 5, 28), (1, 0, 4, 28)])
def test_a_lenet(tmp_path: Path, channels: int, padding: int, side: int, size: int) -> None:
    theirs, images = lived_in(PlainLeNet(channels, padding, side)), torch.rand(4, channels, size, size)
    fields = ["mean=0.1307", "std=0.3081", f"image_size={size}", f"padding={padding},0"]
    pipe, _ = converted(tmp_path, theirs.state_dict(), "classifier", *fields, "class_names=a,b,c,d,e,f,g,h,i,j")
    same(theirs((images - 0.1307) / 0.3081), pipe.classifier(2 * images - 1))
    assert pipe.class_names[9] == "j"


def test_names_in_no_order_are_ordered_by_shapes(tmp_path: Path) -> None:
    ours = lived_in(hf_genimg.LeNetClassifier(28, 1, 10, 48))  # first, second, hidden.0, hidden.2, head
    pipe, _ = converted(tmp_path, ours.state_dict(), "classifier", suffix=".safetensors")
    images = torch.rand(4, 1, 28, 28) * 2 - 1
    same(ours(images), pipe.classifier(images))


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
    pipe, output = converted(tmp_path, {"model": theirs.state_dict()}["model"], "classifier", *fields, suffix=suffix)
    assert "not matched" not in output
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
