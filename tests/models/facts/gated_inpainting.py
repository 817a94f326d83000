"""E22b: both networks of DeepFill v2 (1,631,151 and 2,421,327 parameters), and SN-PatchGAN."""

FACTS = [
    {
        "name": "GatedInpaintingGenerator",
        "kind": "translator",
        "parameters": 4_052_478,
        "tiny": {"image_size": 16, "width": 4},
    },
    {
        "name": "GatedInpaintingDiscriminator",
        "kind": "patch discriminator",
        "parameters": 5_946_816,
        "tiny": {"image_size": 16, "width": 2},
    },
]
