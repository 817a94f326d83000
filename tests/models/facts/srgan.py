"""E23b: the discriminator of the paper at 96 pixels."""

FACTS = [
    {
        "name": "SRGANDiscriminator",
        "kind": "discriminator",
        "parameters": 23_565_505,
        "tiny": {"image_size": 16, "width": 2, "hidden": 4},
    }
]
