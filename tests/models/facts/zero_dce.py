"""E27: seven convolutions of 32 maps, eight curves of three channels."""

FACTS = [
    {
        "name": "ZeroDCEGenerator",
        "kind": "translator",
        "parameters": 79_416,
        "tiny": {"image_size": 8, "width": 4},
    }
]
