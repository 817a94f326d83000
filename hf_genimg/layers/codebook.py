"""From vectors to tokens and back: a learned codebook (arXiv:1711.00937) and finite scalar quantization
(arXiv:2309.15505).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

DECAY = 0.99  # of the moving averages, for each update
LAPLACE = 1e-5  # is added to the count of each code, so that none is 0
LEARNED = ("ema", "loss")  # how the vectors of a codebook move


class Code(NamedTuple):
    """What a quantizer makes of vectors.

    vectors: float32 [N, D, H, W], the quantized ones, with the gradients of those that came in (straight-through).
    nearest: the same values, with gradients to the codebook where it has any. tokens: int64 [N, H, W].
    """

    vectors: torch.Tensor
    nearest: torch.Tensor
    tokens: torch.Tensor


@dataclass(frozen=True)
class Tokens:
    """The posterior of an encoder whose latents are tokens: mean is int64 [N, T]."""

    mean: torch.Tensor


class Usage(nn.Module):
    """How often each of K codes was assigned, as a moving average over updates whose start is corrected for."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("counts", torch.zeros(size))
        self.register_buffer("seen", torch.zeros(()))  # 1 - decay^t after t updates
        self.register_buffer("gathered", torch.zeros(size), persistent=False)

    @property
    def per_update(self) -> torch.Tensor:
        """Assignments of each code in an update: float [K]."""
        return self.counts / self.seen.clamp(min=1e-9)

    @property
    def frequencies(self) -> torch.Tensor:
        """The share of each code: float [K], with sum 1; all equal before the first update."""
        if self.counts.is_meta:  # a network without weights still says of what kind its latents are
            return torch.full(self.counts.shape, 1 / len(self.counts), device="cpu")
        smooth = self.per_update.float() + LAPLACE
        return smooth / smooth.sum()

    @property
    def perplexity(self) -> torch.Tensor:
        """exp of the entropy of the frequencies, from 1 to K: how many codes are in use."""
        return perplexity(self.frequencies)

    def add(self, tokens: torch.Tensor) -> None:
        """Count tokens, int64 of any shape, for the update at hand."""
        self.gathered += torch.bincount(tokens.flatten(), minlength=len(self.counts)).to(self.gathered)

    @torch.no_grad()
    def move(self) -> None:
        """Take in what was counted."""
        self.counts.lerp_(self.gathered, 1 - DECAY)
        self.seen.lerp_(torch.ones_like(self.seen), 1 - DECAY)


def perplexity(frequencies: torch.Tensor) -> torch.Tensor:
    """exp(-sum p log p) of frequencies, float [K] with sum 1: a scalar."""
    return torch.special.entr(frequencies).sum().exp()


class Codebook(nn.Module):
    """K vectors of D dimensions; each vector that comes in is replaced by the nearest.

    update: `ema` moves each code once per update to the moving average of the vectors that were assigned to it
    (arXiv:1711.00937, appendix A.1; averages are corrected for their start, and counts are smoothed, as in the authors'
    library); `loss` makes the codes parameters.
    """

    def __init__(self, size: int, dim: int, update: str = "ema") -> None:
        super().__init__()
        self.size, self.dim, self.update, self.learned = size, dim, update, True
        bound = math.sqrt(3 / dim)  # of a uniform distribution with a variance of 1 / D
        vectors = torch.empty(size, dim).uniform_(-bound, bound)
        self.usage = Usage(size)
        if update == "loss":
            self.vectors = nn.Parameter(vectors)
        else:
            self.register_buffer("vectors", vectors)
            self.register_buffer("sums", torch.zeros(size, dim))
            self.register_buffer("gathered", torch.zeros(size, dim), persistent=False)

    def forward(self, vectors: torch.Tensor) -> Code:
        """vectors: float [N, D, H, W]."""
        with torch.autocast(vectors.device.type, enabled=False):
            flat = vectors.float().movedim(1, 3).flatten(0, 2)
            codes = self.vectors.float()
            tokens = (flat @ codes.T - 0.5 * codes.square().sum(1)).argmax(1)
            if self.training:
                self.usage.add(tokens)
                if self.update == "ema":
                    self.gathered.index_add_(0, tokens, flat.detach())
            tokens = tokens.view(len(vectors), *vectors.shape[2:])
            nearest = self.lookup(tokens).float()
            return Code(vectors + (nearest - vectors).detach(), nearest, tokens)

    def lookup(self, tokens: torch.Tensor) -> torch.Tensor:
        """tokens: int64 [N, H, W]. Returns their vectors: float [N, D, H, W]."""
        return F.embedding(tokens, self.vectors).movedim(3, 1)

    @torch.no_grad()
    def after_update(self) -> None:
        self.usage.move()
        if self.update == "ema":
            self.sums.lerp_(self.gathered, 1 - DECAY)
            counts = self.usage.per_update
            total = counts.sum()
            smooth = (counts + LAPLACE) / (total + self.size * LAPLACE) * total
            self.vectors.copy_(self.sums / self.usage.seen / smooth[:, None])

    @torch.no_grad()
    def restart(self, candidates: torch.Tensor, below: float) -> None:
        """Put a candidate, float [K, D], in place of each code that is assigned less than `below` times the mean."""
        counts = self.usage.per_update
        dead = counts < below * counts.mean()
        self.vectors.copy_(torch.where(dead[:, None], candidates, self.vectors))
        restored = counts.mean() * self.usage.seen  # as many as the mean, so that it has time to find vectors
        self.usage.counts.copy_(torch.where(dead, restored, self.usage.counts))
        if self.update == "ema":
            self.sums.copy_(torch.where(dead[:, None], candidates * restored, self.sums))


