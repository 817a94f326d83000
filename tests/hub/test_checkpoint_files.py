"""Files of weights: any suffix, nothing run, the right part of them, norms folded."""

from __future__ import annotations

import argparse
import os
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import hf_genimg
from hf_genimg.cli import main
from hf_genimg.hub.convert import convert
from hf_genimg.hub.pickled_tensors import read_file
from hf_genimg.hub.weight_norms import folded

from .foreign_networks import ConvGAN, DenseGAN, converted, lived_in, same

LATENTS = torch.randn(4, 12, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def theirs() -> nn.Module:
    return lived_in(ConvGAN())


@pytest.fixture
def averaged() -> nn.Module:
    """A network of the same shapes with other weights."""
    network = lived_in(ConvGAN())
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(1.5)
    return network


@pytest.mark.parametrize(
    ("raw", "average"),
    [
        ("generator", "g_ema"),
        ("model", "ema"),
        ("state_dict", "state_dict_ema"),
        ("params", "params_ema"),
        ("netG", "netG_ema"),
        ("model_state_dict", "averaged_model"),
    ],
)
def test_the_average_is_taken_and_the_raw_weights_by_name(
    tmp_path: Path, theirs: nn.Module, averaged: nn.Module, raw: str, average: str
) -> None:
    content = {
        raw: theirs.state_dict(),
        average: averaged.state_dict(),
        "discriminator": {"0.weight": torch.ones(1, 3, 4, 4)},
    }
    pipe, output = converted(tmp_path, content, "dcgan")
    assert f"taken: {average}, the average over training; part={raw} takes the raw weights" in output
    same(averaged(LATENTS), pipe.generator(LATENTS))
    lines = convert(tmp_path / "theirs.pth", "dcgan", tmp_path / "raw", [f"part={raw}"])
    assert f"taken: {raw}, as part={raw} says" in lines
    same(theirs(LATENTS), hf_genimg.load(tmp_path / "raw").generator(LATENTS))


def test_an_average_of_parameters_only_takes_the_buffers_of_the_raw_network(
    tmp_path: Path, theirs: nn.Module, averaged: nn.Module
) -> None:
    content = {"model": theirs.state_dict(), "ema": {"shadow": dict(averaged.named_parameters())}}
    pipe, output = converted(tmp_path, content, "dcgan")
    assert "taken: ema.shadow, the average over training, which has no buffers, so these are of model" in output
    same(averaged(LATENTS), pipe.generator(LATENTS))  # both have the same buffers


def test_a_network_is_chosen_by_its_name_among_several(tmp_path: Path, theirs: nn.Module) -> None:
    both = {f"G_ema.{name}": tensor for name, tensor in theirs.state_dict().items()} | {
        "D.0.weight": torch.zeros(8, 3, 4, 4)
    }
    pipe, _ = converted(tmp_path, {"state_dict": both}, "dcgan")
    same(theirs(LATENTS), pipe.generator(LATENTS))
    with pytest.raises(ValueError, match=r"no part X; it holds state_dict.G_ema, state_dict.D; choose one with part="):
        convert(tmp_path / "theirs.pth", "dcgan", tmp_path / "other", ["part=X"])


def test_names_that_do_not_decide_are_refused(tmp_path: Path, theirs: nn.Module, averaged: nn.Module) -> None:
    content = {"netG_A": theirs.state_dict(), "netG_B": averaged.state_dict()}
    with pytest.raises(ValueError, match="do not say which part is the network; it holds netG_A, netG_B; choose one"):
        converted(tmp_path, content, "dcgan")
    convert(tmp_path / "theirs.pth", "dcgan", tmp_path / "ours", ["part=netG_B"])


@pytest.mark.parametrize("content", ["conv", "linear", "named"])
def test_a_discriminator_is_refused(tmp_path: Path, theirs: nn.Module, content: str) -> None:
    if content == "named":
        tensors: Any = {"netD": theirs.state_dict(), "optimizerD": {}}
        with pytest.raises(ValueError, match="holds a discriminator and no network of this family"):
            converted(tmp_path, tensors, "dcgan")
        return
    linear = nn.Sequential(nn.Linear(784, 32), nn.LeakyReLU(), nn.Linear(32, 1))
    conv = nn.Sequential(nn.Conv2d(3, 8, 4, 2, 1), nn.LeakyReLU(), nn.Conv2d(8, 1, 4))
    network, family = (conv, "dcgan") if content == "conv" else (linear, "mlp_gan")
    with pytest.raises(ValueError, match="the output of 2 is one number, so this is a discriminator"):
        converted(tmp_path, network.state_dict(), family)
    assert not (tmp_path / "ours").exists()


@pytest.mark.parametrize("suffix", [".pth.tar", ".PTH", ".th", "", ".safetensors.bin"])
def test_content_decides_and_not_the_suffix(tmp_path: Path, theirs: nn.Module, suffix: str) -> None:
    pipe, _ = converted(tmp_path, theirs.state_dict(), "dcgan", suffix=suffix)
    same(theirs(LATENTS), pipe.generator(LATENTS))


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("beside", [argparse.Namespace(lr=1), np.float64(3.2), np.arange(3), {1, 2}, Path("x")])
def test_weights_beside_objects_are_read_and_the_objects_are_not(
    tmp_path: Path, theirs: nn.Module, beside: Any, zipped: bool
) -> None:
    file = tmp_path / "theirs.ckpt"
    content = {"state_dict": {f"generator.{name}": t for name, t in theirs.state_dict().items()}, "beside": beside}
    torch.save(content, file, _use_new_zipfile_serialization=zipped)
    lines = convert(file, "dcgan", tmp_path / "ours")
    same(theirs(LATENTS), hf_genimg.load(tmp_path / "ours").generator(LATENTS))
    if not isinstance(beside, set):
        assert any(line.startswith("left out, and not run: objects that name ") for line in lines)


class _Bag(dict):
    """A dict of a class of their own."""


@pytest.mark.parametrize("kind", ["whole", "scripted", "subclass", "half", "strided"])
def test_other_forms_of_the_same_weights(tmp_path: Path, theirs: nn.Module, kind: str) -> None:
    file, expected = tmp_path / "theirs.pt", theirs(LATENTS)
    if kind == "scripted":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            torch.jit.save(torch.jit.trace(theirs, LATENTS), file)
    elif kind == "half":
        torch.save(theirs.bfloat16().state_dict(), file)
    elif kind == "strided":
        expanded = {
            n: t.clone().contiguous(memory_format=torch.channels_last) if t.dim() == 4 else t
            for n, t in theirs.state_dict().items()
        }
        torch.save(expanded, file)
    else:
        torch.save(theirs if kind == "whole" else _Bag(theirs.state_dict()), file)
    convert(file, "dcgan", tmp_path / "ours")
    found = hf_genimg.load(tmp_path / "ours").generator(LATENTS)
    torch.testing.assert_close(expected, found, rtol=1e-6, atol=1e-2 if kind == "half" else 1e-6)


def _with_norm(kind: str) -> nn.Module:
    network = lived_in(ConvGAN(True)).train()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # the old form, which checkpoints have
        for number in (0, 3):
            layer = network.main[number]
            if kind == "old spectral":
                nn.utils.spectral_norm(layer)
            elif kind == "spectral":
                nn.utils.parametrizations.spectral_norm(layer)
            elif kind == "old weight":
                nn.utils.weight_norm(layer)
            else:
                nn.utils.parametrizations.weight_norm(layer)
        network(torch.randn(8, 12))  # a step, so that the norm's vectors are not those it began with
    return network.eval()


@pytest.mark.parametrize("kind", ["old spectral", "spectral", "old weight", "weight"])
def test_norms_are_folded_into_the_weights(tmp_path: Path, kind: str) -> None:
    theirs = _with_norm(kind)
    pipe, output = converted(tmp_path, theirs.state_dict(), "dcgan")
    title = kind.removeprefix("old ")
    assert f"{title} norm folded into the weights of: main.0, main.3" in output
    same(theirs(LATENTS), pipe.generator(LATENTS))


def test_spectral_norm_of_square_layers_takes_the_rows_that_its_vectors_are_of() -> None:
    torch.manual_seed(0)
    for layer in (nn.ConvTranspose2d(6, 6, 3), nn.Conv2d(6, 6, 3), nn.Linear(6, 6)):
        torch.nn.utils.parametrizations.spectral_norm(layer, n_power_iterations=30)
        layer.eval()
        torch.testing.assert_close(folded(layer.state_dict())[0]["weight"], layer.weight, rtol=1e-5, atol=1e-6)


def test_an_unknown_parametrization_is_refused() -> None:
    layer = torch.nn.utils.parametrizations.orthogonal(nn.Linear(4, 4))
    with pytest.raises(ValueError, match="of a parametrization that is not known"):
        folded(layer.state_dict())


def test_what_is_not_understood_is_refused_until_it_is_left_out(tmp_path: Path, theirs: nn.Module) -> None:
    content = {**theirs.state_dict(), "attention.gamma": torch.zeros(1), "odd.weight": torch.zeros(2, 2, 2)}
    with pytest.raises(ValueError, match="layers are not understood: attention, odd; .* ignore=attention,odd"):
        converted(tmp_path, content, "dcgan")
    pipe, _ = converted(tmp_path, content, "dcgan", "ignore=attention,odd")
    same(theirs(LATENTS), pipe.generator(LATENTS))
    with pytest.raises(ValueError, match="ignore=attn names attn, which is not there; the layers are "):
        convert(tmp_path / "theirs.pth", "dcgan", tmp_path / "other", ["ignore=attn"])


def test_tensors_of_no_layer_are_named_too(tmp_path: Path, theirs: nn.Module) -> None:
    content = {**theirs.state_dict(), "temperature": torch.ones(1)}
    with pytest.raises(ValueError, match="layers are not understood: temperature; .* ignore=temperature"):
        converted(tmp_path, content, "dcgan")
    pipe, _ = converted(tmp_path, content, "dcgan", "ignore=temperature")
    same(theirs(LATENTS), pipe.generator(LATENTS))


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
    assert f"wants to call {os.name}.system, which no weights need; nothing of it was run" in message
    assert len(message.splitlines()) == 1
    assert not trace.exists()
    assert not (tmp_path / "out").exists()
    torch.load(file, weights_only=False)  # it is hostile indeed
    assert trace.exists()


class _Calls:
    """A pickle that calls a function of an innocent module with effects."""

    def __init__(self, function: Any, *args: Any) -> None:
        self.parts = function, args

    def __reduce__(self) -> tuple[Any, ...]:
        return self.parts


def test_functions_of_modules_that_nobody_listed_are_not_run_either(tmp_path: Path, theirs: nn.Module) -> None:
    file, trace = tmp_path / "theirs.pth", tmp_path / "trace"
    content = {"state_dict": theirs.state_dict(), "x": _Calls(Path.touch, trace), "y": _Calls(np.save, str(trace), 1)}
    torch.save(content, file)
    convert(file, "dcgan", tmp_path / "ours")
    assert not list(tmp_path.glob("trace*"))
    torch.load(file, weights_only=False)
    assert list(tmp_path.glob("trace*"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no", "is no checkpoint that can be converted"),
        (pickle.dumps([1]), "it holds a list, not a state dict"),
        (b"\x80\x02garbage", "cannot be read as a checkpoint"),
        (b"PK\x03\x04garbage", "cannot be read as a checkpoint"),
        (b"\x05\0\0\0\0\0\0\0{abcdefgh", "cannot be read as a checkpoint"),
    ],
)
def test_what_is_no_checkpoint_is_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x.pth").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        convert(tmp_path / "x.pth", "dcgan", tmp_path / "out")


@pytest.mark.parametrize("zipped", [True, False])
def test_damage_is_one_line(tmp_path: Path, zipped: bool) -> None:
    """A flipped byte or a cut anywhere either leaves the file readable or is a `ValueError`; never another error."""
    file = tmp_path / "x.pth"
    small = nn.Sequential(nn.Conv2d(1, 2, 2), nn.BatchNorm2d(2))
    torch.save({"a": small.state_dict(), "b": argparse.Namespace(x=1)}, file, _use_new_zipfile_serialization=zipped)
    whole, random, refused = file.read_bytes(), np.random.default_rng(0), 0
    for number in range(400):
        bytes_ = bytearray(whole)
        place = int(random.integers(len(whole)))
        if number % 4:
            bytes_[place] ^= int(random.integers(1, 256))
        else:
            del bytes_[place:]
        file.write_bytes(bytes_)
        try:
            read_file(file)
        except ValueError as error:
            refused += 1
            assert len(str(error).splitlines()) == 1
    assert refused > 50


def test_mistakes_are_reported_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError,
        match="--as vqgan is not a family that can be imported; use one of classifier, conv_vae, cyclegan, dcgan",
    ):
        convert("x.pth", "vqgan", tmp_path / "out")
    with pytest.raises(ValueError, match="there is no field 'strid'; did you mean stride?"):
        convert("x.pth", "dcgan", tmp_path / "out", ["strid=2"])
    with pytest.raises(FileNotFoundError, match="x.pth is no file"):
        convert("x.pth", "dcgan", tmp_path / "out")


