"""E28: U-Net and discriminator of 70-pixel patches at 256x256 pixels, one channel of L and two of colour."""

TINY = {"image_size": 16, "width": 2}
FACTS = [
    {
        "name": "ColorizeGenerator",
        "kind": "translator",
        "parameters": 54_409_858,
        "tiny": {**TINY, "input_channels": 1},
        "colour": True,
    },
    {
        "name": "ColorizeDiscriminator",
        "kind": "pair discriminator",
        "parameters": 2_765_633,
        "tiny": {**TINY, "input_channels": 1},
        "colour": True,
    },
]
