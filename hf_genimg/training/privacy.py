"""Differentially private updates (DP-SGD, arXiv:1607.00133): one image moves no weight by more than noise hides.

In each training step every image takes part independently with the probability batch_size / images (Poisson sampling,
which the accountant assumes). The gradient of each image is scaled down to the length `clip`; their sum, with Gaussian
noise of deviation `noise * clip`, divided by batch_size, is the gradient of the update. Which images take part and the
noise come from a secret that only the state of the run holds: whoever knew it could take the noise away.
"""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.func import functional_call, grad, vmap

# Orders of the Rényi divergence among which the accountant takes the best.
ORDERS = [1 + tenth / 10 for tenth in range(1, 100)] + list(range(12, 64)) + [96, 128, 256, 512]
EXTRA = "dp_noise needs opacus; pip install 'hf_genimg[privacy]'"
Batch = dict[str, torch.Tensor]
Grads = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Privacy:
    """What a recipe asks of the updates of one player.

    Args:
        player: whose updates are private. No other player's may see the data.
        noise: standard deviation of the noise, in units of `clip`.
        clip: the longest gradient of one image.
        delta: how likely the bound epsilon may fail.
        seed: instead of a secret, for runs that have to be repeated; they are not private.
        clip_public: clip the gradients of terms that need no data as well; they get no noise.
    """

    player: str
    noise: float
    clip: float
    delta: float
    seed: int | None = None
    clip_public: bool = False

    def epsilon(self, rate: float, steps: int) -> float:
        """The bound after so many steps in which each image takes part with the probability `rate`, by opacus' Rényi
        accountant (arXiv:1908.10530).

        Raises:
            ImportError: opacus is not installed.
        """
        rdp = accountant()
        if not steps:
            return 0.0
        spent = divergences(rate, self.noise) * steps
        with warnings.catch_warnings():  # that a bound at the end of the orders may not be the tightest
            warnings.simplefilter("ignore")
            return float(rdp.get_privacy_spent(orders=ORDERS, rdp=spent, delta=self.delta)[0])


def accountant() -> Any:
    """opacus' functions of the Rényi divergence. Raises `ImportError` where there is no opacus."""
    try:
        from opacus.accountants.analysis import rdp
    except ImportError:
        raise ImportError(EXTRA) from None
    return rdp


@cache
def divergences(rate: float, noise: float) -> np.ndarray:
    """The Rényi divergence of one step at each of `ORDERS`: those of several steps add up."""
    return np.asarray(accountant().compute_rdp(q=rate, noise_multiplier=noise, steps=1, orders=ORDERS))


