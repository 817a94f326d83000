"""FactorVAE's discriminator of latents (arXiv:1802.05983, appendix A)."""

from __future__ import annotations

import torch
from diffusers.configuration_utils import register_to_config
from torch import nn

from ._network import Network

HIDDEN = 5  # layers


class FactorVAEDiscriminator(Network):
    """Latents -> five hidden layers -> two scores, whose difference is the logit."""

    @register_to_config
    def __init__(
        self,
        in_features: int = 10,
        width: int = 1000,
    ) -> None:
        super().__init__()
        sizes = [in_features, *[width] * HIDDEN]
        hidden = [(nn.Linear(sizes[n], sizes[n + 1]), nn.LeakyReLU(0.2)) for n in range(HIDDEN)]
        self.layers = nn.Sequential(*(layer for pair in hidden for layer in pair), nn.Linear(width, 2))

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """codes: latents, float [N, in_features]. Returns the log-odds of being together from one image, and not each
        dimension from another: float [N]; at the optimum the log ratio of the two densities.
        """
        scores = self.layers(codes)
        return scores[:, 0] - scores[:, 1]
