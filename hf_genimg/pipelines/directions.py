"""Directions in the latent space along which images change: from what the network computes (GANSpace), or from its
weights (SeFa).
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ._latent_pipeline import LatentPipeline
from ._pipeline import evaluating
from .named_directions import dimensions
from .sampling import GeneratorInputs

METHODS = ("pca", "sefa")
WEIGHTED = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


def directions(
    pipe: LatentPipeline, method: str = "pca", count: int = 6, samples: int = 512, seed: int = 0, space: str = "z"
) -> torch.Tensor:
    """Directions that change the images most, the strongest first.

    Args:
        method: `pca`: principal components of the activations that enter the second layer with weights, and for each
            the latent direction that predicts it best, by least squares (GANSpace, arXiv:2004.02546); `sefa`:
            eigenvectors of A^T A for the weights A of the first layer (SeFa, arXiv:2007.06600), for networks whose
            first layer acts on the latents.
        count: how many, at most `latent_dim`.
        samples, seed: from which latents the activations are taken; `sefa` needs none.
        space: `z`, the latents; or, for a network with styles, `w`: `pca` gives the principal components of the styles
            themselves, `sefa` takes as A the weights of all layers that take a style.

    Returns:
        float32 [count, D], each of length 1; in `w`, what is added to the style of every layer.

    Raises:
        ValueError: the method is not known, or the network's weights do not allow it.
    """
    if method not in METHODS:
        raise ValueError(f"method={method!r} is not known; use one of {', '.join(METHODS)}")
    able = pipe.capabilities
    if not able.interpolation or able.text:
        raise ValueError(
            f"{type(pipe.network).__name__} has no directions: it needs latents that are vectors, and no text"
        )
    lengths = dimensions(pipe.network)
    if space not in lengths:
        raise ValueError(f"space={space!r} is not possible: {type(pipe.network).__name__} has {', '.join(lengths)}")
    count = min(count, lengths[space])
    if space == "w":
        return _style_sefa(pipe, count) if method == "sefa" else _style_pca(pipe, count, samples, seed)
    return _sefa(pipe, count) if method == "sefa" else _pca(pipe, count, samples, seed)


def allows_sefa(pipe: LatentPipeline) -> bool:
    """Whether the first layer acts on the latents themselves."""
    return _first_weights(pipe) is not None


def _pca(pipe: LatentPipeline, count: int, samples: int, seed: int) -> torch.Tensor:
    latents, labels = _sampled(pipe, samples, seed)
    features = _features(pipe, latents, labels)
    features = features - features.mean(0)
    with torch.random.fork_rng(devices=[]):  # pca_lowrank draws from the global state
        torch.manual_seed(seed)
        scores, deviations, _ = torch.pca_lowrank(features, q=min(count, *features.shape), center=False)
    found = (scores * deviations).T @ (
        latents - latents.mean(0)
    )  # coordinates are uncorrelated, so least squares is this, up to a scale
    return _unit(found)


def _style_pca(pipe: LatentPipeline, count: int, samples: int, seed: int) -> torch.Tensor:
    latents, labels = _sampled(pipe, samples, seed)
    styles = pipe.styles_of(latents, labels)[:, 0].float().cpu()
    return _unit(torch.linalg.svd(styles - styles.mean(0), full_matrices=False)[2][:count])


def _style_sefa(pipe: LatentPipeline, count: int) -> torch.Tensor:
    """Of the weights of all linear layers whose inputs are styles."""
    layers, length = pipe.network.style_shape
    styles = torch.randn(2, layers, length, generator=torch.Generator().manual_seed(0))
    _, labels = _sampled(pipe, 2, 0)
    taken: list[torch.Tensor] = []

    def observe(layer: nn.Module, inputs: tuple[Any, ...]) -> None:
        weight = dict(layer.named_parameters(recurse=False)).get("weight")
        plain = inputs and isinstance(inputs[0], torch.Tensor) and inputs[0].shape == (2, length)
        if weight is not None and plain and weight.dim() == 2:
            distance = (styles.to(inputs[0]) - inputs[0][:, None]).abs().amax((0, 2)).min()
            if distance < 1e-5:
                taken.append(weight.detach().float().cpu())

    with ExitStack() as hooks:
        for layer in pipe.network.modules():
            hooks.callback(layer.register_forward_pre_hook(observe).remove)
        _run(pipe, styles, labels)
    weights = torch.cat(taken)
    values, vectors = torch.linalg.eigh(weights.T @ weights)
    return _unit(vectors[:, values.argsort(descending=True)[:count]].T)


def _sampled(pipe: LatentPipeline, samples: int, seed: int) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Latents, and labels for a conditional model."""
    generator = torch.Generator().manual_seed(seed)
    latents = pipe.network.sample_latents(samples, generator)
    classes = pipe.capabilities.num_classes
    return latents, torch.randint(classes, (samples,), generator=generator) if classes else None


