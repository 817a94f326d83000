"""LeNet-5 as it is usually written with padding, and ResNet-20 for CIFAR-10 (He et al. 2015, option A)."""

FACTS = [
    {
        "name": "LeNetClassifier",
        "kind": "classifier",
        "parameters": 61_706,
        "tiny": {"image_size": 16, "num_classes": 3, "feature_dim": 5},
    },
    {
        "name": "ResNetClassifier",
        "kind": "classifier",
        "parameters": 269_722,
        "tiny": {"image_size": 8, "num_classes": 3, "depth": 8, "width": 2},
    },
]
