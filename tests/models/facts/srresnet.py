"""E23, E23b: SRResNet as published and MSRResNet of BasicSR, both at scale 4."""

TINY = {"image_size": 8, "input_channels": 3, "width": 4, "blocks": 1, "scale": 2}
FACTS = [
    {"name": "SRResNetGenerator", "kind": "translator", "parameters": 1_549_462, "tiny": TINY},
    {
        "name": "MSRResNetGenerator",
        "kind": "translator",
        "parameters": 1_517_571,
        "tiny": {**TINY, "shortcut": "none"},
    },
]
