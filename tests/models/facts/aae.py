"""E19b: with 8 latents 1,794,008 in the encoder and 1,794,784 in the decoder, and 1,011,001 in the discriminator."""

FACTS = [
    {
        "name": "AAE",
        "kind": "autoencoder",
        "parameters": 1_794_008 + 1_794_784,
        "tiny": {"image_size": 8, "latent_dim": 5, "width": 8, "num_classes": 3},
    },
    {"name": "AAEDiscriminator", "kind": "latent discriminator", "parameters": 1_011_001, "tiny": {"in_features": 5}},
]
