"""Any classifier of the package as a feature network: `digits`, which comes with it, or one at a path or Hub id."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import nn

from .network import FeatureNetwork

SHIPPED = Path(__file__).parent / "weights"  # a pipeline directory for each classifier that is part of the package
PIPELINE, INDEX = "ImageClassificationPipeline", "model_index.json"


def shipped_classifiers() -> dict[str, Path]:
    """The classifiers that are part of the package: directory by name."""
    return {folder.name: folder for folder in sorted(SHIPPED.iterdir()) if folder.is_dir()}


def load_classifier(name: str | Path) -> ClassifierFeatures:
    """A classifier by its name in the package, its run or pipeline directory, or its Hub id.

    Raises `ValueError` in one line where there is none, or it is no classifier.
    """
    from diffusers import DiffusionPipeline  # here: it takes seconds

    path = shipped_classifiers().get(str(name), Path(name).expanduser())
    run = path / "pipeline"
    source = str(run if (run / INDEX).is_file() and not (path / INDEX).is_file() else path)
    try:
        kind = DiffusionPipeline.load_config(source).get("_class_name")
        if kind != PIPELINE:
            raise ValueError(f"{name} is a {kind}, not a classifier; give a classifier's run or pipeline directory")
        pipeline = DiffusionPipeline.from_pretrained(source, use_safetensors=True)
    except OSError as error:
        known = ", ".join(shipped_classifiers())
        raise ValueError(
            f"there is no feature network {str(name)!r}; use {known}, another name of `hf-genimg list extractors`, or "
            "a classifier's run or pipeline directory"
        ) from error
    return ClassifierFeatures(str(name), pipeline.components["classifier"])


class ClassifierFeatures(FeatureNetwork):
    """A classifier; its vector is what enters its last layer, and its taps are the last feature maps of each size,
    named by the layer that makes them.

    Args:
        name: what it is called.
        classifier: `features(images)` to float [N, D], `classify(features)` to logits, and a config with `image_size,
            image_channels, num_classes`. Images are resized to its size.
    """

    layer = "input of the last layer"

    def __init__(self, name: str, classifier: nn.Module) -> None:
        config: Any = classifier.config
        classifier.eval()
        with torch.no_grad(), _recorded_maps(classifier) as maps:
            images = torch.zeros(1, config.image_channels, config.image_size, config.image_size)
            vector = classifier.features(images.to(next(classifier.parameters())))
        taps = list(maps)
        stages = {"classifier": classifier}
        size, channels = config.image_size, config.image_channels
        super().__init__(name, weights_sha256(classifier), stages, taps, vector.shape[1], size, channels)
        self.num_classes = config.num_classes

    @property
    def classifier(self) -> nn.Module:
        """The classifier itself."""
        return self.stages["classifier"]

    def feature_maps(self, prepared: torch.Tensor, taps: tuple[str, ...]) -> dict[str, torch.Tensor]:
        """As `forward`, of images that `prepare` has resized."""
        with _recorded_maps(self.classifier) as maps:
            self.classifier.features(prepared)
        return {tap: maps[tap] for tap in taps}

    def pooled(self, prepared: torch.Tensor) -> torch.Tensor:
        """As `vector`, of images that `prepare` has resized."""
        return self.classifier.features(prepared)

    def classify(self, features: torch.Tensor) -> torch.Tensor:
        """features: float [N, D], as `vector` returns them. Returns logits, float [N, num_classes]."""
        return self.classifier.classify(features)


@contextmanager
def _recorded_maps(network: nn.Module) -> Iterator[dict[str, torch.Tensor]]:
    """While open, the forward passes of `network` leave here the last feature maps of each size, by layer."""
    found: dict[str, torch.Tensor] = {}

    def record(name: str, maps: Any) -> None:
        if not isinstance(maps, torch.Tensor) or maps.dim() != 4:
            return
        same = next((tap for tap, other in found.items() if other.shape[2:] == maps.shape[2:]), None)
        if same is not None and found[same] is maps:
            return  # a container returns what its last layer has made
        found.pop(same, None)
        found[name] = maps

    hooks = [
        module.register_forward_hook(lambda _module, _inputs, maps, name=name: record(name, maps))
        for name, module in network.named_modules()
        if name
    ]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()


def weights_sha256(network: nn.Module) -> str:
    """The sha256 of the weights, as `sha256sum diffusion_pytorch_model.safetensors` prints it once they are saved."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    return hashlib.sha256(safetensors.torch.save(tensors, metadata={"format": "pt"})).hexdigest()
