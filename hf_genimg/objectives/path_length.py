"""Path length regularization of a generator with styles, and mixing of styles in training (StyleGAN2,
arXiv:1912.04958).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from .adversarial import Adversarial
from .base import Batch, Networks, Terms, conditions_of
from .regularizers import Context, Regularizer


class StyleAdversarial(Adversarial):
    """An adversarial objective whose generator mixes styles in training.

    With probability `mixing` the layers of a micro-batch from a random one on have the w of other latents
    (arXiv:1812.04948, section 3.1; one layer for all of its images, as in the published code).
    """

    def __init__(self, *args: Any, mixing: float = 0.9, **parts: Any) -> None:
        super().__init__(*args, **parts)
        if not 0 <= mixing <= 1:
            raise ValueError(f"style_mixing={mixing} must be from 0 to 1: how often styles are mixed in training")
        self.mixing = mixing

    @property
    def shared(self) -> frozenset[str]:
        """No network: noise and mixing differ in each forward, so that fakes of the discriminator's update would be
        other ones where a batch is split.
        """
        return frozenset()

    def generate(self, generator: nn.Module, latents: torch.Tensor, batch: Batch) -> torch.Tensor:
        conditions = conditions_of(generator, batch)
        if not generator.training or not self.mixing or torch.rand(()) >= self.mixing:
            return generator(latents, **conditions)
        other, start = generator.sample_latents(len(latents)), torch.randint(1, generator.mixing_layers, ()).item()
        return generator(latents, **conditions, mixing_latents=other, mixing_start=start)


class PathLength(Regularizer):
    """weight E[(|J^T y| - a)^2], so that steps in w change images by as much everywhere (section 3.2, eq. 4).

    J: of the images with respect to w; y: normal noise over the root of the number of pixels; a: the running mean of
    the length, which moves once per computed update, by `decay`. Computed in one of `every` updates of the generator
    and multiplied by that number instead, on the first `share` of the images.
    """

    def __init__(self, weight: float, *, every: int = 4, share: float = 0.5, decay: float = 0.01) -> None:
        super().__init__()
        if weight < 0 or every < 1:
            raise ValueError(f"path_length={weight} must be at least 0 and path_length_every={every} at least 1")
        self.weight, self.every, self.share, self.decay = weight, every, share, decay
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))
        self.register_buffer("mean", torch.zeros(()))
        self.register_buffer("gathered", torch.zeros(2), persistent=False)  # sum of lengths and their number

    def generator(self, context: Context) -> Terms:
        if self.updates % self.every:
            return {"path_length": context.fake_logits.new_zeros(())}
        count = max(1, round(self.share * len(context.latents)))
        lengths = self.lengths(context, count)
        with torch.no_grad():
            self.gathered += torch.stack([lengths.sum(), torch.full_like(lengths, 1).sum()])
        return {"path_length": self.every * self.weight * (lengths - self.mean).square().mean()}

    def lengths(self, context: Context, count: int) -> torch.Tensor:
        """|J^T y| of the first `count` latents: float32 [count], differentiable in the generator's weights."""
        generator = context.networks["generator"]
        conditions = {name: value[:count] for name, value in conditions_of(generator, context.batch).items()}
        w = generator.map(context.latents[:count], **conditions)
        if not w.requires_grad:
            w = w.detach().requires_grad_(True)
        images = generator.synthesize(w)
        noise = torch.randn_like(images) / math.sqrt(images.shape[2] * images.shape[3])
        (gradient,) = torch.autograd.grad((images * noise).sum(), w, create_graph=True)
        return gradient.float().square().sum(2).mean(1).sqrt()

    @torch.no_grad()
    def update(self, player: str, networks: Networks) -> None:
        if player != "generator":
            return
        if self.gathered[1] > 0:
            self.mean.lerp_(self.gathered[0] / self.gathered[1], self.decay)
        self.updates += 1
