"""Penalties on the slope of a discriminator, as scalars, in float32 whatever the precision of the run."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

Discriminator = Callable[[torch.Tensor], torch.Tensor]


def slopes(discriminator: Discriminator, images: torch.Tensor) -> torch.Tensor:
    """The norm of the gradient of each image's logit: images float [N, C, H, W] to float [N], differentiable in the
    discriminator.
    """
    with torch.autocast(images.device.type, enabled=False):
        points = (
            images.detach().float().requires_grad_(True)
            if images.dtype != torch.float64
            else images.detach().requires_grad_(True)
        )
        (gradient,) = torch.autograd.grad(discriminator(points).sum(), points, create_graph=True)
        return gradient.flatten(1).norm(dim=1)


def zero_centred(discriminator: Discriminator, images: torch.Tensor) -> torch.Tensor:
    """E[|grad D|^2] / 2 at `images`: R1 on real ones, R2 on fake ones (arXiv:1801.04406, eq. 9)."""
    return 0.5 * slopes(discriminator, images).square().mean()


def one_centred(discriminator: Discriminator, images: torch.Tensor, *, one_sided: bool = False) -> torch.Tensor:
    """E[(|grad D| - 1)^2] at `images` (arXiv:1704.00028, eq. 3); one-sided: slopes below 1 cost nothing."""
    excess = slopes(discriminator, images) - 1
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
