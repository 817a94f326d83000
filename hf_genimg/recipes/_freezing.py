"""Transfer with a discriminator whose first layers stay (FreezeD, arXiv:2002.10964)."""

from __future__ import annotations

import torch
from torch import nn


def weights_of_layers(network: nn.Module) -> list[list[nn.Parameter]]:
    """The parameters of each layer, in the order in which the network defines them: a layer begins with a weight of two
    or more dimensions, and what follows of norms and biases belongs to it.
    """
    layers: list[list[nn.Parameter]] = []
    for parameter in network.parameters():
        if parameter.dim() > 1 or not layers:
            layers.append([])
        layers[-1].append(parameter)
    return layers


def without_first_layers(optimizer: torch.optim.Optimizer, network: nn.Module, count: int) -> torch.optim.Optimizer:
    """The optimizer of `network` without the parameters of its first `count` layers, which then stay as they are.

    Raises:
        ValueError: no layer would be left.
    """
    layers = weights_of_layers(network)
    if count >= len(layers):
        raise ValueError(
            f"freeze={count} leaves nothing to train of the discriminator's {len(layers)} layers; use at most "
            f"{len(layers) - 1}"
        )
    frozen = {id(parameter) for layer in layers[:count] for parameter in layer}
    for group in optimizer.param_groups:
        group["params"] = [parameter for parameter in group["params"] if id(parameter) not in frozen]
    return optimizer
