"""Generators of StyleGAN2 and ProGAN in the layouts of others: the same images as a plain forward of theirs."""

from __future__ import annotations

import math
import pickle
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from hf_genimg.hub.convert import convert

from .foreign_networks import converted, same

Tensors = dict[str, torch.Tensor]
KERNEL = torch.tensor([1.0, 3, 3, 1])[:, None] * torch.tensor([1.0, 3, 3, 1]) / 64
STYLE, CHANNELS = 6, {4: 12, 8: 12, 16: 6}  # 96 over the side, 12 at most


def random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=GENERATOR)


GENERATOR = torch.Generator().manual_seed(0)


def port_state(image_channels: int = 3, layers: int = 3) -> Tensors:
    """As `g_ema` of the port has it, in its order."""
    GENERATOR.manual_seed(0)
    found: Tensors = {}
    for number in range(1, layers + 1):
        found[f"style.{number}.weight"], found[f"style.{number}.bias"] = random(STYLE, STYLE) * 100, random(STYLE) * 30
    found["input.input"] = random(1, CHANNELS[4], 4, 4)

    def modulated(name: str, inside: int, outside: int, size: int) -> None:
        found[f"{name}.weight"] = random(1, outside, inside, size, size)
        found[f"{name}.modulation.weight"], found[f"{name}.modulation.bias"] = random(inside, STYLE), random(inside) + 1

    def styled(name: str, inside: int, outside: int) -> None:
        modulated(f"{name}.conv", inside, outside, 3)
        found[f"{name}.noise.weight"], found[f"{name}.activate.bias"] = random(1), random(outside)

    def image(name: str, inside: int) -> None:
        modulated(f"{name}.conv", inside, image_channels, 1)
        found[f"{name}.conv.weight"] *= 0.1
        found[f"{name}.bias"] = 0.1 * random(1, image_channels, 1, 1)

    styled("conv1", CHANNELS[4], CHANNELS[4])
    image("to_rgb1", CHANNELS[4])
    for number, (before, after) in enumerate(((4, 8), (8, 16))):
        styled(f"convs.{2 * number}", CHANNELS[before], CHANNELS[after])
        found[f"convs.{2 * number}.conv.blur.kernel"] = KERNEL * 4
        styled(f"convs.{2 * number + 1}", CHANNELS[after], CHANNELS[after])
        image(f"to_rgbs.{number}", CHANNELS[after])
        found[f"to_rgbs.{number}.upsample.kernel"] = KERNEL * 4
    for number, side in enumerate((4, 8, 8, 16, 16)):
        found[f"noises.noise_{number}"] = random(1, 1, side, side)
    return found


