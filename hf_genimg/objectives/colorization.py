"""Colorization: pix2pix on the colours of CIELAB alone (arXiv:1611.07004, section 4)."""

from __future__ import annotations

import torch

from ..losses.pixels import colourfulness, psnr
from .base import Batch, Networks, Terms
from .translation import Translation


class Colorization(Translation):
    """The losses of `Translation`, where inputs are L / 50 - 1 and images are a / 110 and b / 110.

    Arguments as of `Translation`; the L1 distance is of colours on [-1, 1].
    """

    def discriminator(self, networks: Networks, batch: Batch) -> Terms:
        """The halved terms on colours of `batch["images"]`, float [N, 3, H, W], and those predicted for
        `batch["inputs"]`, float [N, 1, H, W].
        """
        return super().discriminator(networks, self._in_lab(networks, batch))

    def generator(self, networks: Networks, batch: Batch) -> Terms:
        """The adversarial term on predicted colours, and their weighted distance to those of `batch["images"]`."""
        return super().generator(networks, self._in_lab(networks, batch))

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """PSNR of a and b on [-110, 110], in decibels, and colourfulness, both also of the input or of the target."""
        network, images = networks["generator"], batch["images"]
        made, real = network(batch["inputs"]).float(), network.colours(images)
        return {
            "psnr_of_colours": psnr(network.colours(made), real).mean(),
            "psnr_of_colours_of_grey": psnr(torch.zeros_like(real), real).mean(),
            "psnr": psnr(made, images).mean(),
            "psnr_of_grey": psnr(batch["inputs"].expand_as(images), images).mean(),
            "colourfulness": colourfulness(made).mean(),
            "colourfulness_of_targets": colourfulness(images).mean(),
        }

    def _in_lab(self, networks: Networks, batch: Batch) -> Batch:
        network = networks["generator"]
        return {
            **batch,
            "inputs": network.lightness(batch["inputs"]),
            "images": network.colours(batch["images"]),
        }

    def _translated(self, networks: Networks, batch: Batch) -> torch.Tensor:
        return networks["generator"].predict(batch["inputs"])

    def _logits(self, networks: Networks, batch: Batch, images: torch.Tensor) -> torch.Tensor:
        return networks["discriminator"].logits(batch["inputs"], images).float().flatten()
