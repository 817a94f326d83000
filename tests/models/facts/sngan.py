"""E6: the parameters of the unconditional pair at 32x32 colour; the other sizes are in test_resnet.py."""

TINY = {"image_size": 32, "width": 2}
FACTS = [
    {"name": "SNGANGenerator", "kind": "generator", "parameters": 4_276_739, "tiny": {**TINY, "latent_dim": 5}},
    {
        "name": "SNGANDiscriminator",
        "kind": "discriminator",
        "parameters": 1_053_825,
        "tiny": {**TINY, "num_classes": 3},
    },
]
