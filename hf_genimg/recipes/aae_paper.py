"""The semi-supervised adversarial autoencoder of the paper (arXiv:1511.05644, section 5 and appendix A.2) on MNIST.

    hf-genimg train aae_paper data=MNIST

With Adam, whose learning rates are those of a working implementation; the paper has stochastic gradient descent, 5,000
epochs and no shifted images.
Cost: not run here; 500 epochs are 30 million images.
Reached: not run here; the paper has a test error of 1.60 percent with 1,000 labels.
"""

from __future__ import annotations

from dataclasses import dataclass

from ._aae import AdversarialAutoencoderRecipe


@dataclass(frozen=True, kw_only=True)
class AAEPaper(AdversarialAutoencoderRecipe):
    """Any image size, grey or colour."""

    conditional: bool = True
    labels: int | None = 1_000
    augment: bool = False
    joint_prior: bool = False
    images: int = 30_000_000
    learning_rate: float = 6e-4
    adversarial_learning_rate: float = 8e-4
    schedule: str = "constant"
    latent_dim: int = 10
    network: str = "mlp"
    width: int = 1000
    discriminator_width: int = 1000
