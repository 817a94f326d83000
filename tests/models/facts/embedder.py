"""Our own size: stem 176, blocks 13,952, 55,552 and 221,696, linear with batch norm 16,640, identities 5,120."""

FACTS = [
    {
        "name": "Embedder",
        "kind": "classifier",
        "parameters": 313_136,
        "tiny": {"image_size": 16, "num_classes": 3, "width": 2, "feature_dim": 8},
    }
]
