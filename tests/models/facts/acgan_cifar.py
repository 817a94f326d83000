"""Table 2 of arXiv:1610.09585, counted: no biases where batch norm follows, and a linear layer to 384 maps of 4x4."""

from itertools import pairwise

WIDTHS = (16, 32, 64, 128, 256, 512)
GENERATOR = 111 * 384 * 16 + 25 * (384 * 192 + 192 * 96 + 96 * 3) + 2 * (192 + 96) + 3
DISCRIMINATOR = 28 * 16 + sum(9 * one * two + 2 * two for one, two in pairwise(WIDTHS)) + 11 * (512 * 16 + 1)
FACTS = [
    {
        "name": "ACGANCIFARGenerator",
        "kind": "generator",
        "parameters": GENERATOR,
        "tiny": {"image_size": 32, "width": 4, "num_classes": 3, "latent_dim": 5},
    },
    {
        "name": "ACGANCIFARDiscriminator",
        "kind": "discriminator",
        "parameters": DISCRIMINATOR,
        "tiny": {"image_size": 32, "width": 2, "auxiliary_outputs": 3},
    },
]
