"""Recipes that can be trained with differential privacy: their fields, and what does not go with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..training.moving import moving_in
from ..training.privacy import Privacy
from ._images import ImageRecipe

REFUSED = {  # with dp_noise: the value that a field must have, and why
    "mixed_precision": ("no", "clipped gradients are of full precision"),
    "compile": (False, "gradients are of each image alone, by torch.func"),
    "flip": (False, "it holds each image twice, and an image would be hidden half as well"),
    "metrics": (None, "it chooses the best state by the data, which epsilon does not cover; evaluate afterwards"),
    "free_bits": (0.0, "it is a rule about the mean over a batch, and gradients are of each image alone"),
}


@dataclass(frozen=True, kw_only=True)
class PrivateRecipe(ImageRecipe):
    """The first player's updates can be differentially private; its network has its name."""

    dp_noise: float = 0.0  # differentially private training: noise in units of dp_clip, about 1; 0: none
    dp_clip: float = 1.0  # the longest gradient of one image
    dp_delta: float = 1e-5  # how likely the bound epsilon may fail; below 1 / number of images
    dp_seed: int | None = None  # none: the noise has a secret; a number makes the run repeatable, and not private

    refused: ClassVar[dict[str, tuple[Any, str]]] = REFUSED

    def privacy(self) -> Privacy | None:
        if not self.dp_noise:
            return None
        return Privacy(self.objective().players[0], self.dp_noise, self.dp_clip, self.dp_delta, self.dp_seed)

    def unused_without_noise(self) -> dict[str, Any]:
        """The fields that mean nothing without dp_noise, with their defaults."""
        return {"dp_clip": 1.0, "dp_delta": 1e-5, "dp_seed": None}

    def check(self) -> None:
        super().check()
        self._require("dp_noise", self.dp_noise >= 0, "must be at least 0")
        if not self.dp_noise:
            for name, unused in self.unused_without_noise().items():
                self._require(name, getattr(self, name) == unused, "needs dp_noise")
            return
        self._require("dp_clip", self.dp_clip > 0, "must be above 0")
        self._require("dp_delta", 0 < self.dp_delta < 1, "must be above 0 and below 1")
        for name, (allowed, why) in self.refused.items():
            given = getattr(self, name, allowed)
            if given != allowed:
                wanted = f"{allowed:g}" if isinstance(allowed, float) else str(allowed).lower()
                raise ValueError(f"{name}={given} does not go with dp_noise: {why}; use {name}={wanted}")
        if getattr(self, "sigma", 1.0) is None:
            raise ValueError("sigma=none does not go with dp_noise: it is learned from the images without noise")

    def fitted(self, dataset: Any) -> Self:
        self._require("dp_delta", not self.dp_noise or self.dp_delta * len(dataset) < 1, _too_likely(len(dataset)))
        return super().fitted(dataset)

    def networks(self) -> dict[str, nn.Module]:
        return self.without_mixing(super().networks())

    def without_mixing(self, networks: dict[str, nn.Module]) -> dict[str, nn.Module]:
        """The networks, unless the private player's cannot be trained privately: `ValueError`."""
        if self.dp_noise:
            self._refuse_mixing(networks[self.privacy().player])
        return networks

    def _refuse_mixing(self, network: nn.Module) -> None:
        """Raise `ValueError` for parts through which an image reaches the gradient of another, or the weights."""
        if any(isinstance(module, _BatchNorm) for module in network.modules()):
            why = "which mixes the images of a batch, so that no gradient is of one image alone"
            raise ValueError(f"dp_noise={self.dp_noise} does not go with batch norm, {why}; use normalization=group")
        for module in moving_in(network):
            kind = type(module).__name__
            raise ValueError(f"dp_noise={self.dp_noise} does not go with {kind}, which keeps statistics of the images")


def _too_likely(size: int) -> str:
    return f"must be below 1 / {size}, the number of images, or it says nothing of one of them"
