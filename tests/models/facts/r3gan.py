"""E12: the parameters of the CIFAR-10 pair with its ten classes."""

TINY = {"image_size": 8, "num_classes": 3, "width": 8}
FACTS = [
    {"name": "R3GANGenerator", "kind": "generator", "parameters": 20_781_952, "tiny": {**TINY, "latent_dim": 5}},
    {"name": "R3GANDiscriminator", "kind": "discriminator", "parameters": 21_280_512, "tiny": TINY},
]
