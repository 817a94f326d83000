"""Section 4.1 of arXiv:1411.1784, counted: 200 and 1,000 units to 1,200; maxout of 240x5 and 50x5 to 240x4."""

SIZE = {"image_size": 12, "num_classes": 3}
FACTS = [
    {
        "name": "CGANMaxoutGenerator",
        "kind": "generator",
        "parameters": 101 * 200 + 11 * 1000 + 1201 * 1200 + 1201 * 784,
        "tiny": {**SIZE, "width": 12, "latent_dim": 5},
    },
    {
        "name": "CGANMaxoutDiscriminator",
        "kind": "discriminator",
        "parameters": 785 * 240 * 5 + 11 * 50 * 5 + 291 * 240 * 4 + 241,
        "tiny": {**SIZE, "width": 8, "class_width": 4},
    },
]
