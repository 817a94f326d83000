"""Grad-CAM: where in an image the evidence for a class lies, by the gradient at a classifier's last feature maps."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

from .images import prepare


def grad_cam(pipe: Any, images: Image.Image | list[Image.Image] | torch.Tensor, labels: Any = None) -> torch.Tensor:
    """Class activation maps of images, by Grad-CAM.

    Args:
        pipe: an `ImageClassificationPipeline`.
        images: as for its call.
        labels: the class that is explained: an integer for all images, or int64 [N]; the likeliest unless given.

    Returns:
        float32 [N, H, W] in [0, 1], of the model's size: 1 where the evidence is strongest, all 0 where nothing speaks
        for the class.

    Raises:
        ValueError: a label is no class, or the network has no feature maps.

    Source: arXiv:1610.02391, equations 1 and 2; the maps are those of the last layer that has any.
    """
    network, config = pipe.classifier, pipe.classifier.config
    pixels = prepare(images, config.image_size, config.image_channels)
    weight = next(network.parameters())
    pixels = pixels.detach().to(weight.device, weight.dtype)
    training = network.training
    network.eval()
    try:
        with torch.enable_grad():
            maps, logits = _last_maps(network, pixels.requires_grad_())
            chosen = _labels(labels, logits)
            score = logits.gather(1, chosen[:, None]).sum()
            (gradient,) = torch.autograd.grad(score, maps)
    finally:
        network.train(training)
    weights = gradient.mean((2, 3), keepdim=True)  # eq. 1
    found = (weights * maps).sum(1, keepdim=True).relu().detach()  # eq. 2
    found = F.interpolate(found, pixels.shape[2:], mode="bilinear", align_corners=False)[:, 0]
    largest = found.amax((1, 2), keepdim=True)
    return (found / largest.where(largest > 0, 1)).float().cpu()


def _last_maps(network: nn.Module, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The last feature maps [N, C, h, w] that a layer gave, more than a pixel a side, and the logits."""
    seen: list[torch.Tensor] = []

    def note(_: nn.Module, __: Any, output: Any) -> None:
        if isinstance(output, torch.Tensor) and output.dim() == 4 and min(output.shape[2:]) > 1:
            seen.append(output)

    hooks = [layer.register_forward_hook(note) for layer in network.modules()]
    try:
        logits = network(pixels)
    finally:
        for hook in hooks:
            hook.remove()
    if not seen:
        raise ValueError(f"{type(network).__name__} has no feature maps, so there is no place to show")
    return seen[-1], logits


def _labels(labels: Any, logits: torch.Tensor) -> torch.Tensor:
    if labels is None:
        return logits.argmax(1)
    chosen = torch.as_tensor(labels).expand(len(logits)).to(logits.device)
    if chosen.dtype != torch.int64 or not bool(((chosen >= 0) & (chosen < logits.shape[1])).all()):
        raise ValueError(f"labels={labels!r:.60} are no classes; give integers from 0 to {logits.shape[1] - 1}")
    return chosen
