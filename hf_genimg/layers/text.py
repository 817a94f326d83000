"""Words as a condition: a vocabulary, token ids, and a sentence vector that is learned with the network."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterable, Sequence

import torch
from torch import nn

LONGEST = 16  # words of a text that are read
WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
SHOWN = 3  # words in a message


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation."""
    return WORD.findall(text.lower())


def vocabulary_of(texts: Iterable[str]) -> list[str]:
    """Every word of the texts once, sorted."""
    return sorted({word for text in texts for word in words_of(text)})


class Tokenizer:
    """Turns texts into token ids: the place of each word in the vocabulary, counted from 1; 0 fills the rest.

    Args:
        vocabulary: the words that are known, in their order. Others are left out.
        length: words of a text that are read, T.
    """

    def __init__(self, vocabulary: Sequence[str], length: int = LONGEST) -> None:
        self.ids, self.length = {word: number for number, word in enumerate(vocabulary, start=1)}, length

    def __call__(self, texts: Iterable[str]) -> torch.Tensor:
        """int64 [N, T]."""
        rows = [[self.ids[word] for word in words_of(text) if word in self.ids][: self.length] for text in texts]
        return torch.tensor([row + [0] * (self.length - len(row)) for row in rows], dtype=torch.int64)

    def unknown(self, text: str) -> list[str]:
        """The words of a text that are not in the vocabulary."""
        return [word for word in words_of(text) if word not in self.ids]

    def check(self, prompts: Sequence[str]) -> None:
        """Warn of words that are not known; raise `ValueError` for a text of which none is, or which is too long."""
        for prompt in prompts:
            words, unknown = words_of(prompt), self.unknown(prompt)
            if len(words) > self.length:
                raise ValueError(f"prompt={prompt!r:.60} has {len(words)} words; give at most {self.length}")
            known = ", ".join(list(self.ids)[:: max(1, len(self.ids) // SHOWN)][:SHOWN])
            if len(unknown) == len(words):
                raise ValueError(
                    f"prompt={prompt!r:.60} has no word that this model knows; it knows {known} and others"
                )
            if unknown:
                named = ", ".join(unknown[:SHOWN])
                warnings.warn(f"this model does not know {named}, and ignores such words", UserWarning, stacklevel=3)


class TextEncoder(nn.Module):
    """Sentence vectors: the sum of the vectors of the words, divided by the root of their number, and two layers.

    The order of words plays no part, so that a combination that was never seen is read like those that were.
    """

    def __init__(self, num_words: int, text_dim: int) -> None:
        super().__init__()
        self.words = nn.Embedding(num_words + 1, text_dim, padding_idx=0)
        self.layers = nn.Sequential(nn.Linear(text_dim, text_dim), nn.LeakyReLU(0.2), nn.Linear(text_dim, text_dim))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """tokens: int64 [N, T]. Returns float [N, text_dim]."""
        count = (tokens > 0).sum(1, keepdim=True).clamp_min(1)
        return self.layers(self.words(tokens).sum(1) / count.sqrt())


def parts_of(caption: str) -> list[str]:
    """A caption, as often as it has shorter parts, and these: runs of neighbouring words, so that a word is also
    learned by itself.
    """
    words = words_of(caption)
    runs = [" ".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, len(words) + 1)]
    shorter = [run for run in runs if run != " ".join(words)]
    return [caption] * max(1, math.ceil(len(shorter))) + shorter
