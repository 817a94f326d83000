"""E18b: 35,112,768 in the encoder with the paper's wide layer of 2048, 4,693,155 in the decoder."""

FACTS = [
    {
        "name": "VAEGAN",
        "kind": "autoencoder",
        "parameters": 35_112_768 + 4_693_155,
        "tiny": {"image_size": 16, "latent_dim": 5, "width": 4},
    },
    {
        "name": "VAEGANDiscriminator",
        "kind": "discriminator",
        "parameters": 10_953_857,
        "tiny": {"image_size": 16, "width": 4},
    },
]
PUBLISHED = {
    "vaegan_paper": {
        "parameters": {"autoencoder": 35_112_768 + 4_693_155, "discriminator": 10_953_857},
        "length": (1, 64, 250 * 250 * 64),
    }
}
