"""E3 (i): the parameters of E2 and E1 and, for each of ten classes, one more input of their first layers."""

SIZE = {"image_size": 16, "num_classes": 3}
CONV, MLP = {**SIZE, "width": 4}, {**SIZE, "width": 8}
FACTS = [
    {
        "name": "CGANGenerator",
        "kind": "generator",
        "parameters": 3_576_704 + 10 * 512 * 16,
        "tiny": {**CONV, "latent_dim": 5},
    },
    {"name": "CGANDiscriminator", "kind": "discriminator", "parameters": 2_765_568 + 10 * 64 * 16, "tiny": CONV},
    {
        "name": "CGANMLPGenerator",
        "kind": "generator",
        "parameters": 1_510_032 + 10 * 128,
        "tiny": {**MLP, "latent_dim": 5},
    },
    {"name": "CGANMLPDiscriminator", "kind": "discriminator", "parameters": 533_505 + 10 * 512, "tiny": MLP},
]
