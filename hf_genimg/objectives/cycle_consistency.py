"""Unpaired translation by two translators that undo one another (CycleGAN, arXiv:1703.10593)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from ..losses.adversarial import GANLoss
from .base import Batch, Networks, Objective, Terms
from .image_pool import ImagePool


class CycleConsistency(Objective):
    """A GAN loss in each direction and the L1 distance of images to themselves after both translations (eq. 3).

    The networks are `generator` (inputs to images), `reverse_generator`, `discriminator` (of images) and
    `reverse_discriminator` (of inputs), all without conditions. The discriminators' losses are halved, and see half of
    the time an earlier translation out of a pool (section 4).

    shapes: [C, H, W] of images and of inputs. batch_size: of an update. cycle_weight: of both distances after both
    translations. identity_weight: of the distances between images and what the translator to images makes of them, and
    of inputs likewise, as a share of cycle_weight (section 5.2); 0 leaves them out. adversarial_weight: of the
    translators' GAN losses; 2 with least squares gives the mean squared errors of the authors' code.
    """

    players = ("translators", "discriminators")

    def __init__(
        self,
        loss: GANLoss,
        shapes: tuple[tuple[int, int, int], tuple[int, int, int]],
        batch_size: int,
        pool_size: int = 50,
        cycle_weight: float = 10.0,
        identity_weight: float = 0.5,
        adversarial_weight: float = 2.0,
    ) -> None:
        super().__init__()
        self.loss, self.cycle_weight, self.identity_weight = loss, cycle_weight, identity_weight
        self.adversarial_weight = adversarial_weight
        self.pools = nn.ModuleList(ImagePool(pool_size, shape, batch_size) for shape in shapes)

    def translators(self, networks: Networks, batch: Batch) -> Terms:
        """The terms of both translators on `batch["inputs"]` and `batch["images"]`, float [N, C, H, W] in [-1, 1]."""
        there, back = networks["generator"], networks["reverse_generator"]
        images, inputs = there(batch["inputs"]), back(batch["images"])
        terms = {
            **self._adversarial("", networks["discriminator"], batch["images"], images),
            **self._adversarial("reverse_", networks["reverse_discriminator"], batch["inputs"], inputs),
            "cycle": self.cycle_weight * _l1(there(inputs), batch["images"]),
            "reverse_cycle": self.cycle_weight * _l1(back(images), batch["inputs"]),
        }
        if self.identity_weight:
            weight = self.cycle_weight * self.identity_weight
            terms["identity"] = weight * _l1(there(batch["images"]), batch["images"])
            terms["reverse_identity"] = weight * _l1(back(batch["inputs"]), batch["inputs"])
        return terms

    def _adversarial(self, prefix: str, discriminator: nn.Module, real: torch.Tensor, fake: torch.Tensor) -> Terms:
        real_logits = _logits(discriminator, real) if self.loss.paired else None
        terms = self.loss.generator(real_logits, _logits(discriminator, fake))
        return {f"{prefix}{name}": self.adversarial_weight * term for name, term in terms.items()}

    def discriminators(self, networks: Networks, batch: Batch) -> Terms:
        """The halved terms of both discriminators."""
        with torch.no_grad():
            made = networks["generator"](batch["inputs"]), networks["reverse_generator"](batch["images"])
        images, inputs = (pool.query(fake, self.step) for pool, fake in zip(self.pools, made, strict=True))
        terms = {}
        for prefix, real, fake in (("", batch["images"], images), ("reverse_", batch["inputs"], inputs)):
            discriminator = networks[f"{prefix}discriminator"]
            found = self.loss.discriminator(_logits(discriminator, real), _logits(discriminator, fake))
            terms |= {f"{prefix}{name}": term / 2 for name, term in found.items()}
        return terms

    def update(self, player: str, networks: Networks) -> None:
        for pool in self.pools if player == "discriminators" else ():
            pool.update()

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """The unweighted distances after both translations, on [-1, 1]."""
        there, back = networks["generator"], networks["reverse_generator"]
        return {
            "cycle": _l1(there(back(batch["images"])), batch["images"]),
            "reverse_cycle": _l1(back(there(batch["inputs"])), batch["inputs"]),
        }


def _l1(images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return F.l1_loss(images.float(), targets)


def _logits(discriminator: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """The logits of all patches: float32 [N h w]."""
    return discriminator(images).float().flatten()
