"""E11: FastGAN for 256 pixels."""

FACTS = [
    {
        "name": "FastGANGenerator",
        "kind": "generator",
        "parameters": 29_127_846,
        "tiny": {"image_size": 16, "latent_dim": 5, "width": 4},
    },
    {
        "name": "FastGANDiscriminator",
        "kind": "patch discriminator",
        "parameters": 11_526_160,
        "tiny": {"image_size": 16, "width": 4},
    },
]
PUBLISHED = {
    "fastgan_paper": {
        "parameters": {"generator": 29_127_846, "discriminator": 11_526_160},
        "length": (1, 8, 50_000 * 8),
    }
}