def port_mapping(t: Tensors, z: torch.Tensor) -> torch.Tensor:
    """Latents to w."""
    w = z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
    for number in range(1, 1 + sum(name.startswith("style.") for name in t) // 2):
        made = F.linear(w, t[f"style.{number}.weight"] * 0.01 / math.sqrt(STYLE), t[f"style.{number}.bias"] * 0.01)
        w = F.leaky_relu(made, 0.2) * math.sqrt(2)
    return w


def _modulated(t: Tensors, name: str, x: torch.Tensor, w: torch.Tensor, *, up: bool, demodulate: bool) -> torch.Tensor:
    style = F.linear(w, t[f"{name}.modulation.weight"] / math.sqrt(STYLE), t[f"{name}.modulation.bias"])
    weight = t[f"{name}.weight"][0]
    weight = weight / math.sqrt(weight[0].numel()) * style.reshape(1, -1, 1, 1)
    if demodulate:
        weight = weight * torch.rsqrt(weight.square().sum((1, 2, 3), keepdim=True) + 1e-8)
    if not up:
        return F.conv2d(x, weight, padding=weight.shape[-1] // 2)
    x = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
    return _blurred(x, (1, 1, 1, 1))


def _blurred(x: torch.Tensor, padding: tuple[int, ...]) -> torch.Tensor:
    """Each channel of one image by itself."""
    kernel = 4 * KERNEL[None, None].to(x)
    return torch.cat([F.conv2d(F.pad(each, padding)[None, None], kernel) for each in x[0]], 1)


def _styled(t: Tensors, name: str, x: torch.Tensor, w: torch.Tensor, noise: torch.Tensor, *, up: bool) -> torch.Tensor:
    x = _modulated(t, f"{name}.conv", x, w, up=up, demodulate=True) + t[f"{name}.noise.weight"] * noise
    return F.leaky_relu(x + t[f"{name}.activate.bias"][:, None, None], 0.2) * math.sqrt(2)


def _to_rgb(t: Tensors, name: str, x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    return _modulated(t, f"{name}.conv", x, w, up=False, demodulate=False) + t[f"{name}.bias"]


def _port_image(t: Tensors, w: torch.Tensor) -> torch.Tensor:
    noise = [t[f"noises.noise_{number}"] for number in range(5)]
    x = _styled(t, "conv1", t["input.input"], w, noise[0], up=False)
    image = _to_rgb(t, "to_rgb1", x, w)
    for number in range(2):
        x = _styled(t, f"convs.{2 * number}", x, w, noise[2 * number + 1], up=True)
        x = _styled(t, f"convs.{2 * number + 1}", x, w, noise[2 * number + 2], up=False)
        spread = image.new_zeros(1, image.shape[1], 2 * image.shape[2], 2 * image.shape[3])
        spread[:, :, ::2, ::2] = image
        image = _blurred(spread, (2, 1, 2, 1)) + _to_rgb(t, f"to_rgbs.{number}", x, w)
    return image


def nvidia_state(t: Tensors) -> Tensors:
    """The same network in the layout of NVIDIA's code, which has its weights without a scale, as the port."""
    found: Tensors = {"mapping.w_avg": torch.full((STYLE,), 0.5)}
    for name, tensor in t.items():
        if name.startswith("style."):
            _, number, part = name.split(".")
            found[f"mapping.fc{int(number) - 1}.{part}"] = tensor
    found["synthesis.b4.const"] = t["input.input"][0]
    places = {"conv1": "b4.conv1", "convs.0": "b8.conv0", "convs.1": "b8.conv1", "convs.2": "b16.conv0"}
    places |= {"convs.3": "b16.conv1", "to_rgb1": "b4.torgb", "to_rgbs.0": "b8.torgb", "to_rgbs.1": "b16.torgb"}
    for number, (theirs, ours) in enumerate(places.items()):
        prefix = f"synthesis.{ours}"
        found[f"{prefix}.weight"] = t[f"{theirs}.conv.weight"][0]
        for part in ("weight", "bias"):
            found[f"{prefix}.affine.{part}"] = t[f"{theirs}.conv.modulation.{part}"]
        found[f"{prefix}.bias"] = t[f"{theirs}.bias" if "rgb" in theirs else f"{theirs}.activate.bias"].flatten()
        if "rgb" not in theirs:
            found[f"{prefix}.noise_strength"] = t[f"{theirs}.noise.weight"][0]
            found[f"{prefix}.noise_const"] = t[f"noises.noise_{number}"][0, 0]
            found[f"{prefix}.resample_filter"] = KERNEL
    return found


def doubled(tensors: Tensors) -> Tensors:
    """In float64, in which the order of sums does not show."""
    return {name: tensor.double() for name, tensor in tensors.items()}


def agree(network: Any, theirs: Tensors) -> None:
    """w to float32, in which ours maps latents; images of w, with the constant noise, one at a time of theirs."""
    z = random(3, STYLE)
    w = port_mapping(doubled(theirs), z.double())
    torch.testing.assert_close(network.mapping(z), w.float(), rtol=1e-4, atol=1e-5)
    expected = torch.cat([_port_image(doubled(theirs), each[None]) for each in w])
    pipe = SimpleNamespace(network=network)
    same(images_of(pipe, w[:, None].expand(-1, network.mixing_layers, -1)), expected.clamp(-1, 1))


def images_of(pipe: Any, latents: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        images = pipe.network.eval().double()(latents.double())
    pipe.network.float()
    assert (images.abs() < 1).float().mean() > 0.8  # few are cut off
    return images


@pytest.mark.parametrize("image_channels", [1, 3])
def test_stylegan2_of_the_port_makes_the_same_images(tmp_path: Path, image_channels: int) -> None:
    """With a discriminator and a mean of w beside it, as its training writes and its conversion does."""
    theirs = port_state(image_channels)
    content = {"g": {n: t + 1 for n, t in theirs.items()}, "d": {"convs.0.weight": random(3, 3)}, "g_ema": theirs}
    content["latent_avg"] = random(STYLE)
    pipe, lines = converted(tmp_path, content, "stylegan2")
    assert "taken: g_ema" in lines and pipe.network.config.mapping_layers == 3
    agree(pipe.network, theirs)
    w = pipe.network.mapping(pipe.network.sample_latents(4000, torch.Generator().manual_seed(5))).detach()
    assert (w.mean(0) - pipe.network.style_mean.value).abs().max() < 0.15 * w.std()
    assert pipe(1, seed=3, truncation=0.5).images[0].size == (16, 16)


def test_stylegan2_of_nvidia_makes_the_same_images(tmp_path: Path) -> None:
    theirs = port_state()
    pipe, lines = converted(tmp_path, nvidia_state(theirs), "stylegan2", "truncated_layers=3")
    agree(pipe.network, theirs)
    assert (pipe.network.style_mean.value == 0.5).all() and "the mean of w" not in lines
    assert pipe.network.config.truncated_layers == 3


def test_a_conditional_stylegan2_of_nvidia_has_its_classes(tmp_path: Path) -> None:
    theirs = nvidia_state(port_state())
    theirs |= {"mapping.embed.weight": random(STYLE, 4), "mapping.embed.bias": random(STYLE)}
    theirs["mapping.fc0.weight"] = torch.cat([theirs["mapping.fc0.weight"]] * 2, 1)
    pipe, _ = converted(tmp_path, theirs, "stylegan2")
    assert (pipe.capabilities.num_classes, pipe.network.config.latent_dim) == (4, STYLE)


class Fake(ModuleType):
    """What a pickle of NVIDIA's names, while it is written."""


def test_pickles_of_nvidia_are_refused_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = Fake("torch_utils.persistence")
    for name, each in (("torch_utils", Fake("torch_utils")), ("torch_utils.persistence", module)):
        monkeypatch.setitem(sys.modules, name, each)

    def _reconstruct_persistent_obj(meta: object) -> object:
        raise AssertionError("it was run")

    _reconstruct_persistent_obj.__module__ = "torch_utils.persistence"
    _reconstruct_persistent_obj.__qualname__ = "_reconstruct_persistent_obj"
    module._reconstruct_persistent_obj = _reconstruct_persistent_obj

    class Network:
        def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
            return _reconstruct_persistent_obj, ({"module_src": "raise SystemExit"},)

    (tmp_path / "ffhq.pkl").write_bytes(pickle.dumps({"G_ema": Network()}))
    with pytest.raises(ValueError, match=r"torch\.save\(pickle\.load.*'G_ema'.*state_dict") as error:
        convert(tmp_path / "ffhq.pkl", "stylegan2", tmp_path / "out")
    assert "is a pickle of NVIDIA's code" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("to_rgb1.bias"), "it has no to_rgb1.bias"),
        (lambda t: t.update({"convs.1.conv.other": random(2, 2)}), "convs.1.conv.other is no layer of it"),
        (lambda t: t.update({"convs.0.conv.blur.kernel": torch.ones(4, 4)}), "is not the 1, 3, 3, 1"),
        (lambda t: t.update({"conv1.noise.weight": random(2)}), "conv1.noise.weight is"),
        (lambda t: t.update({"convs.1.conv.weight": random(1, 13, 12, 3, 3)}), "are not those of a generator"),
        (lambda t: t.pop("noises.noise_4"), "noise maps have"),
    ],
)
def test_other_networks_are_refused(tmp_path: Path, change: Any, message: str) -> None:
    theirs = port_state()
    change(theirs)
    torch.save({"g_ema": theirs}, tmp_path / "theirs.pt")
    with pytest.raises(ValueError, match=message):
        convert(tmp_path / "theirs.pt", "stylegan2", tmp_path / "out")
    assert not (tmp_path / "out").exists()


DEPTHS = (8, 8, 4)


def zoo_state(suffix: str = "") -> Tensors:
    """As pytorch_GAN_zoo saves it: `.module` in some of its versions."""
    GENERATOR.manual_seed(1)
    shapes = {"formatLayer": (16 * DEPTHS[0], 5), "groupScale0.0": (DEPTHS[0], DEPTHS[0], 3, 3)}
    for number, depth in enumerate(DEPTHS):
        shapes[f"toRGBLayers.{number}"] = (3, depth, 1, 1)
        if number:
            shapes[f"scaleLayers.{number - 1}.0"] = (depth, DEPTHS[number - 1], 3, 3)
            shapes[f"scaleLayers.{number - 1}.1"] = (depth, depth, 3, 3)
    found: Tensors = {}
    for name, shape in shapes.items():
        found[f"{name}{suffix}.weight"], found[f"{name}{suffix}.bias"] = random(*shape), random(shape[0])
    for name in found:
        found[name] *= 0.3 if name.startswith("toRGB") else 1
    return found


def zoo_forward(t: Tensors, z: torch.Tensor) -> torch.Tensor:
    def scaled(name: str, made: torch.Tensor) -> torch.Tensor:
        return made * math.sqrt(2 / t[f"{name}.weight"][0].numel())

    def norm(x: torch.Tensor) -> torch.Tensor:
        return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()

    def conv(name: str, x: torch.Tensor) -> torch.Tensor:
        weight = t[f"{name}.weight"]
        return scaled(name, F.conv2d(x, weight, t[f"{name}.bias"], padding=weight.shape[-1] // 2))

    x = scaled("formatLayer", F.linear(norm(z), t["formatLayer.weight"], t["formatLayer.bias"]))
    x = norm(F.leaky_relu(x, 0.2).view(len(z), -1, 4, 4))
    x = norm(F.leaky_relu(conv("groupScale0.0", x), 0.2))
    for number in range(len(DEPTHS) - 1):
        x = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
        for part in range(2):
            x = norm(F.leaky_relu(conv(f"scaleLayers.{number}.{part}", x), 0.2))
    return conv(f"toRGBLayers.{len(DEPTHS) - 1}", x)


@pytest.mark.parametrize("suffix", ["", ".module"])
def test_progan_of_the_zoo_makes_the_same_images(tmp_path: Path, suffix: str) -> None:
    content = {"config": {"depthScales": list(DEPTHS)}, "netD": {"decisionLayer.weight": random(1, 8)}}
    pipe, lines = converted(tmp_path, content | {"netG": zoo_state(suffix)}, "progan")
    z = random(3, 5)
    same(images_of(pipe, z), zoo_forward(doubled(zoo_state()), z.double()).clamp(-1, 1))
    assert "fully grown" in lines and pipe.network.stage == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("toRGBLayers.2.bias"), "it has no toRGBLayers.2"),
        (lambda t: t.update({"extra.weight": random(2, 2)}), "extra is no layer of it"),
        (lambda t: t.update({"toRGBLayers.2.weight": random(3, 9, 1, 1)}), "not a fixed number over the side"),
        (lambda t: t.update({"groupScale0.0.weight": random(8, 7, 3, 3)}), "first.weight would be"),
    ],
)
def test_other_growing_networks_are_refused(tmp_path: Path, change: Any, message: str) -> None:
    theirs = zoo_state()
    change(theirs)
    torch.save({"netG": theirs}, tmp_path / "theirs.pt")
    with pytest.raises(ValueError, match=message):
        convert(tmp_path / "theirs.pt", "progan", tmp_path / "out")
