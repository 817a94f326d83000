"""E23: RRDBNet of 23 blocks at scale 4."""

FACTS = [
    {
        "name": "ESRGANGenerator",
        "kind": "translator",
        "parameters": 16_697_987,
        "tiny": {"image_size": 8, "input_channels": 3, "width": 4, "growth": 2, "blocks": 1, "scale": 2},
    }
]
