"""What every converter takes and gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from ...models.imported import ImportedClassifier, ImportedGenerator, ImportedVAE


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Fields that every family has."""

    part: str | None = None  # the name of the network, where a file holds several
    map: str | None = None  # a JSON file with the names of the layers in the order in which data pass through them
    ignore: str | None = None  # names of layers to leave out, joined with commas
    image_size: int | None = None  # pixels a side; none: what the shapes allow
    image_channels: int | None = None  # 1 grey, 3 colour; none: what the shapes allow
    eps: float = 1e-5  # of batch norm


@dataclass
class Reading:
    """A checkpoint, understood: the network as a chain of layers, its task, and what was assumed."""

    task: str  # generation, reconstruction, translation or classification
    network: nn.Module
    tensors: dict[str, torch.Tensor]
    example: torch.Tensor  # an input, to compare networks with
    native: type[nn.Module] | None = None  # the network of the family, which may be the same
    native_config: dict[str, Any] = field(default_factory=dict)
    assumed: list[str] = field(default_factory=list)
    reverse: Reading | None = None  # of the translator of the other direction


def refuse_unmatched(names: list[str]) -> None:
    """Raise `ValueError` for layers of which it is not known what they do: without them the network is another."""
    if names:
        listed = ",".join(names)
        raise ValueError(
            f"these layers are not understood: {', '.join(names)}; if the network does not need them, ignore={listed}"
        )


def refuse_discriminator(outputs: int, layer: str) -> None:
    """Raise `ValueError` where the last layer gives one number, which is no image and no choice of classes."""
    if outputs == 1:
        raise ValueError(
            f"the output of {layer} is one number, so this is a discriminator or another network that rates images; "
            "choose the generator with part=NAME"
        )


def network_of(reading: Reading) -> nn.Module:
    """The family's own network where that gives the same outputs, so that it can be trained on; else the chain of
    layers.
    """
    imported = reading.network
    imported.load_state_dict(reading.tensors)
    imported.eval()
    return _native(reading, imported) or imported


def _native(reading: Reading, imported: nn.Module) -> nn.Module | None:
    try:
        native = reading.native(**reading.native_config) if reading.native else None
    except ValueError:  # not a size of the family's
        return None
    if native is None:
        return None
    theirs = [tensor for name, tensor in imported.state_dict().items()]
    ours = {name: tensor for name, tensor in native.state_dict().items() if not name.endswith("num_batches_tracked")}
    if [tensor.shape for tensor in theirs] != [tensor.shape for tensor in ours.values()]:
        return None
    native.load_state_dict(dict(zip(ours, theirs, strict=True)), strict=False)
    native.eval()
    with torch.no_grad():
        expected, found = imported(reading.example), native(reading.example)
    return native if torch.allclose(expected, found, rtol=1e-6, atol=1e-6) else None


def generator_reading(chain: Any, size: int, channels: int, latent_dim: int, distribution: str, **more: Any) -> Reading:
    """What the two families of generators share."""
    network = ImportedGenerator(size, channels, latent_dim, distribution, chain.layers)
    return Reading("generation", network, chain.state("chain"), _noise(8, latent_dim), **more)


def vae_reading(encoder: Any, heads: tuple[Any, Any], decoder: Any, size: int, channels: int, **more: Any) -> Reading:
    """What the two families of autoencoders share."""
    latent_dim, hidden = heads[0]["weight"].shape
    network = ImportedVAE(size, channels, latent_dim, "normal", encoder.layers, hidden, decoder.layers)
    tensors = encoder.state("encoder") | decoder.state("decoder")
    for name, head in zip(("to_mean", "to_log_variance"), heads, strict=True):
        tensors |= {f"{name}.weight": head["weight"], f"{name}.bias": head.get("bias", torch.zeros(latent_dim))}
    return Reading("reconstruction", network, tensors, noise_images(size, channels), **more)


def classifier_reading(body: Any, head: Any, size: int, channels: int, names: list[str] | None, **more: Any) -> Reading:
    classes, features = head.weight.shape
    network = ImportedClassifier(size, channels, classes, features, names, body.layers)
    tensors = body.state("body") | {
        "head.weight": head.weight,
        "head.bias": head.tensors.get("bias", torch.zeros(classes)),
    }
    return Reading("classification", network, tensors, noise_images(size, channels), **more)


def _noise(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def noise_images(size: int, channels: int) -> torch.Tensor:
    """Float [4, channels, size, size] in [-1, 1], always the same."""
    return _noise(4, channels, size, size).clamp(-1, 1)
