"""Unpaired translation by one translator whose patches stay recognizable (CUT, arXiv:2007.15651)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from ..losses.adversarial import GANLoss
from ..losses.contrastive import patch_nce
from .base import Batch, Networks, Objective, Terms


class ContrastiveTranslation(Objective):
    """A GAN loss, and a contrastive loss between patches of inputs and translations at the same places (eq. 5).

    The networks are `generator`, with `feature_maps`, `projector` (feature maps and positions to vectors) and
    `discriminator`, without conditions; generator and projector learn together.

    patches: places that are compared in each feature map. nce_weight: of the contrastive loss. identity_weight: of the
    same loss between images and what the generator makes of them, as a share of nce_weight; 0 leaves it out (FastCUT).
    adversarial_weight: as of `CycleConsistency`.
    """

    players = ("discriminator", "generator")

    def __init__(
        self,
        loss: GANLoss,
        patches: int = 256,
        nce_weight: float = 1.0,
        identity_weight: float = 1.0,
        adversarial_weight: float = 2.0,
        temperature: float = 0.07,
    ) -> None:
        super().__init__()
        self.loss, self.patches, self.temperature = loss, patches, temperature
        self.nce_weight, self.identity_weight, self.adversarial_weight = nce_weight, identity_weight, adversarial_weight

    def discriminator(self, networks: Networks, batch: Batch) -> Terms:
        """The halved terms on `batch["images"]` and translations of `batch["inputs"]`, float [N, C, H, W]."""
        with torch.no_grad():
            fake = networks["generator"](batch["inputs"])
        discriminator = networks["discriminator"]
        terms = self.loss.discriminator(_logits(discriminator, batch["images"]), _logits(discriminator, fake))
        return {name: term / 2 for name, term in terms.items()}

    def generator(self, networks: Networks, batch: Batch) -> Terms:
        """The adversarial term and the weighted contrastive ones, with half of nce_weight each where there are two."""
        generator, discriminator = networks["generator"], networks["discriminator"]
        fake = generator(batch["inputs"])
        real_logits = _logits(discriminator, batch["images"]) if self.loss.paired else None
        terms = self.loss.generator(real_logits, _logits(discriminator, fake))
        terms = {name: self.adversarial_weight * term for name, term in terms.items()}
        share = self.nce_weight / (2 if self.identity_weight else 1)
        terms["nce"] = share * self.contrast(networks, batch["inputs"], fake)
        if self.identity_weight:
            same = self.contrast(networks, batch["images"], generator(batch["images"]))
            terms["identity_nce"] = share * self.identity_weight * same
        return terms

    def contrast(self, networks: Networks, inputs: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        """The contrastive loss between inputs and their translations, float [N, C, H, W], averaged over feature maps.

        Places are drawn from torch's global generator.
        """
        generator, projector = networks["generator"], networks["projector"]
        keys, queries = generator.feature_maps(inputs), generator.feature_maps(images)
        positions = [self._positions(maps) for maps in keys]
        pairs = zip(projector(queries, positions), projector(keys, positions), strict=True)
        return torch.stack([patch_nce(query, key, self.temperature) for query, key in pairs]).mean()

    def _positions(self, maps: torch.Tensor) -> torch.Tensor:
        count = maps.shape[2] * maps.shape[3]
        return torch.randperm(count, device=maps.device)[: min(self.patches, count)]

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """The contrastive loss at all places, in their order."""
        generator, projector = networks["generator"], networks["projector"]
        keys = generator.feature_maps(batch["inputs"])
        queries = generator.feature_maps(generator(batch["inputs"]))
        positions: Sequence[torch.Tensor] = [_spread(maps, self.patches) for maps in keys]
        pairs = zip(projector(queries, positions), projector(keys, positions), strict=True)
        return {"nce": torch.stack([patch_nce(query, key, self.temperature) for query, key in pairs]).mean()}


def _spread(maps: torch.Tensor, most: int) -> torch.Tensor:
    """At most so many places, evenly spread."""
    count = maps.shape[2] * maps.shape[3]
    return torch.linspace(0, count - 1, min(most, count), device=maps.device).round().long()


def _logits(discriminator: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """The logits of all patches: float32 [N h w]."""
    return discriminator(images).float().flatten()
