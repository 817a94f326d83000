"""Standing statistics: batch-norm statistics of truncated latents (arXiv:1809.11096, section 2 and appendix A)."""

from __future__ import annotations

import copy
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..written import Written

BATCH = 64

_last: WeakKeyDictionary[nn.Module, tuple[Any, nn.Module]] = WeakKeyDictionary()


def standing_network(network: Any, truncation: float, batches: int) -> Any:
    """`with_standing_statistics`, computed again only where truncation or weights have changed since the last call.

    A network without batches, or with truncation 1, is returned as it is.
    """
    if truncation == 1 or not batches:
        return network
    key = (truncation, batches, Written((*network.parameters(), *network.buffers())))
    known, truncated = _last.get(network, (None, None))
    if known != key:
        truncated = with_standing_statistics(network, truncation, batches)
        _last[network] = (key, truncated)
    return truncated


@torch.no_grad()
def with_standing_statistics(network: Any, truncation: float, batches: int) -> Any:
    """A copy of `network` in eval mode that shares its weights and has batch-norm statistics of truncated latents.

    They are the means over `batches` batches of 64 images, of latents that are always the same and of all classes
    alike, so that they follow from weights and truncation alone.

    Args:
        network: `forward(latents [N, D], class_labels [N] | None)`, a config with `num_classes` where it has classes,
            `sample_latents(num_images, generator)`.
        truncation: the factor of the latents.
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
