"""E1: the parameters of the fully connected pair at 28x28 grey."""

FACTS = [
    {
        "name": "MLPGANGenerator",
        "kind": "generator",
        "parameters": 1_510_032,
        "tiny": {"image_size": 12, "latent_dim": 5, "width": 8},
    },
    {
        "name": "MLPGANDiscriminator",
        "kind": "discriminator",
        "parameters": 533_505,
        "tiny": {"image_size": 12, "width": 8},
    },
]
