"""E23b: the compact network of 16 convolutions at scale 4."""

FACTS = [
    {
        "name": "SRVGGGenerator",
        "kind": "translator",
        "parameters": 621_424,
        "tiny": {"image_size": 8, "width": 4, "depth": 1, "scale": 2},
    }
]
