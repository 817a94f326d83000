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
PUBLISHED = {
    "aae_paper": {  # 1,806,020 and 1,806,784 of E19b are grey; colour has 1,568 pixels more, 2,001 weights for each
        "parameters": {
            "autoencoder": 1_806_020 + 1_806_784 + 1_568 * 2_001,
            "latent_discriminator": 1_013_001,
            "class_discriminator": 1_013_001,
        },
        "length": (1, 100, 500 * 60_000),
    }
}
