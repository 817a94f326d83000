"""E17e: six blocks of width 128 over 64 tokens of 256 codes and a start token."""

FACTS = [
    {
        "name": "TokenPrior",
        "kind": "token prior",
        "parameters": 1_263_872,
        "tiny": {"tokens": 6, "codebook_size": 5, "width": 8, "depth": 2, "heads": 2},
    }
]
