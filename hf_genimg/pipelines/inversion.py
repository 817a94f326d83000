"""Inversion: latents whose images are as near as can be to given pictures (arXiv:1912.04958, appendix D)."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save_file

from ..faults import read_errors, reason
from .images import prepare
from .sampling import GeneratorInputs, check_count, check_labels, draws_vectors

Distance = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
SPACES = ("z", "w", "w+")
TENSORS = ("latents", "noise", "class_labels")  # of a file
STARTS = 256  # random latents, the nearest of which each picture starts from
BATCH = 64  # of these at a time
THUMBNAIL = 64  # pixels a side at which they are compared
RATES = {"z": 0.05, "w": 0.1, "w+": 0.1}
RAMP_UP, RAMP_DOWN = 0.05, 0.25  # parts of the run in which the learning rate rises and falls
NOISE, NOISE_UNTIL = 0.05, 0.75  # of w, over its standard deviation, and the part of the run in which it fades
NOISE_WEIGHT = 0.1  # of the regularization of noise maps
LATENT_WEIGHT = 1e-3  # of the mean square of normal latents
SMALLEST_NOISE = 8  # pixels a side of a noise map that is not halved further
BOUNDS = {"uniform": 1.0, "truncated": 2.0}  # of latents, by their distribution


@dataclass(frozen=True)
class Inversion:
    """What `invert` found for N pictures.

    latents: float [N, D], or of space `w+` and `w` float [N, mixing_layers, style_dim], the same in all layers for `w`;
    a pipeline's call takes them as `latents`. noise: float [N, M] for `noise` of the call; None for a network without.
    class_labels: int64 [N], or None. images: float [N, C, H, W] in [-1, 1], what the network makes of them. psnr: of
    each in dB, of a range of 2; higher is nearer. distances: perceptual distance of each, where one was given; lower is
    nearer. curve: the loss of each picture after each step, float [steps, N].
    """

    latents: torch.Tensor
    noise: torch.Tensor | None
    class_labels: torch.Tensor | None
    images: torch.Tensor
    psnr: list[float]
    distances: list[float] | None
    curve: torch.Tensor

    def inputs(self) -> dict[str, Any]:
        """The arguments of a pipeline's call that make these images again."""
        given = {"latents": self.latents, "noise": self.noise, "class_labels": self.class_labels}
        return {name: value for name, value in given.items() if value is not None}

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write latents, noise and labels as safetensors, of the names that a call has for them."""
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in self.inputs().items()}
        save_file(tensors, path)
        return Path(path)


def read_latents(path: str | os.PathLike[str]) -> dict[str, torch.Tensor]:
    """What `Inversion.save` wrote: latents, and perhaps noise and class labels, by the names of a call's arguments.

    Raises `FileNotFoundError`, and `ValueError` for a file that is damaged or holds something else.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path} does not exist; give a file of latents, such as hf-genimg invert writes")
    try:
        tensors = load(Path(path).read_bytes())
    except read_errors() as error:
        raise ValueError(f"{path} is no file of latents ({reason(error)}); give one of hf-genimg invert") from error
    if "latents" not in tensors or set(tensors) - set(TENSORS) or not len(tensors["latents"]):
        holds = ", ".join(tensors) or "nothing"
        raise ValueError(f"{path} holds {holds:.80}; it must hold latents, and may hold noise and class_labels")
    return tensors


