"""One player: a classifier that learns the labels of images by cross-entropy."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

Terms = dict[str, torch.Tensor]


class Classification(nn.Module):
    """Cross-entropy in float32, nats per image.

    label_smoothing: the part of a label that is spread over all classes (arXiv:1512.00567, section 7).
    augment: changes the images of each batch before they are learned from; never those that are held out.
    """

    players = ("classifier",)
    kept: frozenset[str] = frozenset()

    def __init__(
        self, label_smoothing: float = 0.0, augment: Callable[[torch.Tensor], torch.Tensor] | None = None
    ) -> None:
        super().__init__()
        if not 0 <= label_smoothing < 1:
            raise ValueError(f"label_smoothing={label_smoothing} must be at least 0 and below 1")
        self.label_smoothing = label_smoothing
        self.augment = augment or (lambda images: images)

    def begin(self, turn: int, single: bool) -> None:
        """Nothing is carried from turn to turn."""

    def classifier(self, networks: dict[str, nn.Module], batch: dict[str, torch.Tensor]) -> Terms:
        """The term on `batch["images"]`, float [N, C, H, W] in [-1, 1], and `batch["labels"]`, int64 [N]."""
        logits = networks["classifier"](self.augment(batch["images"])).float()
        return {"cross_entropy": F.cross_entropy(logits, batch["labels"], label_smoothing=self.label_smoothing)}

    def update(self, player: str, networks: dict[str, nn.Module]) -> None:
        """Nothing here moves without a gradient."""

    def held_out(self, networks: dict[str, nn.Module], batch: dict[str, torch.Tensor]) -> Terms:
        """The cross-entropy without smoothing, and the share of labels that are right."""
        logits = networks["classifier"](batch["images"]).float()
        right = (logits.argmax(1) == batch["labels"]).float().mean()
        return {"cross_entropy": F.cross_entropy(logits, batch["labels"]), "accuracy": right}
