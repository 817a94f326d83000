"""De-identification by learning: away from the identity that embedders see, and near to the image otherwise."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

from ..losses.adversarial import GANLoss
from ..losses.pixels import psnr
from .arcface import ArcFace
from .base import Batch, Networks, Objective, Terms
from .style import variation

EMBEDDER = "embedder"  # how the names of frozen embedders begin


class Deidentifying(Objective):
    """A translator whose images frozen embedders, and one that is trained on them, find near those of other people.

    In the manner of Gafni et al. (arXiv:1911.08348): the identity term and the likeness of low frequencies pull against
    each other, and a GAN loss keeps images natural. A translator that is trained against fixed embedders alone may
    learn to deceive these, while others find people as before; the `attacker` is an embedder that learns, with labels,
    who is in the translator's images and in the originals, while the translator learns that it cannot tell.

    Args:
        loss: of `discriminator`, on images alone.
        threshold: cosine to the original's features below which an image counts as of another person.
        identity_weight: of the cosines above the threshold, in the mean over embedders.
        attack_weight: of the distance (KL, nats) of the uniform distribution to what the attacker predicts; 0: none.
        pooled_weight, pooling: of the L1 distance of means over squares of so many pixels a side.
        l1_weight, adversarial_weight: of the L1 distance of pixels, and of the GAN loss.
        smoothness: of the mean absolute difference of neighbouring pixels of what is changed: fine patterns deceive an
            embedder, and nobody else.
        margin: of the attacker's ArcFace loss, radians.
        augment: of images float [N, C, H, W] before an embedder or the attacker.
    """

    provided = ("inputs",)

    def __init__(
        self,
        loss: GANLoss,
        *,
        threshold: float = 0.0,
        identity_weight: float = 1.0,
        attack_weight: float = 1.0,
        pooled_weight: float = 10.0,
        pooling: int = 4,
        l1_weight: float = 1.0,
        smoothness: float = 5.0,
        adversarial_weight: float = 1.0,
        margin: float = 0.3,
        augment: Callable[[torch.Tensor], torch.Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.loss, self.threshold, self.pooling, self.arcface = loss, threshold, pooling, ArcFace(margin)
        self.augment = augment or (lambda images: images)
        self.identity_weight, self.attack_weight = identity_weight, attack_weight
        self.pooled_weight, self.l1_weight, self.adversarial_weight = pooled_weight, l1_weight, adversarial_weight
        self.smoothness = smoothness
        self.players = ("discriminator", *(("attacker",) if attack_weight else ()), "generator")

    def discriminator(self, networks: Networks, batch: Batch) -> Terms:
        """The GAN loss on `batch["images"]`, float [N, C, H, W] in [-1, 1], and what is made of them."""
        return self.loss.discriminator(*(_logits(networks, each) for each in (batch["images"], _made(networks, batch))))

    def attacker(self, networks: Networks, batch: Batch) -> Terms:
        """ArcFace on what is made and on the images, by `batch["labels"]`, int64 [N]: who they are of."""
        images = self.augment(torch.cat([_made(networks, batch), batch["images"]]))
        both = {"images": images, "labels": batch["labels"].repeat(2)}
        return self.arcface.classifier({"classifier": networks["attacker"]}, both)

    def generator(self, networks: Networks, batch: Batch) -> Terms:
        """The weighted terms of what is made of `batch["images"]`."""
        images, made = batch["images"], networks["generator"](batch["images"]).float()
        real_logits = _logits(networks, images) if self.loss.paired else None
        found = self.loss.generator(real_logits, _logits(networks, made))
        terms = {name: self.adversarial_weight * term for name, term in found.items()}
        terms["pooled"] = self.pooled_weight * F.l1_loss(*(F.avg_pool2d(each, self.pooling) for each in (made, images)))
        terms["l1"] = self.l1_weight * F.l1_loss(made, images)
        terms["smoothness"] = self.smoothness * variation(made - images)
        above = (self.cosines(networks, self.augment(made), self.augment(images)) - self.threshold).relu().mean()
        terms["identity"] = self.identity_weight * above
        if self.attack_weight:
            terms["attack"] = self.attack_weight * certainty(networks["attacker"](self.augment(made)).float())
        return terms

    def cosines(self, networks: Networks, made: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        """Of each embedder's features of what is made to those of the images: float [E, N]."""
        frozen = [network for name, network in networks.items() if name.startswith(EMBEDDER)]
        with torch.no_grad():
            originals = [network.vector(images) for network in frozen]
        made_features = [network.vector(made) for network in frozen]
        return torch.stack([F.cosine_similarity(*pair) for pair in zip(made_features, originals, strict=True)])

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """The mean cosine to the original by the embedders, L1 and PSNR, in decibels."""
        images, made = batch["images"], networks["generator"](batch["images"]).float()
        cosine = self.cosines(networks, made, images).mean()
        return {"cosine": cosine, "l1": F.l1_loss(made, images), "psnr": psnr(made, images).mean()}


def certainty(logits: torch.Tensor) -> torch.Tensor:
    """The mean KL divergence of the uniform distribution from the predicted one, of logits float [N, K], in nats."""
    uniform = torch.full_like(logits, 1 / logits.shape[1])
    return F.kl_div(logits.log_softmax(1), uniform, reduction="batchmean")


@torch.no_grad()
def _made(networks: Networks, batch: Batch) -> torch.Tensor:
    return networks["generator"](batch["images"]).float()


def _logits(networks: Networks, images: torch.Tensor) -> torch.Tensor:
    return networks["discriminator"](images).float().flatten()