class FiniteScalars(nn.Module):
    """Each dimension is bounded and rounded to one of its levels: a codebook without parameters (arXiv:2309.15505,
    section 3.1).
    """

    update, learned = "fixed", False

    def __init__(self, levels: tuple[int, ...]) -> None:
        super().__init__()
        self.levels, self.size, self.dim = levels, math.prod(levels), len(levels)
        steps = [math.prod(levels[:place]) for place in range(len(levels))]
        self.register_buffer("counts", torch.tensor(levels), persistent=False)
        self.register_buffer("steps", torch.tensor(steps), persistent=False)
        self.usage = Usage(self.size)

    def forward(self, vectors: torch.Tensor) -> Code:
        """vectors: float [N, D, H, W], one dimension for each number of levels."""
        with torch.autocast(vectors.device.type, enabled=False):
            half = (self.counts - 1) * (1 + 1e-3) / 2
            offset = torch.where(self.counts % 2 == 0, 0.5, 0.0)
            shift = (offset / half).atanh()
            bounded = (vectors.float().movedim(1, 3) + shift).tanh() * half - offset
            whole = bounded.round()
            tokens = ((whole + self.counts // 2).long() * self.steps).sum(3)
            if self.training:
                self.usage.add(tokens)
            rounded = (bounded + (whole - bounded).detach()) / (self.counts // 2)
            made = rounded.movedim(3, 1)
            return Code(made, made, tokens)

    def lookup(self, tokens: torch.Tensor) -> torch.Tensor:
        """tokens: int64 [N, H, W]. Returns their vectors: float [N, D, H, W], from -1 to 1."""
        half = self.counts // 2
        places = tokens[..., None] // self.steps % self.counts
        return ((places - half) / half).movedim(3, 1)

    def after_update(self) -> None:
        self.usage.move()


def make_quantizer(quantizer: str, size: int, dim: int) -> Codebook | FiniteScalars:
    """A codebook of `size` vectors of `dim` dimensions for `ema` and `loss`; for levels, as in `8,6,5`, finite scalar
    quantization, whose size and dimensions they are.

    Raises `ValueError` for anything else.
    """
    if quantizer in LEARNED:
        if size < 2 or dim < 1:
            raise ValueError(f"codebook_size={size} must be at least 2, and latent_dim={dim} at least 1")
        return Codebook(size, dim, quantizer)
    return FiniteScalars(levels_of(quantizer))


def levels_of(quantizer: str) -> tuple[int, ...]:
    """The levels that a text such as `8,6,5` names; `ValueError` for another text."""
    parts = [part.strip() for part in quantizer.split(",")]
    if not all(part.isdecimal() and 3 <= int(part) <= 64 for part in parts) or math.prod(map(int, parts)) > 2**16:
        raise ValueError(
            f"quantizer={quantizer!r} is not known; use {' or '.join(LEARNED)} for a codebook, or levels from 3 to 64, "
            "at most 65,536 together, as in 8,6,5, for finite scalar quantization"
        )
    return tuple(map(int, parts))


def draw_tokens(frequencies: torch.Tensor, shape: tuple[int, int], generator: torch.Generator | None) -> torch.Tensor:
    """Independent tokens, int64 of `shape`, each as often as its frequency, float [K]; on the generator's device where
    one is given.
    """
    frequencies = frequencies if generator is None else frequencies.to(generator.device)
    drawn = torch.multinomial(frequencies, math.prod(shape), replacement=True, generator=generator)
    return drawn.view(shape)
