"""Eight couplings of 8 latents by 8, each two hidden layers of 128 and a last one of scales and shifts; and one scale
and shift of all.
"""

FACTS = [
    {
        "name": "CouplingFlow",
        "kind": "prior",
        "parameters": 8 * ((8 + 1) * 128 + (128 + 1) * 128 + (128 + 1) * 16) + 2 * 16,
        "tiny": {"latent_dim": 5, "width": 8, "depth": 3},
    }
]
