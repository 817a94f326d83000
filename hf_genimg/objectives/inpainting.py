"""Filling in: a distance to the image and a GAN loss, for a discriminator of whole images and one of the centre."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from ..losses.adversarial import GANLoss
from ..losses.pixels import psnr
from .base import Batch, Networks, Objective, Terms


def players(adversarial_weight: float) -> tuple[str, ...]:
    """Who is trained: a discriminator only where its loss has a weight."""
    return ("discriminator", "generator") if adversarial_weight else ("generator",)


class GatedInpainting(Objective):
    """The L1 distance of each stage to the whole image, and a GAN loss on what is filled in (arXiv:1806.03589, 3.4).

    The generator has `stages(inputs, mask)`; the discriminator sees (images, mask), the known pixels being real.

    l1_weight, adversarial_weight: 1 in the paper. With an adversarial_weight of 0 there is no discriminator.
    """

    def __init__(self, loss: GANLoss, l1_weight: float = 1.0, adversarial_weight: float = 1.0) -> None:
        super().__init__()
        self.loss, self.l1_weight, self.adversarial_weight = loss, l1_weight, adversarial_weight
        self.players = players(adversarial_weight)

    def discriminator(self, networks: Networks, batch: Batch) -> Terms:
        """The terms on `batch["images"]`, float [N, C, H, W], and on images with `batch["mask"]` filled in."""
        with torch.no_grad():
            fake = networks["generator"](batch["inputs"], mask=batch["mask"])
        return self.loss.discriminator(_logits(networks, batch["images"], batch), _logits(networks, fake, batch))

    def generator(self, networks: Networks, batch: Batch) -> Terms:
        """The distance of each stage, and the adversarial term on the last one."""
        stages, terms = networks["generator"].stages(batch["inputs"], batch["mask"]), {}
        if self.adversarial_weight:
            fake = torch.where(batch["mask"] > 0.5, stages[-1].float(), batch["images"])
            real_logits = _logits(networks, batch["images"], batch) if self.loss.paired else None
            terms = self.loss.generator(real_logits, _logits(networks, fake, batch))
            terms = {name: self.adversarial_weight * term for name, term in terms.items()}
        names = ("l1",) if len(stages) == 1 else ("coarse_l1", "l1")
        for name, stage in zip(names, stages, strict=True):
            terms[name] = self.l1_weight * F.l1_loss(stage.float(), batch["images"])
        return terms

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        return hole_terms(networks["generator"](batch["inputs"], mask=batch["mask"]), batch)


def _logits(networks: Networks, images: torch.Tensor, batch: Batch) -> torch.Tensor:
    """The logits of all patches: float32 [M]."""
    return networks["discriminator"](images, mask=batch["mask"]).float().flatten()


class ContextEncoding(Objective):
    """The squared distance of predicted centres, and a GAN loss on them (arXiv:1604.07379, eq. 3).

    Known pixels of the centre, a border around the hole, weigh more, so that it closes without a seam.

    adversarial_weight: the share of the GAN loss; the distance has the rest, and with 0 there is no discriminator.
    border_weight: of the known pixels.
    """

    def __init__(self, loss: GANLoss, adversarial_weight: float = 0.001, border_weight: float = 10.0) -> None:
        super().__init__()
        self.loss, self.adversarial_weight, self.border_weight = loss, adversarial_weight, border_weight
        self.players = players(adversarial_weight)

    def discriminator(self, networks: Networks, batch: Batch) -> Terms:
        """The halved terms on the centres of `batch["images"]`, float [N, C, H, W], and on predicted ones."""
        with torch.no_grad():
            fake = networks["generator"].predicted(batch["inputs"])
        real = _centre(networks, batch["images"])
        terms = self.loss.discriminator(*(networks["discriminator"](side).float() for side in (real, fake)))
        return {name: term / 2 for name, term in terms.items()}

    def generator(self, networks: Networks, batch: Batch) -> Terms:
        """The weighted adversarial term, and the weighted squared distance."""
        fake, real = networks["generator"].predicted(batch["inputs"]), _centre(networks, batch["images"])
        terms = {}
        if self.adversarial_weight:
            real_logits = networks["discriminator"](real).float() if self.loss.paired else None
            terms = self.loss.generator(real_logits, networks["discriminator"](fake).float())
            terms = {name: self.adversarial_weight * term for name, term in terms.items()}
        weights = torch.where(_centre(networks, batch["mask"]) > 0.5, 1.0, self.border_weight)
        distance = (weights * (fake.float() - real).square()).mean()
        return {**terms, "l2": (1 - self.adversarial_weight) * distance}

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        return hole_terms(networks["generator"](batch["inputs"], mask=batch["mask"]), batch)


def _centre(networks: Networks, images: torch.Tensor) -> torch.Tensor:
    centre = networks["generator"].centre
    return images[..., centre, centre].contiguous()


def hole_terms(images: torch.Tensor, batch: Batch) -> Terms:
    """L1 and PSNR, in decibels, where something is filled in, and the PSNR of filling in grey.

    images: float [N, C, H, W] in [-1, 1].
    """
    mask, targets = (batch["mask"] > 0.5).to(torch.float32), batch["images"]
    share = mask.mean((1, 2, 3)).clamp_min(1 / mask[0].numel())
    inside = targets + (images.float() - targets) * mask
    offset = 10 * torch.log10(share)  # from the mean over the image to the mean over the hole
    return {
        "l1": ((inside - targets).abs().mean((1, 2, 3)) / share).mean(),
        "psnr": (psnr(inside, targets) + offset).mean(),
        "psnr_of_grey": (psnr(targets * (1 - mask), targets) + offset).mean(),
    }
