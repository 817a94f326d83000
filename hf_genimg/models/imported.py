"""Networks that were trained elsewhere (`hf-genimg convert`): any chain of the usual layers, spelled out in the config.

A layer is a list, its kind first: `["linear", in, out, bias]`, `["conv", in, out, kernel, stride, padding, bias]`,
`["conv_transpose", in, out, kernel, stride, padding, output_padding, bias]`, `["norm", features, eps]`, `["relu"]`,
`["leaky_relu", slope]`, `["tanh"]`, `["sigmoid"]`, `["scale", [a, ...], [b, ...]]` (a x + b, for all channels or for
each), `["max_pool", kernel, stride, padding]`, `["average_pool", ...]`, `["mean"]` (over positions), `["flatten"]`,
`["unflatten", channels, side]`, `["residual", branch, shortcut]` (two lists of layers, added and rectified),
`["subsample", stride, added]` (a shortcut without parameters).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import register_to_config
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from torch import nn

from ..layers.latents import check_latent_distribution
from ._network import LatentNetwork, Network, refuse_labels

Layer = list[Any]


class ImportedGenerator(LatentNetwork):
    """Latents through a chain of layers to images; without layers, one that is linear."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 28,  # pixels a side
        image_channels: int = 1,  # 1 grey, 3 colour
        latent_dim: int = 100,
        latent_distribution: str = "normal",  # normal, uniform or truncated
        layers: list[Layer] | None = None,  # from [N, latent_dim] to [N, C, H, W] or [N, C H W] in [-1, 1]
    ) -> None:
        super().__init__()
        check_latent_distribution(latent_distribution)
        self.chain = build(layers or [["linear", latent_dim, image_channels * image_size**2, True], ["tanh"]])

    def forward(self, latents: torch.Tensor, class_labels: None = None) -> torch.Tensor:
        """latents: float [N, latent_dim]. Returns images: float [N, C, H, W] in [-1, 1]."""
        refuse_labels(class_labels)
        return self.chain(latents).view(-1, self.config.image_channels, self.config.image_size, self.config.image_size)


class ImportedVAE(LatentNetwork):
    """Images through two chains of layers to a Gaussian posterior and back; without layers, both are linear."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 28,  # pixels a side
        image_channels: int = 1,  # 1 grey, 3 colour
        latent_dim: int = 20,
        latent_distribution: str = "normal",  # the prior p(z)
        encoder_layers: list[Layer] | None = None,  # from [N, C, H, W] in [-1, 1] to [N, D]
        hidden_dim: int | None = None,  # D; none: C H W
        decoder_layers: list[Layer] | None = None,  # from [N, latent_dim] to [N, C, H, W] or [N, C H W] in [-1, 1]
    ) -> None:
        super().__init__()
        check_latent_distribution(latent_distribution)
        pixels = image_channels * image_size**2
        self.encoder = build(encoder_layers or [["flatten"]])
        self.to_mean = nn.Linear(hidden_dim or pixels, latent_dim)
        self.to_log_variance = nn.Linear(hidden_dim or pixels, latent_dim)
        self.decoder = build(decoder_layers or [["linear", latent_dim, pixels, True], ["tanh"]])

    def encode(self, images: torch.Tensor) -> DiagonalGaussianDistribution:
        """images: float [N, C, H, W] in [-1, 1]. Returns the posterior q(z | x) over float [N, latent_dim]."""
        hidden = self.encoder(images)
        return DiagonalGaussianDistribution(torch.cat([self.to_mean(hidden), self.to_log_variance(hidden)], 1))

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """latents: float [N, latent_dim]. Returns mean images: float [N, C, H, W] in [-1, 1]."""
        return self.decoder(latents).view(
            -1, self.config.image_channels, self.config.image_size, self.config.image_size
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns reconstructions through the posterior mean, likewise."""
        return self.decode(self.encode(images).mean)


