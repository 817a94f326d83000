"""A linear layer with biases where no layers are given: 784 x 101; 2 x 20 x 785 and 784 x 21; 10 x 785."""

FACTS = [
    {
        "name": "ImportedGenerator",
        "kind": "generator",
        "parameters": 79_184,
        "tiny": {"image_size": 8, "latent_dim": 5},
    },
    {"name": "ImportedVAE", "kind": "autoencoder", "parameters": 47_864, "tiny": {"image_size": 8, "latent_dim": 5}},
    {
        "name": "ImportedClassifier",
        "kind": "classifier",
        "parameters": 7_850,
        "tiny": {"image_size": 8, "num_classes": 3},
    },
]
