"""Unrolled GAN: the generator learns from the discriminator of several updates later (arXiv:1611.02163)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import nn
from torch.func import functional_call

from ..losses.adversarial import GANLoss
from .adversarial import Adversarial
from .base import Batch, Networks, Terms

INNER = ("adam", "sgd")
TINY = 1e-30  # under the root of Adam, whose derivative at 0 is infinite; far below the square of its eps
MOMENTS = ("exp_avg", "exp_avg_sq")


class Unrolled(Adversarial):
    """An adversarial objective whose generator answers to `steps` further updates of the discriminator (eq. 6 and 7).

    In the generator's update the discriminator takes `steps` differentiable updates on the micro-batch's real images
    and fakes, by its GAN loss without regularizers. The generator's loss is that of the last one, and its gradient goes
    through all of them: it learns how the discriminator would react (eq. 8). Then these updates are forgotten, and the
    discriminator goes on from where it was. With `steps` 0 this is `Adversarial`.

    inner: `adam` goes on from the moments of the discriminator's own Adam, with its betas and eps; `sgd` has no state.
    learning_rate: of the inner updates; None: the present one of the discriminator's optimizer. The loop gives the
    optimizers (see `Step`). Memory and time of the generator's update grow with `steps`.
    """

    def __init__(
        self, loss: GANLoss, *, steps: int, inner: str = "adam", learning_rate: float | None = None, **parts: Any
    ) -> None:
        super().__init__(loss, **parts)
        if not 0 <= steps <= 100:
            raise ValueError(f"unrolled_steps={steps} must be from 0 to 100: inner updates of the discriminator")
        if inner not in INNER:
            raise ValueError(f"inner_optimizer={inner!r} is not known; use one of {', '.join(INNER)}")
        if learning_rate is not None and learning_rate <= 0:
            raise ValueError(f"inner_learning_rate={learning_rate} must be above 0, or none: as the discriminator's")
        self.steps, self.inner, self.learning_rate = steps, inner, learning_rate

    def opposed(self, networks: Networks, batch: Batch, latents: torch.Tensor, fake: torch.Tensor) -> Networks:
        if not self.steps:
            return networks
        discriminator, optimizer = networks["discriminator"], self.step.optimizers["discriminator"]
        parameters = list(discriminator.parameters())
        update = InnerAdam(optimizer, parameters) if self.inner == "adam" else gradient_descent
        rate = self.learning_rate or optimizer.param_groups[0]["lr"]
        weights = flat(parameters).requires_grad_(True)
        for _ in range(self.steps):
            seen = {**networks, "discriminator": Ahead(discriminator, weights)}
            real_logits, _ = self.logits(seen, self.augment(batch["images"]), batch)
            fake_logits, _ = self.logits(seen, self.augment(fake), batch, latents)
            loss = sum(self.loss.discriminator(real_logits, fake_logits).values())
            (gradient,) = torch.autograd.grad(loss, weights, create_graph=True)
            weights = update(weights, gradient, rate)
        return {**networks, "discriminator": Ahead(discriminator, weights)}


class Ahead(nn.Module):
    """A network with other weights, float [P], which may have a graph."""

    def __init__(self, network: nn.Module, weights: torch.Tensor) -> None:
        super().__init__()
        names, parameters = zip(*network.named_parameters(), strict=True)
        parts = weights.split([parameter.numel() for parameter in parameters])
        shaped = [part.view(parameter.shape) for part, parameter in zip(parts, parameters, strict=True)]
        self.weights, self.conditions = dict(zip(names, shaped, strict=True)), network.conditions
        self._network = (network,)  # in a tuple, so that it is no part of this module

    def forward(self, images: torch.Tensor, **conditions: torch.Tensor) -> torch.Tensor:
        """What the network returns for images, float [N, C, H, W]."""
        return functional_call(self._network[0], self.weights, (images,), conditions)


def flat(tensors: Iterable[torch.Tensor]) -> torch.Tensor:
    """All of them in one vector, without their graphs."""
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors])


def gradient_descent(weights: torch.Tensor, gradient: torch.Tensor, rate: float) -> torch.Tensor:
    """The weights after one update, differentiable."""
    return weights - rate * gradient


class InnerAdam:
    """Adam (arXiv:1412.6980, algorithm 1), differentiable; goes on from the state of an optimizer and leaves that."""

    def __init__(self, optimizer: torch.optim.Optimizer, parameters: Sequence[torch.Tensor]) -> None:
        if not isinstance(optimizer, torch.optim.Adam):
            raise ValueError(f"inner_optimizer=adam goes on from Adam, not {type(optimizer).__name__}; use sgd")
        (self.beta1, self.beta2), self.eps = (optimizer.param_groups[0][name] for name in ("betas", "eps"))
        states = [optimizer.state.get(parameter, {}) for parameter in parameters]  # empty before the first update
        self.count = float(states[0].get("step", 0))
        pairs = list(zip(states, parameters, strict=True))
        self.mean, self.square = (flat(s.get(name, torch.zeros_like(p)) for s, p in pairs) for name in MOMENTS)

    def __call__(self, weights: torch.Tensor, gradient: torch.Tensor, rate: float) -> torch.Tensor:
        """The weights after one update."""
        self.count += 1
        self.mean = self.mean.lerp(gradient, 1 - self.beta1)
        self.square = self.square.lerp(gradient.square(), 1 - self.beta2)
        root = (self.square / (1 - self.beta2**self.count)).clamp_min(TINY).sqrt() + self.eps
        return weights - rate / (1 - self.beta1**self.count) * self.mean / root


def minimax(loss: GANLoss) -> GANLoss:
    """`loss` whose generator maximizes all that its discriminator minimizes, its terms on real images too.

    These depend on the generator through an unrolled discriminator (arXiv:1611.02163, eq. 1 and 7).
    """

    def generator(real_logits: torch.Tensor | None, fake_logits: torch.Tensor) -> Terms:
        return {"adversarial": -sum(loss.discriminator(real_logits, fake_logits).values())}

    return loss._replace(generator=generator, paired=True)
