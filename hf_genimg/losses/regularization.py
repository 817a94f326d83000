"""Regularization terms of GANs, as scalars to minimize. Logits are float [N]."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F

Discriminator = Callable[[torch.Tensor], torch.Tensor]


def gradient_norms(discriminator: Discriminator, images: torch.Tensor) -> torch.Tensor:
    """The norm of the gradient of each logit with respect to its image, in float32 whatever the precision of the run.

    images: float [N, C, H, W]. Returns float [N], differentiable in the discriminator's weights.
    """
    with torch.autocast(images.device.type, enabled=False):
        double = images.dtype == torch.float64
        points = (images.detach() if double else images.detach().float()).requires_grad_(True)
        (gradient,) = torch.autograd.grad(discriminator(points).sum(), points, create_graph=True)
        return gradient.flatten(1).norm(dim=1)


def zero_centered(discriminator: Discriminator, images: torch.Tensor) -> torch.Tensor:
    """E[|grad D|^2] / 2 at `images`: R1 on real ones, R2 on fake ones (arXiv:1801.04406, eq. 9)."""
    return 0.5 * gradient_norms(discriminator, images).square().mean()


def one_centered(discriminator: Discriminator, images: torch.Tensor, *, one_sided: bool = False) -> torch.Tensor:
    """E[(|grad D| - 1)^2] at `images` (arXiv:1704.00028, eq. 3); one-sided: norms below 1 cost nothing."""
    excess = gradient_norms(discriminator, images) - 1
    return (F.relu(excess) if one_sided else excess).square().mean()


def between(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """A uniformly random point on the line from each real image to a fake one (arXiv:1704.00028, algorithm 1)."""
    return torch.lerp(real.float(), fake.float(), torch.rand(len(real), 1, 1, 1, device=real.device))


def around(real: torch.Tensor) -> torch.Tensor:
    """A random point near each real image: noise of up to half the batch's standard deviation (DRAGAN,
    arXiv:1705.07215, section 2.3).
    """
    real = real.float()
    return real + 0.5 * real.std() * torch.rand_like(real)


def lecam(
    real_logits: torch.Tensor, fake_logits: torch.Tensor, real_anchor: torch.Tensor, fake_anchor: torch.Tensor
) -> torch.Tensor:
    """E[(D(x) - a_fake)^2] + E[(D(G(z)) - a_real)^2]; anchors are running means (arXiv:2104.03310, eq. 4)."""
    return (real_logits - fake_anchor).square().mean() + (fake_logits - real_anchor).square().mean()


def consistency(logits: torch.Tensor, augmented_logits: torch.Tensor) -> torch.Tensor:
    """E[(D(x) - D(T(x)))^2] of images and their augmentations (arXiv:1910.12027, eq. 3)."""
    return (logits - augmented_logits).square().mean()


def orthogonality(weights: Iterable[torch.Tensor]) -> torch.Tensor:
    """The sum over weights of |W W^T * (1 - I)|^2, a row of W for each first index (arXiv:1809.11096, eq. 3)."""
    total: torch.Tensor | float = 0.0
    for weight in weights:
        rows = weight.flatten(1)
        products = rows @ rows.T
        total = total + products.square().sum() - products.diagonal().square().sum()
    return total
