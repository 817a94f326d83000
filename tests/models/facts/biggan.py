"""E8: the parameters of the CIFAR-10 pair with its ten classes, and of the deep pair for ImageNet at 128 pixels.

The published deep generator (50.4 million) makes as many maps as it is wide and drops all but three; here it makes
three.
"""

TINY = {"image_size": 32, "num_classes": 3, "width": 4}
LATENTS = {"latent_dim": 5, "class_dim": 4, "standing_batches": 2}
DROPPED = (128 - 3) * (128 * 9 + 1)
FACTS = [
    {"name": "BigGANGenerator", "kind": "generator", "parameters": 9_416_196, "tiny": {**TINY, **LATENTS}},
    {"name": "BigGANDiscriminator", "kind": "discriminator", "parameters": 2_415_170, "tiny": TINY},
    {
        "name": "BigGANDeepGenerator",
        "kind": "generator",
        "parameters": 50_388_609 - DROPPED,
        "tiny": {**TINY, **LATENTS},
    },
    {"name": "BigGANDeepDiscriminator", "kind": "discriminator", "parameters": 34_590_210, "tiny": TINY},
]