class ImportedClassifier(Network):
    """Images through a chain of layers to features, of which a linear layer makes logits; without layers, the features
    are the pixels.
    """

    @register_to_config
    def __init__(
        self,
        image_size: int = 28,  # pixels a side
        image_channels: int = 1,  # 1 grey, 3 colour
        num_classes: int = 10,
        feature_dim: int | None = None,  # what enters the last layer; none: C H W
        class_names: list[str] | None = None,  # in the order of the labels; none: their numbers
        layers: list[Layer] | None = None,  # from [N, C, H, W] in [-1, 1] to [N, feature_dim]
    ) -> None:
        super().__init__()
        self.body = build(layers or [["flatten"]])
        self.head = nn.Linear(feature_dim or image_channels * image_size**2, num_classes)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns float [N, feature_dim]."""
        return self.body(images)

    def classify(self, features: torch.Tensor) -> torch.Tensor:
        """features: float [N, feature_dim]. Returns logits: float [N, num_classes]."""
        return self.head(features)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns logits: float [N, num_classes]."""
        return self.classify(self.features(images))


def build(layers: list[Layer]) -> nn.Sequential:
    """The layers, as above; `ValueError` for a kind that is not known, or settings that it cannot have."""
    return nn.Sequential(*map(_built, layers))


def _built(layer: Layer) -> nn.Module:
    if not isinstance(layer, list | tuple) or not layer or not isinstance(layer[0], str) or layer[0] not in KINDS:
        raise ValueError(f"a layer {str(layer)[:60]!r} is not known; use one of {', '.join(KINDS)}")
    kind, *settings = layer
    try:
        return KINDS[kind](*settings)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        why = " ".join(str(error).split())[:120]
        raise ValueError(f"a layer {str(layer)[:60]!r} cannot be built: {why}") from error


class _Norm(nn.Module):
    """Batch norm of maps or of vectors."""

    def __init__(self, features: int, eps: float) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(features)), nn.Parameter(torch.zeros(features))
        self.register_buffer("running_mean", torch.zeros(features))
        self.register_buffer("running_var", torch.ones(features))
        self.eps = eps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, self.training, eps=self.eps)


class _Scale(nn.Module):
    """a x + b: numbers of the config, no weights."""

    def __init__(self, a: list[float], b: list[float]) -> None:
        super().__init__()
        self.a, self.b = a, b

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shape = (1, -1, *[1] * (x.dim() - 2))
        return x * x.new_tensor(self.a).view(shape) + x.new_tensor(self.b).view(shape)


class _Mean(nn.Module):
    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return maps.mean((2, 3))


class _Subsample(nn.Module):
    """Every `stride`-th pixel, between empty channels (arXiv:1512.03385, option A)."""

    def __init__(self, stride: int, added: int) -> None:
        super().__init__()
        self.stride, self.added = stride, added

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return F.pad(
            maps[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.added // 2, self.added - self.added // 2)
        )


class _Residual(nn.Module):
    def __init__(self, branch: list[Layer], shortcut: list[Layer]) -> None:
        super().__init__()
        self.branch, self.shortcut = build(branch), build(shortcut)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return (self.branch(maps) + self.shortcut(maps)).relu()


KINDS: dict[str, Callable[..., nn.Module]] = {
    "linear": lambda in_features, out_features, bias: nn.Linear(in_features, out_features, bias=bias),
    "conv": lambda in_channels, out_channels, kernel, stride, padding, bias: nn.Conv2d(
        in_channels, out_channels, kernel, stride, padding, bias=bias
    ),
    "conv_transpose": lambda in_channels, out_channels, kernel, stride, padding, more, bias: nn.ConvTranspose2d(
        in_channels, out_channels, kernel, stride, padding, more, bias=bias
    ),
    "norm": _Norm,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "scale": _Scale,
    "max_pool": nn.MaxPool2d,
    "average_pool": nn.AvgPool2d,
    "mean": _Mean,
    "flatten": nn.Flatten,
    "unflatten": lambda channels, side: nn.Unflatten(1, (channels, side, side)),
    "residual": _Residual,
    "subsample": _Subsample,
}
