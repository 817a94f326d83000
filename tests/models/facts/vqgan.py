"""E17d: sixteen pixels a token; encoder, decoder, the two 1x1 convolutions and 1,024 codes."""

FACTS = [
    {
        "name": "VQGAN",
        "kind": "token autoencoder",
        "parameters": 29_298_176 + 42_449_795 + 131_584 + 262_144,
        "tiny": {
            "image_size": 16,
            "latent_dim": 5,
            "width": 4,
            "multipliers": [1, 1, 2],
            "blocks": 1,
            "attention_sizes": [8],
            "latent_channels": 4,
            "codebook_size": 7,
            "groups": 2,
        },
    },
    {
        "name": "VQGANDiscriminator",
        "kind": "patch discriminator",
        "parameters": 2_765_633,
        "tiny": {"image_size": 16, "width": 4, "stages": 1},
    },
]
PUBLISHED = {
    "vqgan_paper": {
        "parameters": {"autoencoder": 72_141_699, "discriminator": 2_765_633},
        "length": (1, 16, 10_000_000),
    }
}
