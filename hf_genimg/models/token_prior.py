"""Transformer prior: a decoder that predicts each token of an image from those before it (arXiv:1711.00937, section
3.3; layers as in arXiv:2012.09841).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import register_to_config
from torch import nn

from ..layers.latents import generator_for_each
from ._network import Network, check_labels

Generator = torch.Generator | list[torch.Generator] | None
Cache = list[tuple[torch.Tensor, torch.Tensor]]  # keys and values of each block: float [N, heads, T, D]
STD = 0.02  # of the weights at the start


class TokenPrior(Network):
    """log p of tokens given a class, and samples of them. The first input is the class, or a start token.

    temperature, top_k, top_p: how `sample_latents` chooses, unless its arguments say otherwise; they do not touch the
    likelihood. Change them on a loaded model by `prior.register_to_config(temperature=0.9)`.
    """

    @register_to_config
    def __init__(
        self,
        tokens: int = 64,  # of an image
        codebook_size: int = 256,
        num_classes: int = 0,  # 0: unconditional
        width: int = 128,
        depth: int = 6,  # blocks
        heads: int = 4,
        dropout: float = 0.0,  # of the embedding and of what each block adds
        temperature: float = 1.0,  # of the softmax: below 1 more usual images, and less varied ones
        top_k: int | None = None,  # only the k most probable tokens; none: all
        top_p: float = 1.0,  # only the most probable tokens that have this probability together; 1: all
    ) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"width={width} must be a multiple of heads={heads}")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout={dropout} must be from 0 to below 1")
        check_sampling(temperature, top_k, top_p)
        vocabulary = codebook_size + max(1, num_classes)
        self.embedding = nn.Embedding(vocabulary, width)
        self.positions = nn.Parameter(torch.zeros(tokens, width))
        self.blocks = nn.ModuleList(_Block(width, heads, dropout) for _ in range(depth))
        self.drop = nn.Dropout(dropout)
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=STD)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)

    def logits(self, latents: torch.Tensor, class_labels: torch.Tensor | None = None) -> torch.Tensor:
        """latents: tokens, int64 [N, T]; class_labels: int64 [N], for a conditional prior. Returns logits of each token
        given those before it: float [N, T, codebook_size + max(1, num_classes)].
        """
        inputs = torch.cat([self._start(len(latents), class_labels)[:, None], latents[:, :-1]], 1)
        hidden = self.drop(self.embedding(inputs) + self.positions)
        for block in self.blocks:
            hidden = block(hidden)
        return self.head(self.norm(hidden))

    def forward(self, latents: torch.Tensor, class_labels: torch.Tensor | None = None) -> torch.Tensor:
        """Arguments as for `logits`. Returns log p of the tokens of each image: float [N], nats."""
        logits = self.logits(latents, class_labels).float().movedim(2, 1)
        return -F.cross_entropy(logits, latents, reduction="none").sum(1)

    @torch.no_grad()
    def sample_latents(
        self,
        num_images: int,
        generator: Generator = None,
        class_labels: torch.Tensor | None = None,
        *,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
    ) -> torch.Tensor:
        """Sample tokens, int64 [num_images, T], on this network's device; image i draws from its own generator where
        there is a list. temperature, top_k, top_p: instead of those of the config.
        """
        config = self.config
        choice = (temperature or config.temperature, top_k or config.top_k, top_p or config.top_p)
        check_sampling(*choice)
        sources = generator_for_each(generator, num_images, self.device)
        uniform = torch.stack([torch.rand(config.tokens, **source) for source in sources]).to(self.device)
        caches: list[Cache] = [[] for _ in self.blocks]
        token, chosen = self._start(num_images, class_labels), []
        for place in range(config.tokens):
            hidden = (self.embedding(token) + self.positions[place])[:, None]
            for block, cache in zip(self.blocks, caches, strict=True):
                hidden = block(hidden, cache)
            logits = self.head(self.norm(hidden))[:, 0, : config.codebook_size]
            token = choose(logits.float(), uniform[:, place], *choice)
            chosen.append(token)
        return torch.stack(chosen, 1)

    def _start(self, count: int, class_labels: torch.Tensor | None) -> torch.Tensor:
        """The first input of each image: int64 [N]."""
        check_labels(self.config.num_classes, class_labels)
        first = torch.full((count,), self.config.codebook_size, device=self.device)
        return first if class_labels is None else first + class_labels


class _Block(nn.Module):
    """Layer norm, causal self-attention, added; layer norm, two linear layers with a GELU between, added."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.drop = heads, nn.Dropout(dropout)
        self.attention_norm, self.norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.to_query_key_value, self.to_output = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, hidden: torch.Tensor, cache: Cache | None = None) -> torch.Tensor:
        """hidden: float [N, T, width] of all positions; with a cache, [N, 1, width] of the next one after those in
        it, which it is added to.
        """
        mixed = self.to_query_key_value(self.attention_norm(hidden)).unflatten(2, (3, self.heads, -1))
        query, key, value = mixed.permute(2, 0, 3, 1, 4)
        if cache:
            before = cache.pop()
            key, value = torch.cat([before[0], key], 2), torch.cat([before[1], value], 2)
        if cache is not None:
            cache.append((key, value))
        attended = F.scaled_dot_product_attention(query, key, value, is_causal=cache is None)
        hidden = hidden + self.drop(self.to_output(attended.transpose(1, 2).flatten(2)))
        return hidden + self.drop(self.mlp(self.norm(hidden)))


def check_sampling(temperature: float, top_k: int | None, top_p: float) -> None:
    """Raise `ValueError` for settings that choose no token."""
    if not (temperature > 0 and math.isfinite(temperature)):
        raise ValueError(f"temperature={temperature} must be above 0")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k={top_k} must be at least 1, or none for all")
    if not 0 < top_p <= 1:
        raise ValueError(f"top_p={top_p} must be above 0 and at most 1")


def choose(
    logits: torch.Tensor, uniform: torch.Tensor, temperature: float, top_k: int | None, top_p: float
) -> torch.Tensor:
    """One token for each row of logits, float [N, K], from uniform numbers, float [N] in [0, 1): int64 [N].

    top_k keeps the k most probable tokens, then top_p the smallest set of the most probable ones with at least this
    probability (arXiv:1904.09751, section 3.1).
    """
    probabilities = (logits / temperature).softmax(1)
    if top_k is not None or top_p < 1:
        largest, tokens = probabilities.sort(dim=1, descending=True, stable=True)
        if top_k is not None:
            largest[:, top_k:] = 0
        largest = largest / largest.sum(1, keepdim=True)
        largest[largest.cumsum(1) - largest >= top_p] = 0
        probabilities = torch.zeros_like(probabilities).scatter(1, tokens, largest)
    # By token, not by probability, whose order rounding could change: a seed names the same tokens in any batch.
    cumulative = probabilities.double().cumsum(1)
    places = (cumulative <= uniform[:, None] * cumulative[:, -1:]).sum(1)
    last = probabilities.shape[1] - 1 - (probabilities > 0).flip(1).to(torch.uint8).argmax(1)
    return torch.minimum(places, last)
