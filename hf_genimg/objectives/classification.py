"""Classification objective: a classifier learns the labels of images by cross-entropy."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

from .base import Batch, Networks, Objective, Terms


class Classification(Objective):
    """Cross-entropy of the network `classifier` in float32, nats per image.

    label_smoothing: the part of a label that is spread over all classes (arXiv:1512.00567, section 7).
    augment: applied to the images of each training batch, float [N, C, H, W] to the same; never to held-out images.
    """

    players = ("classifier",)

    def __init__(
        self, label_smoothing: float = 0.0, augment: Callable[[torch.Tensor], torch.Tensor] | None = None
    ) -> None:
        super().__init__()
        if not 0 <= label_smoothing < 1:
            raise ValueError(f"label_smoothing={label_smoothing} must be at least 0 and below 1")
        self.label_smoothing = label_smoothing
        self.augment = augment or (lambda images: images)

    def classifier(self, networks: Networks, batch: Batch) -> Terms:
        """The term on `batch["images"]`, float [N, C, H, W] in [-1, 1], and `batch["labels"]`, int64 [N]."""
        logits = networks["classifier"](self.augment(batch["images"])).float()
        return {"cross_entropy": F.cross_entropy(logits, batch["labels"], label_smoothing=self.label_smoothing)}

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """The cross-entropy without smoothing, and the accuracy."""
        logits = networks["classifier"](batch["images"]).float()
        accuracy = (logits.argmax(1) == batch["labels"]).float().mean()
        return {"cross_entropy": F.cross_entropy(logits, batch["labels"]), "accuracy": accuracy}
