"""E14: the parameters of 784-400-20-400-784."""

FACTS = [
    {
        "name": "MLPVAE",
        "kind": "autoencoder",
        "parameters": 652_824,
        "tiny": {"image_size": 12, "latent_dim": 5, "width": 8},
    }
]
