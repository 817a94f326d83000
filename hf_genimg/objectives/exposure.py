"""Brightening without references (Zero-DCE, arXiv:2001.06826, eq. 9)."""

from __future__ import annotations

import torch.nn.functional as F

from ..losses.exposure import colour_constancy, exposure, spatial_consistency, total_variation
from ..losses.pixels import psnr
from .base import Batch, Networks, Objective, Terms


class ZeroReference(Objective):
    """Well-exposed patches, contrast as it was, grey on average, smooth curves: of `batch["inputs"]` alone.

    The generator has `curves` and `brightened`. level: mean that patches are brought to, in [0, 1].
    """

    players = ("generator",)

    def __init__(
        self,
        level: float = 0.6,
        exposure_weight: float = 10.0,
        colour_weight: float = 5.0,
        smoothness_weight: float = 200.0,
    ) -> None:
        super().__init__()
        self.level, self.exposure_weight = level, exposure_weight
        self.colour_weight, self.smoothness_weight = colour_weight, smoothness_weight

    def generator(self, networks: Networks, batch: Batch) -> Terms:
        """The weighted terms on `batch["inputs"]`, float [N, C, H, W] in [-1, 1]."""
        inputs, network = batch["inputs"], networks["generator"]
        curves = network.curves(inputs)
        images = network.brightened(inputs, curves) * 0.5 + 0.5
        return {
            "spatial": spatial_consistency(images, inputs * 0.5 + 0.5),
            "exposure": self.exposure_weight * exposure(images, self.level),
            "colour": self.colour_weight * colour_constancy(images),
            "smoothness": self.smoothness_weight * total_variation(curves.float()),
        }

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """L1 and PSNR, in decibels, to the targets, which training never sees, and those of the inputs."""
        inputs, images = batch["inputs"], batch["images"]
        made = networks["generator"](inputs).float()
        ours = {"l1": F.l1_loss(made, images), "psnr": psnr(made, images).mean()}
        return {**ours, "l1_of_inputs": F.l1_loss(inputs, images), "psnr_of_inputs": psnr(inputs, images).mean()}
