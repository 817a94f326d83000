"""pix2pix's U-Net of 256 pixels (E20) with one channel in and two out, counted from its layers."""

FACTS = [
    {
        "name": "ColorizeGenerator",
        "kind": "colorizer",
        "parameters": 54_409_858,
        "tiny": {"image_size": 16, "width": 2},
    }
]
