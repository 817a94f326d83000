"""How weights begin."""

from __future__ import annotations

from torch import nn


def orthogonal_initialisation(network: nn.Module) -> None:
    """Every weight, a row for each first index, with rows or columns at right angles and of length 1 (arXiv:1312.6120);
    biases zero.

    A weight that is spectrally normed begins so before it is normed.
    """
    for name, parameter in network.named_parameters():
        if parameter.dim() > 1:
            nn.init.orthogonal_(parameter)
        elif name.endswith("bias"):
            nn.init.zeros_(parameter)


def dcgan_initialisation(module: nn.Module) -> None:
    """Convolutions from N(0, 0.02), gains of batch and instance norms from N(1, 0.02), all biases zero
    (arXiv:1511.06434, section 4).

    For `network.apply(...)`.
    """
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d | nn.InstanceNorm2d) and module.weight is not None:
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
