"""E20: the parameters of the U-Net and of the discriminator of 70-pixel patches at 256x256 colour."""

TINY = {"image_size": 16, "input_channels": 3, "width": 2}
FACTS = [
    {"name": "Pix2PixGenerator", "kind": "translator", "parameters": 54_413_955, "tiny": TINY},
    {"name": "Pix2PixDiscriminator", "kind": "pair discriminator", "parameters": 2_768_705, "tiny": TINY},
]
