"""E10: the parameters of paper256, FFHQ at 256 pixels: mapping of 8 layers, residual discriminator."""

TINY = {"image_size": 8, "num_classes": 3, "width": 4, "capacity": 32}
FACTS = [
    {
        "name": "StyleGAN2Generator",
        "kind": "generator",
        "parameters": 24_767_458,
        "tiny": {**TINY, "latent_dim": 5, "style_dim": 6, "mapping_layers": 2},
    },
    {"name": "StyleGAN2Discriminator", "kind": "discriminator", "parameters": 24_001_089, "tiny": TINY},
]
PUBLISHED = {
    "stylegan2_paper": {
        "parameters": {"generator": 24_767_458, "discriminator": 24_001_089},
        "length": (1, 64, 25_000_000),
    },
    "stylegan2_auto_paper": {
        "parameters": {"generator": 23_191_522, "discriminator": 24_001_089},
        "length": (1, 16, 25_000_000),
    },
    "stylegan2_cifar_paper": {
        "parameters": {"generator": 20_215_315, "discriminator": 23_089_664},
        "length": (1, 64, 100_000_000),
    },
}
