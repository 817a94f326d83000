"""E22c: the released setting of 128 pixels and a bottleneck of 100."""

FACTS = [
    {
        "name": "ContextEncoderGenerator",
        "kind": "translator",
        "parameters": 7_221_231,
        "tiny": {"image_size": 16, "width": 2, "bottleneck": 8},
    },
    {
        "name": "ContextEncoderDiscriminator",
        "kind": "discriminator",
        "parameters": 2_766_529,
        "tiny": {"image_size": 16, "width": 2},
    },
]
