"""E11c: the four heads of the published discriminator, and E11's generator of 28,211,076 parameters without the
convolutions, norms and noise strengths that its plain blocks lack.
"""

FACTS = [
    {
        "name": "ProjectedGANGenerator",
        "kind": "generator",
        "parameters": 28_211_076 - (4_718_592 + 2_048 + 2) - (294_912 + 512 + 2),
        "tiny": {"image_size": 16, "latent_dim": 5, "width": 4, "num_classes": 3},
    },
    {
        "name": "ProjectedGANDiscriminator",
        "kind": "feature discriminator",
        "parameters": 2_829_120 + 2_763_392 + 2_631_936 + 2_106_880,
        "tiny": {
            "features": "digits",
            "resolution": 28,
            "taps": ["first", "second"],
            "in_channels": [6, 16],
            "sides": [28, 10],
            "num_classes": 3,
            "width": 2,
            "mixing_channels": 4,
            "class_dim": 4,
        },
    },
]
