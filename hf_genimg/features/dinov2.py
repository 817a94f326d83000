"""DINOv2 (arXiv:2304.07193), whose features Fréchet distances agree best with people's eyes by (arXiv:2306.04675).

Its weights are not in the package: they come from a file of the published state dict, `dinov2_vits14_pretrain.pth` and
so on, or safetensors with the same names. Scores equal those of torch-fidelity, which downloads the network's code.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from .files import file_sha256, read_state_dict
from .network import FeatureNetwork
from .tensorflow_resizing import resized

WIDTHS = {"dinov2-vit-s-14": 384, "dinov2-vit-b-14": 768, "dinov2-vit-l-14": 1024, "dinov2-vit-g-14": 1536}
RESOLUTION, PATCH, HEAD = 224, 14, 64  # pixels a side of images and patches; numbers of an attention head
OFFSET = 0.1  # added to the patches a side when position embeddings are resized, as the published code does
EPS = 1e-6  # of layer norms
UNUSED = "mask_token"  # of pretraining
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's RGB in [0, 1]


def load_dinov2(name: str, weights: str | Path | None = None, resolution: int | None = None) -> DINOv2:
    """One of `WIDTHS` with the weights of a file.

    Raises `ValueError` where there is no file, it does not fit, or the resolution is no multiple of 14 pixels.
    """
    if weights is None:
        raise ValueError(f"{name} needs its weights as a file: the published state dict, or safetensors of its tensors")
    state = read_state_dict(weights)
    width = state["cls_token"].shape[-1] if "cls_token" in state else None
    if width != WIDTHS[name]:
        found = "it has no cls_token" if width is None else f"it is {width} wide, and {name} {WIDTHS[name]}"
        raise ValueError(f"the extractor weights {weights} do not fit {name}: {found}")
    return DINOv2(name, state, file_sha256(weights), resolution, str(weights))


class DINOv2(FeatureNetwork):
    """A vision transformer; taps `block1` to the last are the tokens of its patches, the vector the normed class token.

    Args:
        name: of the model, such as `dinov2-vit-s-14`.
        state: tensors under the published names; width, depth and kind of the feed-forward layers are theirs.
        sha256: of the file that they came from.
        resolution: pixels a side that images are resized to, a multiple of 14; None: 224.
        origin: what a message calls the weights.
    """

    layer = "dinov2"
    resizing = "bilinear as TensorFlow 1 does, without antialiasing"

    def __init__(
        self,
        name: str,
        state: Mapping[str, torch.Tensor],
        sha256: str,
        resolution: int | None = None,
        origin: str = "given",
    ) -> None:
        size = RESOLUTION if resolution is None else resolution
        if not size or size % PATCH:
            raise ValueError(f"resolution={size} is no multiple of {PATCH} pixels, {name}'s patches; use {RESOLUTION}")
        body = _fitted({key: tensor for key, tensor in state.items() if key != UNUSED}, name, origin)
        stages: dict[str, nn.Module] = {f"block{number}": block for number, block in enumerate(body["blocks"], start=1)}
        super().__init__(name, sha256, stages, stages, body["norm"].weight.numel(), size)
        self.embedding, self.norm = body["embedding"].requires_grad_(False), body["norm"].requires_grad_(False)
        for key, values in (("mean", MEAN), ("std", STD)):
            self.register_buffer(key, torch.tensor(values).view(1, 3, 1, 1), persistent=False)

    def resize(self, images: torch.Tensor) -> torch.Tensor:
        """As TensorFlow 1 does, for torch-fidelity does so."""
        return resized(images, self.resolution)

    def normalize(self, images: torch.Tensor) -> torch.Tensor:
        """ImageNet's mean and standard deviation, of images in [0, 1]."""
        return (images * 0.5 + 0.5 - self.mean) / self.std

    def feature_maps(self, prepared: torch.Tensor, taps: tuple[str, ...]) -> dict[str, torch.Tensor]:
        """The tokens of the patches at their places: float [N, D, side / 14, side / 14]."""
        found, tokens = {}, self.embedding(prepared)
        for name, block in self.stages.items():
            if len(found) == len(taps):
                break
            tokens = block(tokens)
            if name in taps:
                sides = [side // PATCH for side in prepared.shape[2:]]
                found[name] = tokens[:, 1:].transpose(1, 2).unflatten(2, sides)
        return {tap: found[tap] for tap in taps}

    def pooled(self, prepared: torch.Tensor) -> torch.Tensor:
        """The class token after the last block and its norm."""
        tokens = self.embedding(prepared)
        for block in self.stages.values():
            tokens = block(tokens)
        return self.norm(tokens[:, 0])


class _Embedding(nn.Module):
    """Patches to tokens, a class token before them, and the embeddings of their positions, resized to the image."""

    def __init__(self, width: int, positions: int) -> None:
        super().__init__()
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, width, PATCH, PATCH)})
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, positions, width))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, 3, H, W]. Returns tokens: float [N, 1 + H W / 196, width]."""
        patches = self.patch_embed["proj"](images)
        tokens = torch.cat([self.cls_token.expand(len(images), -1, -1), patches.flatten(2).transpose(1, 2)], 1)
        return tokens + self.positions(*patches.shape[2:])

    def positions(self, height: int, width: int) -> torch.Tensor:
        """float [1, 1 + height * width, D], of so many patches a side."""
        own, places = self.pos_embed[:, :1], self.pos_embed[:, 1:]
        side = round(places.shape[1] ** 0.5)
        if (height, width) == (side, side):
            return self.pos_embed
        grid = places.transpose(1, 2).unflatten(2, (side, side))
        factors = ((height + OFFSET) / side, (width + OFFSET) / side)
        grid = F.interpolate(grid, scale_factor=factors, mode="bicubic")
        return torch.cat([own, grid.flatten(2).transpose(1, 2)], 1)


class _Attention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = width // HEAD
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        queries, keys, values = self.qkv(tokens).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(queries, keys, values)
        return self.proj(mixed.transpose(1, 2).flatten(2))


class _FeedForward(nn.Module):
    """Four times as wide, GELU."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.fc2(F.gelu(self.fc1(tokens)))