def _run(pipe: LatentPipeline, latents: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
    """The images of latents, with noise of the seed 0."""
    weight = next(pipe.network.parameters())
    noise = pipe.network.sample_noise(len(latents), torch.Generator().manual_seed(0))
    inputs = GeneratorInputs(
        latents.to(weight.device, weight.dtype),
        None if labels is None else labels.to(weight.device),
        None,
        None if noise is None else noise.to(weight.device, weight.dtype),
    )
    with torch.no_grad(), evaluating(pipe.network):  # else the statistics of batch norm would change
        return pipe._forward(pipe.network, inputs)


def _features(pipe: LatentPipeline, latents: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
    """float32 [N, F]: what enters the second layer with weights; the images where there is one such layer only, and
    where the first takes a part of the latents (BigGAN), for then only the images depend on all of them.
    """
    trace = _trace(pipe, latents, labels)
    partial = trace.first is None or trace.first[0].numel() < latents.shape[1]
    return (trace.images if partial or trace.second is None else trace.second).flatten(1).float().cpu()


@dataclass
class _Trace:
    """What a network computes: its first layer with weights, what enters that and the next one, and the images."""

    layer: nn.Module | None = None
    first: torch.Tensor | None = None
    features: int = 0  # that the first layer gives for each image
    second: torch.Tensor | None = None
    images: torch.Tensor | None = None


def _trace(pipe: LatentPipeline, latents: torch.Tensor, labels: torch.Tensor | None) -> _Trace:
    """The second layer is the next one on the way of the images: one that takes fewer features than the first gives
    computes a condition from latents or classes, such as a gain of batch norm.
    """
    trace = _Trace()

    def begin(layer: nn.Module, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
        if trace.layer is None and len(inputs[0]) == len(latents):
            trace.layer, trace.first, trace.features = layer, inputs[0].detach(), output[0].numel()

    def go_on(layer: nn.Module, inputs: tuple[Any, ...]) -> None:
        if trace.layer is not None and trace.second is None and len(inputs[0]) == len(latents):
            trace.second = inputs[0].detach() if inputs[0][0].numel() >= trace.features else None

    with ExitStack() as hooks:
        for layer in pipe.network.modules():
            if isinstance(layer, WEIGHTED):
                for handle in (layer.register_forward_pre_hook(go_on), layer.register_forward_hook(begin)):
                    hooks.callback(handle.remove)
        trace.images = _run(pipe, latents, labels)
    return trace


def _sefa(pipe: LatentPipeline, count: int) -> torch.Tensor:
    weights = _first_weights(pipe)
    if weights is None:
        raise ValueError("method='sefa' needs a network whose first layer acts on the latents alone; use pca")
    values, vectors = torch.linalg.eigh(weights.T @ weights)
    return _unit(vectors[:, values.argsort(descending=True)[:count]].T)


def _first_weights(pipe: LatentPipeline) -> torch.Tensor | None:
    """float32 [F, D] of the first layer with weights, where it takes the latents as they are."""
    latents = pipe.network.sample_latents(2, torch.Generator().manual_seed(0))
    labels = torch.zeros(2, dtype=torch.long) if pipe.capabilities.num_classes else None
    trace = _trace(pipe, latents, labels)
    first = None if trace.first is None else trace.first.flatten(1).float().cpu()
    if first is None or first.shape != latents.shape or not torch.allclose(first, latents):
        return None  # they are embedded, joined with a class, or only a part of them enters the first layer
    if isinstance(trace.layer, nn.Conv2d):
        return None
    weights = trace.layer.weight.detach().float().cpu()
    return weights if isinstance(trace.layer, nn.Linear) else weights.flatten(1).T


def _unit(vectors: torch.Tensor) -> torch.Tensor:
    """Of length 1, and with the largest entry positive: a direction has no sign of its own."""
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True)).sign()
    return vectors * largest / vectors.norm(dim=1, keepdim=True).clamp_min(1e-12)