def invert(
    pipe: Any,
    images: Any,
    steps: int = 300,
    space: str | None = None,
    *,
    class_labels: Any = None,
    distance: Distance | None = None,
    distance_weight: float = 1.0,
    learning_rate: float | None = None,
    seed: int = 0,
    callback: Callable[[int, int], None] | None = None,
) -> Inversion:
    """Find latents whose images are near to pictures, by gradient descent from the nearest of some random latents.

    The loss of a picture is the mean squared difference of pixels, plus a perceptual distance where one is given. An
    autoencoder starts from what its encoder gives. Noise maps are optimized as well, kept normal, and regularized so
    that they hold no structure of the picture. Each picture keeps the best that was found for it.

    Args:
        images: PIL pictures or float [N, C, H, W] in [-1, 1] of the model's size, as for an autoencoder's `encode`.
        steps: of Adam (0.9, 0.999).
        space: `z`, the network's latents; for a network with styles also `w`, one for all layers, or `w+`, one for each
            layer, which comes nearer and edits less well. `w` where there are styles, else `z`, unless given.
        class_labels: of a conditional model: one for all pictures or one for each.
        distance: float [N, C, H, W] twice to float [N], differentiable, such as
            `features.perceptual.PerceptualDistance(load_features("digits"))`, on the model's device.
        distance_weight: of it.
        learning_rate: its largest value; 0.05 for `z`, 0.1 for `w` and `w+` unless given.
        seed: of all that is random.
        callback: called after each step with the number of steps so far and `steps`.

    Raises:
        ValueError: an argument is not what it may be, or the model has no latents to find.
    """
    space = _check(pipe, steps, space)
    network, device = pipe.network, pipe._execution_device
    dtype = next(network.parameters()).dtype
    targets = prepare(images, network.config.image_size, network.config.image_channels).to(device, dtype)
    classes = pipe.capabilities.num_classes if "labels" in network.conditions else 0
    if classes and class_labels is None:
        raise ValueError(f"{type(network).__name__} is conditioned on classes; give class_labels as well")
    labels = check_labels(network, class_labels, classes, pipe.class_names, len(targets))
    labels = None if labels is None else labels.to(device)
    loss = _Loss(targets, distance, distance_weight)
    with pipe._running():
        search = _Search(pipe, space, labels, loss, torch.Generator().manual_seed(seed))
        encoded = pipe.encode(targets, class_labels=labels) if pipe.capabilities.encode else None
        search.start(encoded)
        curve = []
        for number in pipe.progress_bar(range(steps)):
            curve.append(search.step(number / steps, learning_rate or RATES[space], steps))
            if callback is not None:
                callback(number + 1, steps)
        made = search.images(search.best, search.best_noise)
        psnr = (10 * torch.log10(4 / (made - targets).float().square().flatten(1).mean(1).clamp_min(1e-10))).tolist()
        distances = None if distance is None else distance(made, targets).tolist()
    latents = search.latents(search.best).detach()
    noise = None if search.best_noise is None else search.best_noise.detach()
    return Inversion(latents, noise, labels, made, psnr, distances, torch.stack(curve).cpu())


def _check(pipe: Any, steps: int, space: str | None) -> str:
    """The space, checked with the rest."""
    check_count("steps", steps)
    network = pipe.network
    name = type(network).__name__
    if not draws_vectors(network) or "text" in network.conditions:
        raise ValueError(f"{name} cannot be inverted: it needs latents that are vectors, and no text")
    styled = network.style_shape is not None
    space = space or ("w" if styled else "z")
    if space not in SPACES:
        raise ValueError(f"space={space!r} is not known; use one of {', '.join(SPACES)}")
    if space != "z" and not styled:
        raise ValueError(f"space={space!r} is not possible: {name} has no styles; use z")
    return space


@dataclass(frozen=True)
class _Loss:
    """How far images are from the targets, of each."""

    targets: torch.Tensor
    distance: Distance | None
    weight: float

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        loss = (images - self.targets).float().square().flatten(1).mean(1)
        return loss if self.distance is None else loss + self.weight * self.distance(images, self.targets)