class _GatedFeedForward(nn.Module):
    """SwiGLU (arXiv:2002.05202), which the largest has: two thirds as wide, rounded up to a multiple of 8."""

    def __init__(self, width: int) -> None:
        super().__init__()
        hidden = (4 * width * 2 // 3 + 7) // 8 * 8
        self.w12, self.w3 = nn.Linear(width, 2 * hidden), nn.Linear(hidden, width)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        gates, values = self.w12(tokens).chunk(2, -1)
        return self.w3(F.silu(gates) * values)


class _Scale(nn.Module):
    """A gain for each number (LayerScale, arXiv:2103.17239)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.gamma * tokens


class _Block(nn.Module):
    def __init__(self, width: int, gated: bool) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, EPS), nn.LayerNorm(width, EPS)
        self.attn, self.mlp = _Attention(width), (_GatedFeedForward if gated else _FeedForward)(width)
        self.ls1, self.ls2 = _Scale(width), _Scale(width)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        tokens = tokens + self.ls1(self.attn(self.norm1(tokens)))
        return tokens + self.ls2(self.mlp(self.norm2(tokens)))


def _fitted(state: Mapping[str, torch.Tensor], name: str, origin: str) -> nn.ModuleDict:
    """`embedding`, `blocks` and `norm` with these tensors; `ValueError` where they do not fit."""
    depth = len({key.split(".")[1] for key in state if key.startswith("blocks.")})
    width, positions = state["cls_token"].shape[-1], state["pos_embed"].shape[1] if "pos_embed" in state else 2
    blocks = nn.ModuleList(_Block(width, "blocks.0.mlp.w3.weight" in state) for _ in range(depth))
    body = nn.ModuleDict(
        {"embedding": _Embedding(width, positions), "blocks": blocks, "norm": nn.LayerNorm(width, EPS)}
    )
    own = {key if key.startswith(("blocks.", "norm.")) else f"embedding.{key}": tensor for key, tensor in state.items()}
    try:
        body.load_state_dict(own)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"the extractor weights {origin} do not fit {name}: {reason}") from error
    return body
