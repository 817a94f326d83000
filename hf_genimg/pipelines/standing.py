"""Standing statistics: those that batch norm has on the very latents that are in use (arXiv:1809.11096, section 2 and
appendix A).
"""

from __future__ import annotations

import copy

import torch
from diffusers import ModelMixin
from torch.nn.modules.batchnorm import _BatchNorm

BATCH = 64


@torch.no_grad()
def with_standing_statistics(network: ModelMixin, truncation: float, batches: int) -> ModelMixin:
    """`network` as it is where its latents are multiplied by `truncation`: shares the weights, and has batch-norm
    statistics of its own.

    They are the means over `batches` batches of 64 images, of latents that are always the same and of all classes
    alike, so that they follow from weights and truncation alone. network: `forward(latents [N, D], class_labels [N] |
    None)`, a config with `num_classes` where it has classes, `sample_latents(num_images, generator)`.
    """
    truncated = copy.deepcopy(network, {id(parameter): parameter for parameter in network.parameters()}).eval()
    for norm in (module for module in truncated.modules() if isinstance(module, _BatchNorm)):
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean of all batches
        norm.train()
    weight, source = next(network.parameters()), torch.Generator().manual_seed(0)
    classes = network.config.get("num_classes") or 0
    for _ in range(batches):
        latents = truncation * network.sample_latents(BATCH, source)
        labels = torch.randint(classes, (BATCH,), generator=source).to(weight.device) if classes else None
        truncated(latents.to(weight.device, weight.dtype), labels)
    return truncated.eval()
