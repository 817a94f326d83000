"""The AutoencoderKL of Stable Diffusion, four channels of 32x32 latents for 256x256 pixels: 83,653,863."""

FACTS = [
    {
        "name": "KLVAE",
        "kind": "autoencoder",
        "parameters": 83_653_863,
        "tiny": {
            "image_size": 16,
            "latent_dim": 5,
            "width": 2,
            "multipliers": [1, 1, 2, 1, 1],
            "blocks": 1,
            "groups": 2,
        },
    }
]
