"""E15d: 10 latents, five layers of 1000 and two scores."""

FACTS = [
    {
        "name": "FactorVAEDiscriminator",
        "kind": "latent discriminator",
        "parameters": 4_017_002,
        "tiny": {"in_features": 5, "width": 8},
    }
]
