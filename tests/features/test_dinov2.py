"""DINOv2 from a file: its tokens and vector by a plain forward under the published names, and what does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

import hf_genimg
from hf_genimg.evaluation.extractors import open_extractor
from hf_genimg.features import dinov2, load_features
from hf_genimg.features.dinov2 import DINOv2

WIDTH, DEPTH, TRAINED = 128, 2, 4  # numbers of a token, blocks, patches a side in training


def published(gated: bool = False) -> dict[str, torch.Tensor]:
    """Random tensors under the published names."""
    generator = torch.Generator().manual_seed(0)

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator) / max(1, torch.Size(shape[1:]).numel()) ** 0.5

    hidden = (4 * WIDTH * 2 // 3 + 7) // 8 * 8 if gated else 4 * WIDTH
    layers = {"attn.qkv": (3 * WIDTH, WIDTH), "attn.proj": (WIDTH, WIDTH)}
    layers |= (
        {"mlp.w12": (2 * hidden, WIDTH), "mlp.w3": (WIDTH, hidden)}
        if gated
        else {"mlp.fc1": (hidden, WIDTH), "mlp.fc2": (WIDTH, hidden)}
    )
    state = {
        "cls_token": drawn(1, 1, WIDTH),
        "mask_token": drawn(1, WIDTH),
        "pos_embed": drawn(1, 1 + TRAINED**2, WIDTH),
        "patch_embed.proj.weight": drawn(WIDTH, 3, 14, 14),
        "patch_embed.proj.bias": drawn(WIDTH),
        "norm.weight": 1 + drawn(WIDTH) / 10,
        "norm.bias": drawn(WIDTH),
    }
    for block in range(DEPTH):
        for name, shape in layers.items():
            state |= {f"blocks.{block}.{name}.weight": drawn(*shape), f"blocks.{block}.{name}.bias": drawn(shape[0])}
        for name in ("norm1", "norm2"):
            state |= {
                f"blocks.{block}.{name}.weight": 1 + drawn(WIDTH) / 10,
                f"blocks.{block}.{name}.bias": drawn(WIDTH),
            }
        state |= {f"blocks.{block}.{name}.gamma": drawn(WIDTH) / 3 for name in ("ls1", "ls2")}
    return state


def plain_tokens(state: dict[str, torch.Tensor], images: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """The forward of the paper, head by head; images are normalized, float [N, 3, H, W]."""
    patches = F.conv2d(images, state["patch_embed.proj.weight"], state["patch_embed.proj.bias"], stride=14)
    tokens = torch.cat([state["cls_token"].repeat(len(images), 1, 1), patches.flatten(2).mT], 1) + positions
    for block in range(DEPTH):
        own = {key.removeprefix(f"blocks.{block}."): each for key, each in state.items() if f"blocks.{block}." in key}

        def normed(name: str, tokens: torch.Tensor, own: dict = own) -> torch.Tensor:
            return F.layer_norm(tokens, (WIDTH,), own[f"{name}.weight"], own[f"{name}.bias"], 1e-6)

        parts = F.linear(normed("norm1", tokens), own["attn.qkv.weight"], own["attn.qkv.bias"]).split(WIDTH, 2)
        heads = [(q @ k.mT / 8).softmax(-1) @ v for q, k, v in zip(*(part.split(64, 2) for part in parts), strict=True)]
        mixed = F.linear(torch.cat(heads, 2), own["attn.proj.weight"], own["attn.proj.bias"])
        tokens = tokens + own["ls1.gamma"] * mixed
        if "mlp.w3.weight" in own:
            gate, value = F.linear(normed("norm2", tokens), own["mlp.w12.weight"], own["mlp.w12.bias"]).chunk(2, 2)
            out = F.linear(gate * gate.sigmoid() * value, own["mlp.w3.weight"], own["mlp.w3.bias"])
        else:
            hidden = F.gelu(F.linear(normed("norm2", tokens), own["mlp.fc1.weight"], own["mlp.fc1.bias"]))
            out = F.linear(hidden, own["mlp.fc2.weight"], own["mlp.fc2.bias"])
        tokens = tokens + own["ls2.gamma"] * out
    return tokens


@pytest.mark.parametrize("gated", [False, True])
def test_tokens_and_vector_are_those_of_a_plain_forward(gated: bool) -> None:
    state = published(gated)
    network = DINOv2("tiny", state, "random", 14 * TRAINED)
    images = torch.rand(2, 3, 14 * TRAINED, 14 * TRAINED) * 2 - 1
    mean, std = torch.tensor(dinov2.MEAN).view(3, 1, 1), torch.tensor(dinov2.STD).view(3, 1, 1)
    tokens = plain_tokens(state, (images / 2 + 0.5 - mean) / std, state["pos_embed"])
    maps = network(images)
    assert tuple(maps) == ("block1", "block2") and network.vector_dim == WIDTH
    torch.testing.assert_close(maps["block2"].flatten(2).mT, tokens[:, 1:], rtol=1e-4, atol=1e-4)
    vector = F.layer_norm(tokens[:, 0], (WIDTH,), state["norm.weight"], state["norm.bias"], 1e-6)
    torch.testing.assert_close(network.vector(images), vector, rtol=1e-4, atol=1e-4)
    pixels = images.clone().requires_grad_()
    network.vector(pixels).sum().backward()
    assert pixels.grad.abs().sum() > 0 and not any(each.requires_grad for each in network.parameters())


def test_positions_are_resized_as_published() -> None:
    """By the factor (patches + 0.1) / patches in training, not by the ratio of the sizes."""
    state = published()
    grid = state["pos_embed"][:, 1:].mT.unflatten(2, (TRAINED, TRAINED))
    expected = F.interpolate(grid, scale_factor=6.1 / TRAINED, mode="bicubic").flatten(2).mT
    found = DINOv2("tiny", state, "random", 14 * 6).embedding.positions(6, 6)
    torch.testing.assert_close(found[:, 1:], expected)
    torch.testing.assert_close(found[:, :1], state["pos_embed"][:, :1])


def test_files_that_do_not_fit_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(dinov2.WIDTHS, "dinov2-vit-s-14", WIDTH)
    state = published()
    save_file(state, tmp_path / "own.safetensors")
    assert load_features("dinov2-vit-s-14", tmp_path / "own.safetensors").resolution == 224
    with pytest.raises(ValueError, match=r"do not fit dinov2-vit-b-14: it is 128 wide, and dinov2-vit-b-14 768"):
        load_features("dinov2-vit-b-14", tmp_path / "own.safetensors")
    save_file({key: each for key, each in state.items() if "norm2" not in key}, tmp_path / "part.safetensors")
    with pytest.raises(ValueError, match=r"do not fit dinov2-vit-s-14: .*Missing key"):
        load_features("dinov2-vit-s-14", tmp_path / "part.safetensors")
    save_file(state | {"register_tokens": torch.zeros(1, 4, WIDTH)}, tmp_path / "registers.safetensors")
    with pytest.raises(ValueError, match=r"Unexpected key.*register_tokens"):
        load_features("dinov2-vit-s-14", tmp_path / "registers.safetensors")
    with pytest.raises(ValueError, match="resolution=100 is no multiple of 14 pixels"):
        load_features("dinov2-vit-s-14", tmp_path / "own.safetensors", resolution=100)
    with pytest.raises(ValueError, match="dinov2-vit-l-14 needs its weights as a file"):
        load_features("dinov2-vit-l-14")


def test_it_is_an_extractor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(dinov2.WIDTHS, "dinov2-vit-s-14", WIDTH)
    save_file(published(), tmp_path / "own.safetensors")
    extractor = open_extractor("dinov2-vit-s-14", tmp_path / "own.safetensors")
    levels = torch.randint(0, 256, (2, 9, 9, 1), dtype=torch.uint8)
    features, logits = extractor(levels)
    assert features.shape == (2, WIDTH) and logits is None and extractor.layer == "dinov2"
    report = hf_genimg.evaluate(
        "digits@test", "digits@test", metrics=["fid"], extractor="dinov2-vit-s-14",
        extractor_weights=tmp_path / "own.safetensors", num=64, progress=False,
    )  # fmt: skip
    assert report.protocol["extractor"] == "dinov2-vit-s-14" and report.protocol["resolution"] == 224