def test_the_order_of_safetensors_is_that_of_the_numbers_in_names(tmp_path: Path) -> None:
    theirs = lived_in(DenseGAN())
    tensors = {
        f"layer{number}.{name}": t
        for number, layer in enumerate(theirs.model)
        for name, t in layer.state_dict().items()
    }
    pipe, _ = converted(tmp_path, tensors, "mlp_gan", suffix=".safetensors")
    latents = torch.randn(4, 10)
    same(theirs(latents), pipe.generator(latents))


def test_spectral_norm_that_never_ran_leaves_the_weights_as_they_are() -> None:
    """Its vectors are random before the first step, so that their sigma says nothing of the weights."""
    torch.manual_seed(0)
    layer = nn.ConvTranspose2d(16, 8, 4)
    weight = layer.weight.detach().clone()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        nn.utils.spectral_norm(layer)
    found, lines = folded(layer.state_dict())
    torch.testing.assert_close(found["weight"], weight)
    assert lines == ["spectral norm that was never updated, so the weights are as they are, of: the layer"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weight: weight * float("nan"), r"numbers that are not finite, so it is of a training that broke down"),
        (lambda weight: (weight * 100).to(torch.int8), r"is torch.int8, so it is of a quantized network; give weights"),
        (lambda weight: weight > 0, r"is torch.bool, so it is of a quantized network"),
    ],
)
def test_weights_that_are_no_numbers_are_refused(tmp_path: Path, theirs: nn.Module, change: Any, message: str) -> None:
    state = theirs.state_dict()
    name = next(iter(state))
    torch.save({**state, name: change(state[name])}, tmp_path / "x.pth")
    with pytest.raises(ValueError, match=f"^{name} .*{message}"):
        convert(tmp_path / "x.pth", "dcgan", tmp_path / "out")
    assert not (tmp_path / "out").exists()