class PrivateUpdates:
    """The private updates of a run.

    Args:
        privacy: what the recipe asks for.
        networks: those that are trained, by name.
        weights: the parameters of the player.
        size: the number of images in the data.
        batch_size: how many images take part in a step in the mean.
    """

    def __init__(
        self,
        privacy: Privacy,
        networks: Mapping[str, nn.Module],
        weights: list[nn.Parameter],
        size: int,
        batch_size: int,
    ) -> None:
        accountant()  # refused now, not at the first line of the log
        self.privacy, self.size, self.batch_size, self.steps = privacy, size, batch_size, 0
        own = {id(weight) for weight in weights}
        self._networks = nn.ModuleDict(networks)
        self._weights = {name: weight for name, weight in self._networks.named_parameters() if id(weight) in own}
        self._linear = linear_layers(self._networks, self._weights)  # empty where there are other weights
        self._secret = secrets.token_hex(16) if privacy.seed is None else f"seed {privacy.seed}"

    @property
    def rate(self) -> float:
        """The probability of each image to take part in a step."""
        return self.batch_size / self.size

    def spent(self) -> dict[str, float]:
        """What the steps so far have spent, for the log."""
        return {
            "privacy/epsilon": round(self.privacy.epsilon(self.rate, self.steps), 6),
            "privacy/delta": self.privacy.delta,
        }

    def chosen(self) -> torch.Tensor:
        """The images that take part in this step, int64 [n], in order; there may be none."""
        draws = torch.rand(self.size, generator=self._generator("images"), dtype=torch.float64)
        return (draws < self.rate).nonzero()[:, 0]

    def seeds(self, chosen: torch.Tensor) -> torch.Tensor:
        """Seeds of what is random about these images in this step, int64 [n]."""
        return chosen + (self.steps * self.size + (self._number("items") >> 2))

    def accumulate(self, loss: Callable[[Mapping[str, nn.Module], Batch], torch.Tensor], batches: Any) -> None:
        """Set the gradients of the weights: clipped, summed over all images of `batches`, with noise.

        loss: of a batch of one image, given the networks. batches: dicts of tensors [n, ...], made one after another.
        """
        sums = self._summed(loss, batches)
        noise, deviation = self._generator("noise"), self.privacy.noise * self.privacy.clip
        for name, weight in self._weights.items():
            drawn = torch.randn(weight.shape, generator=noise).to(weight.device)
            weight.grad = (sums[name] + deviation * drawn) / self.batch_size
        self.steps += 1

    def add_public(self, loss: Callable[[Mapping[str, nn.Module], Batch], torch.Tensor], batches: Any) -> None:
        """Add the gradients of batches that were made without the data, clipped alike; arguments as `accumulate`.

        Real images would otherwise count for less: a gradient that is cut to `clip` is small beside one that is not.
        """
        for name, clipped in self._summed(loss, batches).items():
            self._weights[name].grad += clipped / self.batch_size

    def _summed(self, loss: Callable[[Mapping[str, nn.Module], Batch], torch.Tensor], batches: Any) -> Grads:
        sums = {name: torch.zeros_like(weight) for name, weight in self._weights.items()}
        for batch in batches:
            for name, clipped in self._clipped(loss, batch).items():
                sums[name] += clipped
        return sums

    def _clipped(self, loss: Callable[[Mapping[str, nn.Module], Batch], torch.Tensor], batch: Batch) -> Grads:
        """The sum of the gradients of the images of a batch, each scaled down to `clip`.

        A gradient that is not finite counts as zero, so that no image can show itself by spoiling an update.
        """
        apart = _Loss(self._networks, loss)
        if self._linear:
            try:
                return self._clipped_by_layers(apart, batch)
            except _Unlike:
                self._linear = {}

        def of_one(weights: Grads, image: Batch) -> torch.Tensor:
            given = {f"networks.{name}": weight for name, weight in weights.items()}
            return functional_call(apart, given, ({name: value[None] for name, value in image.items()},))

        weights = {name: weight.detach() for name, weight in self._weights.items()}
        grads = vmap(grad(of_one), in_dims=(None, 0), randomness="different")(weights, batch)
        scales, whole = self._scales(torch.stack([each.flatten(1).square().sum(1) for each in grads.values()]).sum(0))
        return {
            name: torch.einsum("n,n...->...", scales, torch.where(_like(whole, each), each, 0))
            for name, each in grads.items()
        }

    def _scales(self, squares: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What gradients of these squared lengths, float [n], are multiplied with, and which are finite."""
        whole = squares.isfinite()
        return (self.privacy.clip / squares.sqrt().clamp(min=1e-12)).clamp(max=1).where(whole, 0), whole

    def _clipped_by_layers(self, apart: nn.Module, batch: Batch) -> Grads:
        """The same of linear layers, without the gradients of single images, which are outer products of a layer's
        input and the gradient of its output (Goodfellow, arXiv:1510.01799).

        Raises `_Unlike` where a layer does not see each image once, as one vector.
        """
        count = len(next(iter(batch.values())))
        weights = {f"networks.{name}": weight.detach() for name, weight in self._weights.items()}
        zeros = {name: layer.weight.new_zeros(count, layer.out_features) for name, layer in self._linear.items()}

        def of_one(added: Grads, image: Batch) -> tuple[torch.Tensor, Grads]:
            with _tapped(self._linear, added) as inputs:
                value = functional_call(apart, weights, ({name: value[None] for name, value in image.items()},))
            return value, inputs

        outer, inputs = vmap(grad(of_one, has_aux=True), randomness="different")(zeros, batch)
        squares = torch.zeros(count, device=next(iter(zeros.values())).device)
        for name, given in inputs.items():
            length = outer[name].square().sum(1)
            squares += length * (given.square().sum(1) + (f"{name}.bias" in self._weights))
        scales, whole = self._scales(squares)
        found: Grads = {}
        for name, given in inputs.items():
            scaled = torch.where(whole[:, None], scales[:, None] * outer[name], 0)
            found[f"{name}.weight"] = scaled.T @ torch.where(whole[:, None], given, 0)
            if f"{name}.bias" in self._weights:
                found[f"{name}.bias"] = scaled.sum(0)
        return found

    def state(self) -> dict[str, Any]:
        """What the rest of the run depends on; the secret is among it."""
        return {"steps": self.steps, "secret": self._secret}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from `state`."""
        self.steps, self._secret = state["steps"], state["secret"]

    def _number(self, use: str) -> int:
        """A whole number below 2^63 that the secret gives for this use in this step."""
        key = f"{self._secret} {use} {self.steps if use != 'items' else ''}"
        return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big") >> 1

    def _generator(self, use: str) -> torch.Generator:
        return torch.Generator().manual_seed(self._number(use))


def linear_layers(networks: nn.Module, weights: Mapping[str, nn.Parameter]) -> dict[str, nn.Linear]:
    """The linear layers by name, where all of `weights` are theirs; none otherwise."""
    layers = {name: module for name, module in networks.named_modules() if type(module) is nn.Linear}
    layers = {name: layer for name, layer in layers.items() if f"{name}.weight" in weights}
    theirs = {f"{name}.{kind}" for name in layers for kind in ("weight", "bias")}
    return layers if weights.keys() <= theirs else {}


class _Unlike(Exception):
    """A layer sees an image not at all as one vector, or more than once."""


@contextmanager
def _tapped(layers: Mapping[str, nn.Linear], added: Grads) -> Iterator[Grads]:
    """While it lasts, `added`, float [out] of each layer, is added to its output; yields the layers' inputs, [in]."""
    inputs: Grads = {}

    def hook(name: str) -> Callable[[nn.Module, Any, torch.Tensor], torch.Tensor]:
        def tap(_: nn.Module, given: tuple[torch.Tensor, ...], output: torch.Tensor) -> torch.Tensor:
            if name in inputs or given[0].dim() != 2 or len(given[0]) != 1:
                raise _Unlike
            inputs[name] = given[0][0]
            return output + added[name]

        return tap

    handles = [layer.register_forward_hook(hook(name)) for name, layer in layers.items()]
    try:
        yield inputs
    finally:
        for handle in handles:
            handle.remove()


class _Loss(nn.Module):
    """A loss as a module of its networks, so that their weights can be replaced."""

    def __init__(self, networks: nn.ModuleDict, loss: Callable[[Mapping[str, nn.Module], Batch], torch.Tensor]) -> None:
        super().__init__()
        self.networks, self.loss = networks, loss

    def forward(self, batch: Batch) -> torch.Tensor:
        return self.loss(self.networks, batch)


def _like(flags: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Flags [n] that broadcast to values [n, ...]."""
    return flags.view(-1, *[1] * (values.dim() - 1))
