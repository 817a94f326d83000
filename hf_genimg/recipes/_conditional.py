"""What the recipes of conditional GANs share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._adversarial import AdversarialRecipe
from ._labels import LabelledRecipe


@dataclass(frozen=True, kw_only=True)
class ConditionalRecipe(LabelledRecipe, AdversarialRecipe):
    """A generator and a discriminator that are conditioned on classes."""

    def latents(self) -> dict[str, Any]:
        """The arguments of a generator for its latents."""
        return {"latent_dim": self.latent_dim, "latent_distribution": self.latent_distribution}
