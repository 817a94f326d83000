"""E25: NAFNet of width 32, as trained on SIDD."""

TINY = {"image_size": 8, "width": 4, "encoder_blocks": [1, 1], "middle_blocks": 1, "decoder_blocks": [1, 1]}
FACTS = [{"name": "NAFNetGenerator", "kind": "translator", "parameters": 29_159_715, "tiny": TINY}]
