"""RealNVP (arXiv:1605.08803): affine coupling layers between latents and a normal distribution, a prior that is fitted
to the latents of an autoencoder.
"""

from __future__ import annotations

import math

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from ..layers.latents import generator_for_each
from ._network import Network

Generator = torch.Generator | list[torch.Generator] | None
LARGEST = 2.0  # of the logarithm of a scale


class CouplingFlow(Network):
    """log p(z) of latents, and samples of them. In each layer one half of the dimensions says by what the other half
    is scaled and moved.
    """

    @register_to_config
    def __init__(
        self,
        latent_dim: int = 16,
        width: int = 128,  # of the two hidden layers of each coupling
        depth: int = 8,  # couplings
    ) -> None:
        super().__init__()
        if latent_dim < 2:
            raise ValueError(f"latent_dim={latent_dim} is too few to couple; use 2 or more")
        self.center, self.log_scale = nn.Parameter(torch.zeros(latent_dim)), nn.Parameter(torch.zeros(latent_dim))
        sizes = [latent_dim // 2, latent_dim - latent_dim // 2]  # turned round after each layer
        self.couplings = nn.ModuleList(_coupling(sizes[n % 2], sizes[1 - n % 2], width) for n in range(depth))

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        """latents: float [N, latent_dim]. Returns log p: float [N], nats."""
        values = (latents - self.center) * (-self.log_scale).exp()
        log_determinant = -self.log_scale.sum()
        for coupling in self.couplings:
            kept, moved = values.split([coupling[0].in_features, len(self.center) - coupling[0].in_features], 1)
            log_scale, shift = _affine(coupling, kept)
            log_determinant = log_determinant + log_scale.sum(1)
            values = torch.cat([(moved + shift) * log_scale.exp(), kept], 1)
        return log_determinant - 0.5 * (values.square() + math.log(2 * math.pi)).sum(1)

    def generate(self, noise: torch.Tensor) -> torch.Tensor:
        """noise: float [N, latent_dim], normal. Returns the latents that `forward` maps to it: the same shape."""
        values = noise
        for coupling in reversed(self.couplings):
            moved, kept = values.split([len(self.center) - coupling[0].in_features, coupling[0].in_features], 1)
            log_scale, shift = _affine(coupling, kept)
            values = torch.cat([kept, moved * (-log_scale).exp() - shift], 1)
        return values * self.log_scale.exp() + self.center

    @torch.no_grad()
    def fit(self, latents: torch.Tensor, seed: int) -> None:
        """Begin at the mean and the deviation of latents, float [N, latent_dim], N at least 2."""
        self.center.copy_(latents.mean(0))
        self.log_scale.copy_(latents.std(0).clamp(min=1e-6).log())

    @torch.no_grad()
    def sample_latents(
        self, num_images: int, generator: Generator = None, class_labels: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Sample float [num_images, latent_dim] on this network's device; image i draws from its own generator where
        there is a list.
        """
        if class_labels is not None:
            raise ValueError("class_labels were given, but this flow is unconditional; leave them out")
        sources = generator_for_each(generator, num_images, self.device)
        noise = [torch.randn(self.config.latent_dim, **source) for source in sources]
        return self.generate(torch.stack(noise).to(self.center))


def _coupling(in_features: int, out_features: int, width: int) -> nn.Sequential:
    """The last layer begins at zero, and the flow at the identity."""
    last = nn.Linear(width, 2 * out_features)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(in_features, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), last)


def _affine(coupling: nn.Module, kept: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    log_scale, shift = coupling(kept).chunk(2, 1)
    return LARGEST * (log_scale / LARGEST).tanh(), shift
