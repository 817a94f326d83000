"""E24b: TransformerNet with 32 channels at full size and 5 residual blocks, and a 1x1 convolution of colours (12)."""

FACTS = [
    {
        "name": "FastStyleTranslator",
        "kind": "translator",
        "parameters": 1_679_235 + 12,
        "tiny": {"image_size": 16, "image_channels": 1, "input_channels": 1, "width": 2, "num_blocks": 1},
    },
]
