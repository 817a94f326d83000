"""GANs whose discriminator can be trained with differential privacy (DP-GAN, arXiv:1802.06739)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from ..objectives.adversarial import Adversarial
from ..objectives.private_adversarial import PrivateAdversarial
from ..training.privacy import Privacy
from ._adversarial import AdversarialRecipe
from ._conditional import ConditionalRecipe
from ._privacy import REFUSED, PrivateRecipe

ALONE = "gradients are clipped for the GAN loss of each real image alone"
AUGMENTED = "augmentations are random over a batch, and gradients are of each image alone"
SECOND = "gradients of each image are clipped, and this term needs gradients of gradients"


@dataclass(frozen=True, kw_only=True)
class PrivateAdversarialRecipe(AdversarialRecipe, PrivateRecipe):
    """A generator against a discriminator whose updates can be differentially private."""

    dp_clip_fakes: bool = True  # gradients on fakes are clipped too (no noise), or they outweigh those on real images

    refused: ClassVar[dict[str, tuple[Any, str]]] = {
        **REFUSED,
        "ada": (None, "its probability follows the logits of real images without noise"),
        "minibatch_std": (False, "it mixes the images of a batch, so that no gradient is of one image alone"),
        "spectral_norm": (False, "its power iteration runs once an update, and forwards here are of each image alone"),
        "lecam": (0.0, "it keeps running means of the logits of real images without noise"),
        **dict.fromkeys(("r1", "r2", "gradient_penalty"), (0.0, SECOND)),
        **dict.fromkeys(("consistency_real", "consistency_fake", "consistency_latents", "latent_spread"), (0.0, ALONE)),
        **dict.fromkeys(("augment", "diff_augment"), (None, AUGMENTED)),
        "instance_noise": (0.0, AUGMENTED),
        "orthogonal": (0.0, ALONE),
        "top_k": (1.0, ALONE),
    }

    def privacy(self) -> Privacy | None:
        privacy = super().privacy()
        return privacy and replace(privacy, clip_public=self.dp_clip_fakes)

    def unused_without_noise(self) -> dict[str, Any]:
        return {**super().unused_without_noise(), "dp_clip_fakes": True}

    def check(self) -> None:
        super().check()
        if not self.dp_noise:
            return
        if self.loss == "relativistic":
            why = "it compares each fake to a real image; use loss=non_saturating or another"
            raise ValueError(f"loss=relativistic does not go with dp_noise: {why}")
        rule = f"is not offered by {self.name}, whose objective is another"
        self._require("dp_noise", isinstance(self.objective(), PrivateAdversarial), rule)

    def objective(self) -> Adversarial:
        return (PrivateAdversarial if self.dp_noise else Adversarial)(**self.objective_parts())

    def networks(self) -> dict[str, Any]:
        return self.without_mixing(super().networks())


@dataclass(frozen=True, kw_only=True)
class PrivateConditionalRecipe(ConditionalRecipe, PrivateAdversarialRecipe):
    """The same, conditioned on classes."""
