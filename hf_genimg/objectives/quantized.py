"""VQ-VAE objective: reconstruction, and encoder and codebook approaching each other (arXiv:1711.00937, eq. 3)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .base import Batch, Networks, Objective, Step, Terms


class Candidates(nn.Module):
    """Vectors of the whole batch, drawn at random for each code, the same for any number of micro-batches and
    processes. gathered: float [K, D].
    """

    def __init__(self, size: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("gathered", torch.zeros(size, dim), persistent=False)

    @torch.no_grad()
    def offer(self, vectors: torch.Tensor, step: Step) -> None:
        """Take those that were drawn from this micro-batch: float [n, D, H, W]."""
        flat = vectors.detach().float().movedim(1, 3).flatten(0, 2)
        positions = len(flat) // len(vectors)
        source = torch.Generator().manual_seed(step.images)
        places = torch.randint(step.batch_size * positions, (len(self.gathered),), generator=source).to(flat.device)
        places = places - step.offset * positions
        inside = (places >= 0) & (places < len(flat))
        self.gathered += flat[places.clamp(0, len(flat) - 1)] * inside[:, None]


class VectorQuantized(Objective):
    """Mean squared error over the variance of the data, plus `commitment` times the squared distance of the encoder's
    vectors to their codes; codes that move by the loss approach the vectors likewise, with weight 1.

    size, dim: of the quantizer. variance: of the data's pixels on [-1, 1]. restart_below: codes that are assigned less
    than this share of the mean move to random vectors of the batch; 0: none.
    """

    players = ("autoencoder",)

    def __init__(
        self, size: int, dim: int, commitment: float = 0.25, variance: float = 1.0, restart_below: float = 0.0
    ) -> None:
        super().__init__()
        if commitment < 0 or variance <= 0 or not 0 <= restart_below < 1:
            raise ValueError(
                f"commitment={commitment} must be at least 0, data_variance={variance} above 0, and "
                f"restart_below={restart_below} from 0 to below 1"
            )
        self.commitment, self.variance, self.restart_below = commitment, variance, restart_below
        self.candidates = Candidates(size, dim) if restart_below else None

    def autoencoder(self, networks: Networks, batch: Batch) -> Terms:
        made, terms = self.reconstructed(networks, batch["images"])
        return {"reconstruction": F.mse_loss(made, batch["images"]) / self.variance, **terms}

    def reconstructed(self, networks: Networks, images: torch.Tensor) -> tuple[torch.Tensor, Terms]:
        """Reconstructions with straight-through gradients, float32 [N, C, H, W], and the terms of the codebook."""
        autoencoder = networks["autoencoder"]
        vectors = autoencoder.vectors(images)
        code = autoencoder.codebook(vectors)
        terms: Terms = {}
        if autoencoder.codebook.learned:
            terms["commitment"] = self.commitment * F.mse_loss(vectors.float(), code.nearest.detach())
        if autoencoder.codebook.update == "loss":
            terms["codebook"] = F.mse_loss(code.nearest, vectors.detach().float())
        if self.candidates is not None:
            self.candidates.offer(vectors, self.step)
        return autoencoder.pixels(code.vectors).float(), terms

    def update(self, player: str, networks: Networks) -> None:
        if player == "autoencoder" and self.candidates is not None:
            networks["autoencoder"].codebook.restart(self.candidates.gathered, self.restart_below)

    def measured(self, networks: Networks) -> dict[str, float]:
        """The perplexity of the codes, a moving average: how many are in use."""
        return {"codebook/perplexity": networks["autoencoder"].codebook.usage.perplexity.item()}

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """The mean squared error of a pixel on [-1, 1], and the perplexity of the codebook in training."""
        autoencoder, images = networks["autoencoder"], batch["images"]
        error = F.mse_loss(autoencoder(images).float(), images)
        return {"mse": error, "codebook_perplexity": autoencoder.codebook.usage.perplexity}
