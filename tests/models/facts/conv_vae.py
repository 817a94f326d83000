"""E14: the parameters of the convolutional VAE at 28x28 grey: 11,050,656 in the encoder with its two heads, 6,181,377
in the decoder.
"""

FACTS = [
    {
        "name": "ConvVAE",
        "kind": "autoencoder",
        "parameters": 11_050_656 + 6_181_377,
        "tiny": {"image_size": 32, "latent_dim": 5, "width": 4},
    }
]
