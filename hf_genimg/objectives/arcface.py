"""ArcFace: cross-entropy with a margin on the angle to the right identity (arXiv:1801.07698, eq. 3)."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

from .base import Batch, Networks, Objective, Terms


class ArcFace(Objective):
    """Cross-entropy of scale cos(angle + margin) for the right identity and scale cos(angle) for the others.

    Where the angle and the margin are together above 180 degrees, the cosine is lowered by sin(margin) times margin
    instead, as in the authors' code. The network `classifier` has `features`, `cosines` and `config.scale`.

    margin: radians; 0.5 in the paper. augment: applied to the images of each training batch.
    """

    players = ("classifier",)

    def __init__(self, margin: float = 0.5, augment: Callable[[torch.Tensor], torch.Tensor] | None = None) -> None:
        super().__init__()
        if not 0 <= margin < torch.pi / 2:
            raise ValueError(f"margin={margin} must be at least 0 and below {torch.pi / 2:.2f} radians")
        self.margin, self.augment = margin, augment or (lambda images: images)

    def classifier(self, networks: Networks, batch: Batch) -> Terms:
        """The term on `batch["images"]`, float [N, C, H, W] in [-1, 1], and `batch["labels"]`, int64 [N]."""
        network = networks["classifier"]
        cosines = network.cosines(network.features(self.augment(batch["images"]))).float()
        logits = network.config.scale * self.with_margin(cosines, batch["labels"])
        return {"arcface": F.cross_entropy(logits, batch["labels"])}

    def with_margin(self, cosines: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """cosines: float [N, K]; labels: int64 [N]. Returns cosines with the margin at the labels."""
        right = cosines.gather(1, labels[:, None]).clamp(-1 + 1e-6, 1 - 1e-6)
        margin = torch.tensor(self.margin, device=cosines.device)
        moved = right * margin.cos() - (1 - right.square()).sqrt() * margin.sin()
        moved = torch.where(right > -margin.cos(), moved, right - margin * margin.sin())
        return cosines.scatter(1, labels[:, None], moved)

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """The share of images whose identity is nearest by its learned vector."""
        logits = networks["classifier"](batch["images"]).float()
        return {"accuracy": (logits.argmax(1) == batch["labels"]).float().mean()}
