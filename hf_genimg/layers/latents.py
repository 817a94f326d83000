"""The distributions of latents."""

from __future__ import annotations

import math
from typing import Any

import torch

LATENT_DISTRIBUTIONS = ("normal", "uniform", "truncated")
_TAIL = 0.5 * (1 - math.erf(2 / math.sqrt(2)))  # P(z < -2) of a standard normal z


def generator_for_each(
    generator: torch.Generator | list[torch.Generator] | None, num_images: int, device: torch.device
) -> list[dict[str, Any]]:
    """Of each image the `generator` and `device` that its random numbers are drawn with: its own where there is a list.

    device: where numbers are drawn without a generator.
    """
    sources = generator if isinstance(generator, list) else [generator] * num_images
    return [{"generator": each, "device": device if each is None else each.device} for each in sources]


def check_latent_distribution(distribution: str) -> None:
    """Raise `ValueError` for a distribution that `sample_latents` does not know."""
    if distribution not in LATENT_DISTRIBUTIONS:
        raise ValueError(
            f"latent_distribution={distribution!r} is not known; use one of {', '.join(LATENT_DISTRIBUTIONS)}"
        )


def sample_latents(
    distribution: str,
    shape: tuple[int, ...],
    *,
    generator: torch.Generator | None = None,
    device: torch.device | str = "cpu",
) -> torch.Tensor:
    """Draw latents: float32 of `shape`, on `device`.

    `normal`: N(0, 1). `uniform`: U(-1, 1), as in DCGAN (arXiv:1511.06434). `truncated`: N(0, 1) restricted to [-2, 2],
    as in BigGAN (arXiv:1809.11096), by inverting the distribution function, so that every latent costs one draw.
    `generator` must live on `device`.
    """
    check_latent_distribution(distribution)
    if distribution == "normal":
        return torch.randn(shape, generator=generator, device=device)
    uniform = torch.rand(shape, generator=generator, device=device)
    if distribution == "uniform":
        return 2 * uniform - 1
    probability = _TAIL + (1 - 2 * _TAIL) * uniform
    return (math.sqrt(2) * torch.erfinv(2 * probability - 1)).clamp(-2, 2)
