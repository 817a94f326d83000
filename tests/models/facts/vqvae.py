"""E17b: 372,416 in the encoder with its 1x1 convolution, 290,307 in the decoder; the codebook of a moving average is a
buffer.
"""

FACTS = [
    {
        "name": "VQVAE",
        "kind": "token autoencoder",
        "parameters": 372_416 + 290_307,
        "tiny": {"image_size": 16, "latent_dim": 5, "width": 8, "codebook_size": 7},
    }
]
