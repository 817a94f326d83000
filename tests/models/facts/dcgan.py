"""E2: the parameters of the 4x4-kernel pair at 64x64 colour."""

FACTS = [
    {
        "name": "DCGANGenerator",
        "kind": "generator",
        "parameters": 3_576_704,
        "tiny": {"image_size": 16, "latent_dim": 5, "width": 4},
    },
    {
        "name": "DCGANDiscriminator",
        "kind": "discriminator",
        "parameters": 2_765_568,
        "tiny": {"image_size": 16, "width": 4},
    },
]
