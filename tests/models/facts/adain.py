"""E24b: the decoder of the published code, and VGG-19 up to relu4_1 as the encoder."""

DECODER, ENCODER = 3_505_219, 3_505_728
FACTS = [
    {
        "name": "AdaINTranslator",
        "kind": "translator",
        "parameters": ENCODER + DECODER,
        "tiny": {"image_size": 16, "image_channels": 1, "input_channels": 1, "width": 2},
    },
]
