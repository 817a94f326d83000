"""A GAN conditioned on text: the discriminator also learns that an image does not fit the caption of another, and is
smooth at real images with their captions (DF-GAN, arXiv:2008.05865, eq. 1 and 3).
"""

from __future__ import annotations

from typing import Any

import torch

from ..losses.adversarial import GANLoss
from ..losses.contrastive import image_text
from .adversarial import Adversarial
from .base import Batch, Networks, Terms

FITTING = ("hinge", "non_saturating", "saturating", "least_squares")  # losses with terms `real` and `fake`
POWER = 6  # of the norm of the gradient


class TextAdversarial(Adversarial):
    """Half of the discriminator's loss on fakes comes from real images with the caption of the next image.

    Args:
        loss: one of `FITTING`.
        penalty: weight of the matching-aware gradient penalty; 0: none.
        every: computed in one of so many updates, with as many times the weight.
        contrast: weight of the contrastive loss of images and their captions among those of the batch: the
            discriminator learns it on real images, the generator on its own (arXiv:2101.04702, eq. 4); 0: none.
        Others: as for `Adversarial`.
    """

    def __init__(
        self, loss: GANLoss, *, penalty: float = 2.0, every: int = 1, contrast: float = 0.0, **parts: Any
    ) -> None:
        super().__init__(loss._replace(discriminator=lambda real, fake: _halved(loss, real, fake)), **parts)
        self.whole, self.penalty, self.every, self.contrast = loss, penalty, every, contrast
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))

    def logits(
        self, networks: Networks, images: torch.Tensor, batch: Batch, latents: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, Terms]:
        """As of a GAN; in the generator's update with the contrastive term of its images."""
        discriminator, text = networks["discriminator"], batch["text"]
        maps, sentences = discriminator.encode_images(images), discriminator.encode_text(text)
        own = self.step.player == "generator" and self.contrast > 0
        terms = {"contrast": self._contrast(discriminator, maps, sentences, text)} if own else {}
        return discriminator.compare(maps, sentences).float(), terms

    def real_logits(self, networks: Networks, images: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, Terms]:
        """Logits of real images, and the terms of the other captions and of the penalty."""
        discriminator, text = networks["discriminator"], batch["text"]
        penalized = self.penalty > 0 and int(self.updates) % self.every == 0
        with torch.autocast(images.device.type, enabled=False if penalized else torch.is_autocast_enabled()):
            images = images.detach().requires_grad_() if penalized else images
            maps, sentences = discriminator.encode_images(images), discriminator.encode_text(text)
            if not sentences.requires_grad:  # of a frozen encoder; the penalty has their gradient
                sentences = sentences.detach().requires_grad_(penalized)
            logits = discriminator.compare(maps, sentences)
            terms = {"mismatched": self._mismatched(discriminator, logits, maps, sentences, text)}
            if self.contrast:
                terms["contrast"] = self._contrast(discriminator, maps, sentences, text)
            if self.penalty:
                found = matching_penalty(logits, images, sentences) if penalized else logits.new_zeros(())
                terms["matching_penalty"] = self.every * self.penalty * found
        return logits.float(), terms

    def _contrast(
        self, discriminator: Any, maps: torch.Tensor, sentences: torch.Tensor, text: torch.Tensor
    ) -> torch.Tensor:
        same = (text[:, None] == text[None]).all(2)
        return self.contrast * image_text(*discriminator.vectors(maps, sentences), same)

    def _mismatched(
        self, discriminator: Any, logits: torch.Tensor, maps: torch.Tensor, sentences: torch.Tensor, text: torch.Tensor
    ) -> torch.Tensor:
        """Half the loss on images with the caption of the next image, where it is another."""
        other = (text != text.roll(1, 0)).any(1)
        if not other.any():
            return logits.new_zeros((), dtype=torch.float32)
        wrong = discriminator.compare(maps[other], sentences.roll(1, 0)[other]).float()
        return 0.5 * other.float().mean() * self.whole.discriminator(logits[other].float(), wrong)["fake"]

    def update(self, player: str, networks: Networks) -> None:
        super().update(player, networks)
        if player == "discriminator":
            self.updates += 1

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """As of a GAN, and the loss on images with the captions of others."""
        discriminator, text = networks["discriminator"], batch["text"]
        maps, sentences = discriminator.encode_images(batch["images"]), discriminator.encode_text(text)
        logits = discriminator.compare(maps, sentences)
        return super().held_out(networks, batch) | {
            "mismatched": self._mismatched(discriminator, logits, maps, sentences, text)
        }


def matching_penalty(logits: torch.Tensor, images: torch.Tensor, sentences: torch.Tensor) -> torch.Tensor:
    """E[|grad D|^6], the gradient with respect to image and sentence vector together (arXiv:2008.05865, eq. 3)."""
    gradients = torch.autograd.grad(logits.sum(), (images, sentences), create_graph=True)
    return sum(gradient.flatten(1).square().sum(1) for gradient in gradients).pow(POWER // 2).mean()


def _halved(loss: GANLoss, real: torch.Tensor, fake: torch.Tensor) -> Terms:
    terms = loss.discriminator(real, fake)
    return {**terms, "fake": 0.5 * terms["fake"]}
