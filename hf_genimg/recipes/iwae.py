"""IWAE (arXiv:1509.00519): several weighted samples of the posterior make a tighter bound of the likelihood.

    hf-genimg train iwae
    hf-genimg train iwae data=MNIST binarize=true depth=2 width=200 latent_dim=50 activation=tanh samples=50 \
        backward_samples=5

The second is the network with one stochastic layer of the paper (benchmarks/likelihood.py measures it).
Cost: 66 s of CPU time for 300,000 images of digits.
Reached: on the test images of digits, grey levels as probabilities, a negative log likelihood of 171.5 nats per image
by 500 importance samples, where the negative evidence lower bound is 174.6. FID 14, precision 0.50, recall 0.84
(hf-genimg evaluate runs/iwae --reference digits@test).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from torch import nn

from ..models.mlp_vae import MLPVAE
from ..objectives.importance import ImportanceWeighted
from ._variational import VariationalRecipe


@dataclass(frozen=True, kw_only=True)
class IWAE(VariationalRecipe):
    """Any image size, grey or colour."""

    images: int = 300_000
    width: int = 400  # hidden units of a layer
    depth: int = 1  # hidden layers of the encoder, and of the decoder
    activation: str = "relu"  # or tanh
    samples: int = 5  # of the posterior, for each image
    backward_samples: int | None = None  # that carry the gradient, resampled by weight: cheaper, noisier; none: all
    held_out_samples: int = 500  # for the likelihood of held-out images; the literature has 5000

    def check(self) -> None:
        super().check()
        for name in ("samples", "held_out_samples"):
            self._require(name, getattr(self, name) > 0, "must be above 0")

    def models(self) -> dict[str, nn.Module]:
        names = ("image_size", "image_channels", "latent_dim", "width", "depth", "activation")
        return {"autoencoder": MLPVAE(**{name: getattr(self, name) for name in names})}

    def objective(self) -> ImportanceWeighted:
        return ImportanceWeighted(self.samples, self.held_out_samples, self.backward_samples, **self.variational())

    def smoke(self) -> Self:
        return replace(super().smoke(), held_out_samples=2)
