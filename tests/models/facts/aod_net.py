"""E26: five convolutions of three maps."""

FACTS = [
    {
        "name": "AODNetGenerator",
        "kind": "translator",
        "parameters": 1_761,
        "tiny": {"image_size": 8},
    }
]
