"""GAN losses: what discriminator and generator minimize, as functions of logits, float [N], to scalars.

In the losses that speak of probabilities a logit is the log-odds of an image being real; in the others it is a score.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F

Terms = dict[str, torch.Tensor]


def real_loss(logits: torch.Tensor) -> torch.Tensor:
    """-E[log sigmoid(logits)]: the cross-entropy of logits with the label "real" (arXiv:1406.2661, eq. 1)."""
    return F.softplus(-logits).mean()


def fake_loss(logits: torch.Tensor) -> torch.Tensor:
    """-E[log(1 - sigmoid(logits))]: the cross-entropy of logits with the label "fake" (arXiv:1406.2661, eq. 1)."""
    return F.softplus(logits).mean()


def squared_distance(logits: torch.Tensor, target: float) -> torch.Tensor:
    """E[(logits - target)^2] / 2 (arXiv:1611.04076, eq. 2)."""
    return 0.5 * (logits - target).square().mean()


def hinge_real(logits: torch.Tensor) -> torch.Tensor:
    """E[max(0, 1 - logits)] (arXiv:1705.02894; arXiv:1802.05957, eq. 16)."""
    return F.relu(1 - logits).mean()


def hinge_fake(logits: torch.Tensor) -> torch.Tensor:
    """E[max(0, 1 + logits)] (arXiv:1705.02894; arXiv:1802.05957, eq. 16)."""
    return F.relu(1 + logits).mean()


def jittered_real(logits: torch.Tensor) -> torch.Tensor:
    """`hinge_real` with a margin from U(0.8, 1) for each logit (FastGAN's code, arXiv:2101.04775)."""
    return F.relu(0.8 + 0.2 * torch.rand_like(logits) - logits).mean()


def relativistic_pair(higher: torch.Tensor, lower: torch.Tensor) -> torch.Tensor:
    """-E[log sigmoid(higher - lower)], pair by pair (arXiv:1807.00734; R3GAN, arXiv:2501.05441, eq. 2)."""
    return F.softplus(lower - higher).mean()


class GANLoss(NamedTuple):
    """A GAN loss: both functions take logits on real and on fake images and return named scalars to minimize.

    paired: the generator's loss needs logits on real images too; otherwise it is called with None for them. boundary:
    the logit above which the discriminator says "real"; None where logits only say which of two images is more real.
    """

    discriminator: Callable[[torch.Tensor, torch.Tensor], Terms]
    generator: Callable[[torch.Tensor | None, torch.Tensor], Terms]
    paired: bool = False
    boundary: float | None = 0.0


def _cross_entropies(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> Terms:
    return {"real": real_loss(real_logits), "fake": fake_loss(fake_logits)}


def non_saturating() -> GANLoss:
    """The generator maximizes log D(G(z)), whose gradient stays large where D is sure (arXiv:1406.2661, section 3)."""
    return GANLoss(_cross_entropies, lambda _, fake_logits: {"adversarial": real_loss(fake_logits)})


def saturating() -> GANLoss:
    """The minimax loss: the generator minimizes log(1 - D(G(z))) (arXiv:1406.2661, eq. 1)."""
    return GANLoss(_cross_entropies, lambda _, fake_logits: {"adversarial": -fake_loss(fake_logits)})


def least_squares() -> GANLoss:
    """The target is 1 for real images and 0 for fakes; the generator's target is 1 (arXiv:1611.04076, eq. 9)."""
    return GANLoss(
        lambda real, fake: {"real": squared_distance(real, 1), "fake": squared_distance(fake, 0)},
        lambda _, fake: {"adversarial": squared_distance(fake, 1)},
        boundary=0.5,
    )


def hinge() -> GANLoss:
    """Margins of 1 for the discriminator, the negative score for the generator (arXiv:1802.05957, eq. 16 and 17)."""
    return GANLoss(
        lambda real, fake: {"real": hinge_real(real), "fake": hinge_fake(fake)},
        lambda _, fake: {"adversarial": -fake.mean()},
    )


def jittered_hinge() -> GANLoss:
    """`hinge` with margins from U(0.8, 1) for each logit (FastGAN's code, arXiv:2101.04775)."""
    return GANLoss(
        lambda real, fake: {"real": jittered_real(real), "fake": jittered_real(-fake)},
        lambda _, fake: {"adversarial": -fake.mean()},
    )


def wasserstein() -> GANLoss:
    """The difference of mean scores (arXiv:1701.07875, eq. 2).

    Needs a bound on the critic's Lipschitz constant: a gradient penalty or weight clipping.
    """
    return GANLoss(
        lambda real, fake: {"wasserstein": fake.mean() - real.mean()},
        lambda _, fake: {"adversarial": -fake.mean()},
        boundary=None,
    )


def relativistic() -> GANLoss:
    """Each fake is compared to a real image (arXiv:1807.00734; R3GAN, arXiv:2501.05441, eq. 2)."""
    return GANLoss(
        lambda real, fake: {"relativistic": relativistic_pair(real, fake)},
        lambda real, fake: {"adversarial": relativistic_pair(fake, real)},
        paired=True,
        boundary=None,
    )


GAN_LOSSES: dict[str, Callable[[], GANLoss]] = {
    loss.__name__: loss
    for loss in (non_saturating, saturating, least_squares, hinge, jittered_hinge, wasserstein, relativistic)
}
SMOOTHED: dict[str, Callable[[torch.Tensor, float], torch.Tensor]] = {
    "non_saturating": lambda real, amount: (1 - amount) * real_loss(real) + amount * fake_loss(real),
    "saturating": lambda real, amount: (1 - amount) * real_loss(real) + amount * fake_loss(real),
    "least_squares": lambda real, amount: squared_distance(real, 1 - amount),
}


def gan_loss(name: str, label_smoothing: float = 0.0) -> GANLoss:
    """The GAN loss called `name`.

    label_smoothing: real images have the label "real" with one minus this probability (arXiv:1606.03498, section 3.4).
    Raises `ValueError` for an unknown name, and for smoothing where the loss has no labels.
    """
    if name not in GAN_LOSSES:
        raise ValueError(f"loss={name!r} is not known; use one of {', '.join(GAN_LOSSES)}")
    loss = GAN_LOSSES[name]()
    if not label_smoothing:
        return loss
    if name not in SMOOTHED:
        raise ValueError(
            f"label_smoothing={label_smoothing} cannot go with loss={name}, which has no labels; "
            f"use loss={' or '.join(SMOOTHED)}"
        )

    def discriminator(real: torch.Tensor, fake: torch.Tensor) -> Terms:
        return {**loss.discriminator(real, fake), "real": SMOOTHED[name](real, label_smoothing)}

    return loss._replace(discriminator=discriminator)
