"""Conditional VAE (arXiv:1406.5298): encoder and decoder are given the class, and the latents hold the style.

    hf-genimg train cvae
    hf-genimg train cvae data=MNIST

Rows of the grid of samples have one style, columns one class; `pipe.save_analogies` makes the same from images.
Cost: 5 minutes for 300,000 images of digits, beside much other work.
Reached: with batch_size=64 and learning_rate=0.0002, not the defaults, a negative evidence lower bound of 173.4 nats
on the held-out digits, of which 11.6 are the divergence; FID 18.3, precision 0.52, recall 0.68 (hf-genimg evaluate
runs/cvae --reference digits@test), and 62 percent of the samples are read as their class: rare styles of so few digits
still carry a class, and leave ones and sevens blurred.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..models.cvae import CVAE
from ..objectives.conditional import ConditionalVariational
from ._labels import MOST_ROWS, LabelledRecipe
from ._privacy import PrivateRecipe
from ._variational import VariationalRecipe


@dataclass(frozen=True, kw_only=True)
class CVAERecipe(LabelledRecipe, VariationalRecipe, PrivateRecipe):
    """Any image size, grey or colour."""

    images: int = 300_000
    width: int = 400  # of both hidden layers

    def check(self) -> None:
        super().check()
        self._require("conditional", self.conditional, "leaves nothing to condition on; use mlp_vae")

    def models(self) -> dict[str, nn.Module]:
        return {"autoencoder": CVAE(**self.sizes(), latent_dim=self.latent_dim, width=self.width)}

    def objective(self) -> ConditionalVariational:
        return ConditionalVariational(**self.variational())

    def save_samples(self, pipeline: Any, path: Path, num_images: int) -> None:
        """A row for each sample of the latents, a column for each class."""
        classes = min(pipeline.capabilities.num_classes, MOST_ROWS)
        rows = max(1, num_images // classes)
        latents = torch.cat(
            [pipeline.network.sample_latents(1, torch.Generator().manual_seed(seed)) for seed in range(rows)]
        )
        pipeline.save_analogies(path, latents=latents, classes=list(range(classes)), overwrite=True)
