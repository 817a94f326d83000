"""E25: DnCNN for grey images and one strength of noise, with the biases of its body."""

FACTS = [
    {
        "name": "DnCNNGenerator",
        "kind": "translator",
        "parameters": 557_057,
        "tiny": {"image_size": 8, "width": 4, "depth": 3},
    }
]
