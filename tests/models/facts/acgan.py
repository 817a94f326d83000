"""E2 with one more input of the generator for each of ten classes, and a second head: a 4x4 convolution to ten numbers,
with biases.
"""

SIZE = {"image_size": 16, "width": 4}
FACTS = [
    {
        "name": "ACGANGenerator",
        "kind": "generator",
        "parameters": 3_576_704 + 10 * 512 * 16,
        "tiny": {**SIZE, "num_classes": 3, "latent_dim": 5},
    },
    {
        "name": "ACGANDiscriminator",
        "kind": "discriminator",
        "parameters": 2_765_568 + 10 * 512 * 16 + 10,
        "tiny": {**SIZE, "auxiliary_outputs": 3},
    },
]