class _Search:
    """The points of all pictures, which move at the same time and know nothing of one another."""

    def __init__(
        self, pipe: Any, space: str, labels: torch.Tensor | None, loss: _Loss, generator: torch.Generator
    ) -> None:
        self.pipe, self.network, self.space, self.labels, self.loss = pipe, pipe.network, space, labels, loss
        self.generator, count = generator, len(loss.targets)
        self.spread = 0.0  # standard deviation of w
        noise = self.network.sample_noise(count, generator)
        self.noise = None if noise is None else noise.to(loss.targets)
        self.maps = list(self.network.noise_sides) if noise is not None else []

    def latents(self, points: torch.Tensor) -> torch.Tensor:
        """Points as the network takes them."""
        return points[:, None].expand(-1, *self.network.style_shape) if self.space == "w" else points

    def images(self, points: torch.Tensor, noise: torch.Tensor | None) -> torch.Tensor:
        """What the network makes of points."""
        return self.pipe._forward(self.network, GeneratorInputs(self.latents(points), self.labels, None, noise))

    def start(self, encoded: torch.Tensor | None) -> None:
        """From what an encoder gave, or from the nearest of some random latents."""
        self.points = self._nearest() if encoded is None else encoded.clone()
        self.points.requires_grad_(True)
        leaves = [self.points]
        if self.maps:
            self.noise.requires_grad_(True)
            leaves.append(self.noise)
        self.optimizer = torch.optim.Adam(leaves, betas=(0.9, 0.999))
        self.best, self.best_noise = self.points.detach().clone(), None if self.noise is None else self.noise.detach()
        self.least = self.loss(self.images(self.best, self.best_noise))

    def _nearest(self) -> torch.Tensor:
        """For each picture the nearest of `STARTS` random points of its class."""
        targets, z = self.loss.targets, self.network.sample_latents(STARTS, self.generator).to(self.loss.targets)
        labels = [None] if self.labels is None else self.labels.unique(dim=0)
        found = []
        for label in labels:
            points, thumbnails = self._candidates(z, label)
            found.append((points, torch.cdist(thumbnail(targets), thumbnails)))
        classes = [0] * len(targets) if self.labels is None else self.labels.unique(dim=0, return_inverse=True)[1]
        pairs = [found[int(number)] for number in classes]
        nearest = torch.stack([points[apart[index].argmin()] for index, (points, apart) in enumerate(pairs)])
        if self.space != "z":
            self.spread = found[0][0].float().std(0).square().mean().sqrt().item()
        return nearest[:, 0].clone() if self.space == "w" else nearest

    def _candidates(self, z: torch.Tensor, label: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        """Points of latents under one label, and thumbnails of their images."""
        labels = None if label is None else label.expand(len(z), *label.shape)
        points = z if self.space == "z" else self.network.map(z, labels)
        noise = None if self.noise is None else self.noise[:1].detach().expand(BATCH, -1)
        thumbnails = []
        for start in range(0, STARTS, BATCH):
            batch = slice(start, start + BATCH)
            given = GeneratorInputs(points[batch], None if labels is None else labels[batch], None, noise)
            thumbnails.append(thumbnail(self.pipe._forward(self.network, given)))
        return points, torch.cat(thumbnails)

    @torch.enable_grad()
    def step(self, share: float, rate: float, steps: int) -> torch.Tensor:
        """One step at a part `share` of the run; returns the loss of each picture before it."""
        points = self.points
        if self.space != "z":
            size = self.spread * NOISE * max(0.0, 1 - share / NOISE_UNTIL) ** 2
            points = points + size * torch.randn(points.shape, generator=self.generator).to(points)
        loss = self.loss(self.images(points, self.noise))
        self._keep(points, loss)
        total = loss.sum() + self._regularization()
        self.optimizer.param_groups[0]["lr"] = rate * ramp(share, steps)
        leaves = self.optimizer.param_groups[0]["params"]
        for leaf, gradient in zip(leaves, torch.autograd.grad(total, leaves), strict=True):
            leaf.grad = gradient
        self.optimizer.step()
        self._bound()
        return loss.detach()

    @torch.no_grad()
    def _keep(self, points: torch.Tensor, loss: torch.Tensor) -> None:
        better = loss < self.least
        self.least = torch.where(better, loss, self.least)
        self.best = torch.where(_rows(better, points), points, self.best)
        if self.noise is not None:
            self.best_noise = torch.where(better[:, None], self.noise, self.best_noise)

    def _regularization(self) -> torch.Tensor:
        """Of normal latents and of noise maps."""
        terms = self.points.new_zeros(())
        if self.space == "z" and self.network.config.latent_distribution == "normal":
            terms = terms + LATENT_WEIGHT * self.points.square().mean(1).sum()
        for part in self._noise_maps():
            terms = terms + NOISE_WEIGHT * autocorrelation(part)
        return terms

    def _noise_maps(self) -> list[torch.Tensor]:
        """Each float [N, 1, side, side]."""
        if not self.maps:
            return []
        parts = self.noise.split([side**2 for side in self.maps], 1)
        return [part.unflatten(1, (1, side, side)) for part, side in zip(parts, self.maps, strict=True)]

    @torch.no_grad()
    def _bound(self) -> None:
        """Latents within their distribution, noise maps with mean 0 and mean square 1."""
        bound = BOUNDS.get(self.network.config.latent_distribution) if self.space == "z" else None
        if bound is not None:
            self.points.clamp_(-bound, bound)
        for part in self._noise_maps():
            part -= part.mean((1, 2, 3), keepdim=True)
            part *= part.square().mean((1, 2, 3), keepdim=True).add(1e-12).rsqrt()


def ramp(share: float, steps: int) -> float:
    """The learning rate over its largest value at a part `share` of the run: a linear rise, and a cosine at the end."""
    fall = min(1.0, (1 - share) / RAMP_DOWN)
    return (0.5 - 0.5 * math.cos(math.pi * fall)) * min(1.0, (share + 1 / steps) / RAMP_UP)


def autocorrelation(maps: torch.Tensor) -> torch.Tensor:
    """Squared correlation of noise maps, float [N, 1, S, S], with themselves a pixel on, at all scales (appendix D)."""
    total = maps.new_zeros(())
    while True:
        for axis in (2, 3):
            total = total + (maps * maps.roll(1, axis)).mean((1, 2, 3)).square().sum()
        if maps.shape[2] <= SMALLEST_NOISE or maps.shape[2] % 2:
            return total
        maps = torch.nn.functional.avg_pool2d(maps, 2) * 2  # of unit variance again


def thumbnail(images: torch.Tensor) -> torch.Tensor:
    """Images of at most `THUMBNAIL` pixels a side, as rows: float32 [N, P]."""
    side = min(THUMBNAIL, images.shape[2])
    return torch.nn.functional.adaptive_avg_pool2d(images.float(), side).flatten(1)


def _rows(chosen: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """bool [N] with as many dimensions as `like`."""
    return chosen.view(-1, *[1] * (like.dim() - 1))
