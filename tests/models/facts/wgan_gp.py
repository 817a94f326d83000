"""E4: the parameters at 32x32 colour, the generator as wide as in E6."""

TINY = {"image_size": 32, "width": 2}
FACTS = [
    {"name": "WGANGPGenerator", "kind": "generator", "parameters": 4_276_739, "tiny": {**TINY, "latent_dim": 5}},
    {"name": "WGANGPDiscriminator", "kind": "discriminator", "parameters": 1_053_825, "tiny": TINY},
]
