"""Ten components of 16 latents: for each a weight, a mean, a diagonal, and a square matrix for the rest."""

FACTS = [
    {
        "name": "GaussianMixture",
        "kind": "prior",
        "parameters": 10 * (1 + 16 + 16 + 16 * 16),
        "tiny": {"latent_dim": 5, "components": 3},
    }
]
