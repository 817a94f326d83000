"""Beginning with the weights of another model."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import torch
from torch import nn


@torch.no_grad()
def start_from(networks: Mapping[str, nn.Module], source: Mapping[str, nn.Module], name: str) -> None:
    """Copy every tensor of `source` that has the same network, name and shape in `networks`; warn, in one line, of what
    was left out.

    Raises `ValueError` when nothing fits. `name` is what the user called the source.
    """
    given = _tensors(source)
    wanted = _tensors(networks)
    fitting = [key for key, tensor in wanted.items() if key in given and given[key].shape == tensor.shape]
    if not fitting:
        raise ValueError(
            f"init={name} has no tensor that fits this recipe's networks ({', '.join(networks)}); use the same family "
            "and width"
        )
    for key in fitting:
        wanted[key].copy_(given[key])
    left = sorted((wanted.keys() | given.keys()) - set(fitting))
    if left:
        warnings.warn(
            f"init={name}: {len(fitting)} tensors taken, {len(left)} left as they were: {', '.join(left)}",
            UserWarning,
            stacklevel=2,
        )


def _tensors(networks: Mapping[str, nn.Module]) -> dict[str, torch.Tensor]:
    return {
        f"{name}.{key}": tensor for name, network in networks.items() for key, tensor in network.state_dict().items()
    }
