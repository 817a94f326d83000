"""FastGAN in the layout of its published code: the same images as a plain forward of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils import spectral_norm

from hf_genimg.hub.convert import convert

from .foreign_networks import converted, lived_in, same

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.nn.utils.spectral_norm.*:FutureWarning")
WIDTH, LATENTS = 4, 6
NFC = {side: int(factor * WIDTH) for side, factor in {4: 16, 8: 8, 16: 4, 32: 2, 64: 2, 128: 1, 256: 0.5}.items()}


def conv(inside: int, outside: int, kernel: int, padding: int = 0) -> nn.Module:
    return spectral_norm(nn.Conv2d(inside, outside, kernel, 1, padding, bias=False))


class Noise(nn.Module):
    """Without noise, as ours is in eval mode."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def up(inside: int, outside: int) -> nn.Sequential:
    layers = [nn.Upsample(scale_factor=2, mode="nearest"), conv(inside, 2 * outside, 3, 1)]
    return nn.Sequential(*layers, nn.BatchNorm2d(2 * outside), nn.GLU(1))


def up_full(inside: int, outside: int) -> nn.Sequential:
    first = [nn.Upsample(scale_factor=2, mode="nearest"), conv(inside, 2 * outside, 3, 1), Noise()]
    second = [conv(outside, 2 * outside, 3, 1), Noise(), nn.BatchNorm2d(2 * outside), nn.GLU(1)]
    return nn.Sequential(*first, nn.BatchNorm2d(2 * outside), nn.GLU(1), *second)


class Skip(nn.Module):
    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        layers = [nn.AdaptiveAvgPool2d(4), conv(inside, outside, 4), nn.SiLU(), conv(outside, outside, 1), nn.Sigmoid()]
        self.main = nn.Sequential(*layers)


class Init(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        first = spectral_norm(nn.ConvTranspose2d(LATENTS, 2 * NFC[4], 4, 1, 0, bias=False))
        self.init = nn.Sequential(first, nn.BatchNorm2d(2 * NFC[4]), nn.GLU(1))


class TheirGenerator(nn.Module):
    """Of 256 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.init = Init()
        for side in (8, 16, 32, 64, 128, 256):
            block = up_full if side in (8, 32, 128) else up
            setattr(self, f"feat_{side}", block(NFC[side // 2], NFC[side]))
        for side in (64, 128, 256):
            setattr(self, f"se_{side}", Skip(NFC[side // 16], NFC[side]))
        self.to_128, self.to_big = conv(NFC[128], 3, 1), conv(NFC[256], 3, 3, 1)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        maps = {4: self.init.init(z[:, :, None, None])}
        for side in (8, 16, 32, 64, 128, 256):
            maps[side] = getattr(self, f"feat_{side}")(maps[side // 2])
            if side >= 64:
                maps[side] = maps[side] * getattr(self, f"se_{side}").main(maps[side // 16])
        self.to_128(maps[128])  # the second image, which training uses
        return self.to_big(maps[256])


def theirs() -> TheirGenerator:
    """With norms that a few updates have moved, not to the end."""
    torch.manual_seed(0)
    network = TheirGenerator()
    for _ in range(3):
        with torch.no_grad():
            network(torch.randn(2, LATENTS))
    vectors = {name: tensor.clone() for name, tensor in network.state_dict().items() if name.endswith(("_u", "_v"))}
    lived_in(network).load_state_dict(vectors, strict=False)
    return network


def test_fastgan_makes_the_same_images(tmp_path: Path) -> None:
    network = theirs()
    state = {f"module.{name}": tensor for name, tensor in network.state_dict().items()}
    content = {"g": state, "d": {"x.weight": torch.ones(2, 2)}, "g_ema": [torch.ones(2)]}
    pipe, lines = converted(tmp_path, content, "fastgan")
    z = torch.randn(2, LATENTS, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected, found = network.double()(z.double()), pipe.network.eval().double()(z.double())
    assert (expected.abs() < 1).double().mean() > 0.5
    same(found, expected.clamp(-1, 1))
    assert "tanh=False" in lines and "running statistics" in lines
    assert pipe.network.blocks["8"].strengths.shape == (2,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("to_big.weight_orig"), "it has no convolution to_big"),
        (lambda t: t.update({"feat_16.9.weight": torch.ones(2, 2)}), "feat_16.9 is no layer of it"),
        (lambda t: t.update({"feat_16.2.bias": torch.ones(3)}), r"\[32\] there, and \[3\] in the file"),
    ],
)
def test_other_networks_are_refused(tmp_path: Path, change: Any, message: str) -> None:
    state = theirs().state_dict()
    change(state)
    torch.save({"g": state}, tmp_path / "theirs.pth")
    with pytest.raises(ValueError, match=message):
        convert(tmp_path / "theirs.pth", "fastgan", tmp_path / "out")


def test_lightweight_gan_is_refused_by_name(tmp_path: Path) -> None:
    """Its checkpoints hold all networks in one state dict under `GAN`."""
    first, block = nn.ConvTranspose2d(6, 12, 4), nn.Conv2d(6, 16, 3, padding=1)
    parts = {"initial_conv.0": first, "initial_conv.1": nn.BatchNorm2d(12), "layers.0.0.1": block}
    parts |= {"out_conv": nn.Conv2d(8, 3, 3, padding=1)}
    tensors = {f"{name}.{own}": value for name, layer in parts.items() for own, value in layer.state_dict().items()}
    state = {f"{player}.{name}": tensor for player in ("G", "GE") for name, tensor in tensors.items()}
    torch.save({"GAN": {**state, "D.to_logits.0.weight": torch.ones(2, 2, 1, 1)}, "version": "1"}, tmp_path / "m.pt")
    with pytest.raises(ValueError, match="a generator of lightweight-gan.*give g of FastGAN's own code"):
        convert(tmp_path / "m.pt", "fastgan", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_weights_that_no_spectral_norm_gives_are_refused(tmp_path: Path) -> None:
    state = theirs().state_dict()
    for name in [name for name in state if name.startswith("to_128.")]:
        del state[name]
    state["to_128.weight"] = torch.full((3, 4, 1, 1), 0.01)
    torch.save({"g": state}, tmp_path / "theirs.pth")
    with pytest.raises(ValueError, match=r"to_128 has a largest singular value of 0\.0"):
        convert(tmp_path / "theirs.pth", "fastgan", tmp_path / "out")
