"""E9b: the published networks at 1024 pixels, all layers to and from images included."""

TINY = {"image_size": 16, "width": 4, "capacity": 64}
FACTS = [
    {"name": "ProGANGenerator", "kind": "generator", "parameters": 23_079_115, "tiny": {**TINY, "latent_dim": 5}},
    {"name": "ProGANDiscriminator", "kind": "discriminator", "parameters": 23_087_249, "tiny": TINY},
]
PUBLISHED = {
    "progan_paper": {
        "parameters": {"generator": 23_079_115, "discriminator": 23_087_249},
        "length": (1, 16, 19_000_000),
    },
}
