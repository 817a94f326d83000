"""E21: the translator of nine blocks and the discriminator of 70-pixel patches."""

FACTS = [
    {
        "name": "CycleGANGenerator",
        "kind": "translator",
        "parameters": 11_378_179,
        "tiny": {"image_size": 16, "input_channels": 3, "width": 2, "blocks": 1},
    },
    {
        "name": "CycleGANDiscriminator",
        "kind": "patch discriminator",
        "parameters": 2_764_737,
        "tiny": {"image_size": 16, "width": 2, "stages": 1},
    },
]
