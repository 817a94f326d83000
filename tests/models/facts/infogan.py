"""E2 with one more input of the generator for each of ten classes, and a second head: a 4x4 convolution to twelve
numbers, with biases.
"""

SIZE = {"image_size": 16, "width": 4}
FACTS = [
    {
        "name": "InfoGANGenerator",
        "kind": "generator",
        "parameters": 3_576_704 + 10 * 512 * 16,
        "tiny": {**SIZE, "num_classes": 3, "latent_dim": 5},
    },
    {
        "name": "InfoGANDiscriminator",
        "kind": "discriminator",
        "parameters": 2_765_568 + 12 * 512 * 16 + 12,
        "tiny": {**SIZE, "auxiliary_outputs": 3},
    },
]
