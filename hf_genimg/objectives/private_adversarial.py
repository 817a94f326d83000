"""GAN objective whose discriminator is trained with differential privacy (DP-GAN, arXiv:1802.06739)."""

from __future__ import annotations

import torch
from torch import nn

from .adversarial import Adversarial
from .base import Batch, Networks, Terms


class PrivateAdversarial(Adversarial):
    """`Adversarial` in which only the discriminator's loss on real images touches the data.

    Fakes are conditioned on classes that are sampled uniformly, as many in each update, so that neither the generator
    nor the fakes know anything of the data but the number of its classes. What the generator learns from the
    discriminator's weights is post-processing: it spends no privacy.

    Raises `ValueError` for a loss that compares real images and fakes in pairs.
    """

    def __init__(self, *args: object, **parts: object) -> None:
        super().__init__(*args, **parts)
        if self.loss.paired:
            raise ValueError("a loss of pairs of real images and fakes cannot be private; use another loss")

    @property
    def shared(self) -> frozenset[str]:
        return frozenset()

    def private_terms(self, player: str, networks: Networks, batch: Batch) -> Terms:
        """The loss on real images, float [N, C, H, W] in [-1, 1]."""
        logits, _ = self.logits(networks, batch["images"], batch)
        return {"real": sum(self.loss.discriminator(logits, torch.zeros_like(logits)).values())}

    def public_batch(self, player: str, networks: Networks, batch_size: int) -> Batch:
        """Fakes, without gradients, and their classes."""
        generator = networks["generator"]
        conditions = sampled_conditions(generator, batch_size)
        with torch.no_grad():
            fakes = self.generate(generator, generator.sample_latents(batch_size), conditions)
        return {**conditions, "images": fakes}

    def public_terms(self, player: str, networks: Networks, batch: Batch) -> Terms:
        """The loss on fakes."""
        logits, _ = self.logits(networks, batch["images"], batch)
        terms = self.loss.discriminator(torch.zeros_like(logits), logits)
        return {name: term for name, term in terms.items() if term.requires_grad}

    def generator(self, networks: Networks, batch: Batch) -> Terms:
        """The generator's terms on as many fakes as there are images in the batch, of which nothing else is used."""
        count = len(batch["images"])
        without_data = {"images": torch.zeros_like(batch["images"]), **sampled_conditions(networks["generator"], count)}
        return super().generator(networks, without_data)


def sampled_conditions(generator: nn.Module, batch_size: int) -> Batch:
    """Classes int64 [N] from the uniform distribution, for a generator that is conditioned on them.

    Raises `ValueError` where it is conditioned on anything else.
    """
    unknown = set(generator.conditions) - {"labels"}
    if unknown:
        raise ValueError(f"conditions {', '.join(sorted(unknown))} cannot be sampled without the data")
    if not generator.conditions:
        return {}
    return {"labels": torch.randint(generator.config.num_classes, (batch_size,), device=generator.device)}
