"""E29, DF-GAN at 64 pixels with nf 32: the published counts, and our text encoder. The published discriminator counts
one 1x1 shortcut of 256 channels that it never uses.
"""

TEXT_ENCODER = 256 + 2 * (256 * 256 + 256)  # no words but the one that stands for none
FACTS = [
    {
        "name": "TextGANGenerator",
        "kind": "generator",
        "parameters": 4_868_867 + TEXT_ENCODER,
        "tiny": {
            "image_size": 16,
            "latent_dim": 5,
            "text_dim": 6,
            "width": 2,
            "vocabulary": ["a", "dragon"],
            "examples": ["a dragon"],
        },
    },
    {
        "name": "TextGANDiscriminator",
        "kind": "discriminator",
        "parameters": 3_210_820 + 295_936 - (256 * 256 + 256) + TEXT_ENCODER,
        "tiny": {"image_size": 16, "text_dim": 6, "width": 2, "vocabulary": ["a", "dragon"]},
    },
]
