"""E16b: 784 + 10 - 400 - 2 x 20, and 20 + 10 - 400 - 784."""

FACTS = [
    {
        "name": "CVAE",
        "kind": "autoencoder",
        "parameters": (794 + 1) * 400 + 2 * (400 + 1) * 20 + (30 + 1) * 400 + (400 + 1) * 784,
        "tiny": {"image_size": 8, "latent_dim": 5, "width": 8, "num_classes": 3},
    }
]
