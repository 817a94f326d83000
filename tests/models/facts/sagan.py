"""E7: the parameters of the CIFAR-10 pair with its ten classes."""

TINY = {"image_size": 32, "num_classes": 3, "width": 4}
FACTS = [
    {"name": "SAGANGenerator", "kind": "generator", "parameters": 4_386_308, "tiny": {**TINY, "latent_dim": 5}},
    {"name": "SAGANDiscriminator", "kind": "discriminator", "parameters": 1_075_586, "tiny": TINY},
]
