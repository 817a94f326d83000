"""Does a loss cover a ring of eight Gaussians? The smallest picture of mode collapse (arXiv:1611.02163, section 3.1).

    python benchmarks/ring.py [--seeds 10] [--steps 5000] [--losses plain r3gan unrolled] [--work DIR]

Method: eight Gaussians of standard deviation 0.01 on a circle of radius 1; generator and discriminator with two hidden
layers of 128 leaky ReLU, orthogonal weights (gain 1.4), latents of 256 normal numbers, batches of 256, Adam (2e-3 for
both, falling to zero by a cosine, beta1 0.5), all the same for all losses. `plain` is the non-saturating loss; `r3gan`
the relativistic one with R1 and R2, gamma 0.1, on every update; `unrolled` the non-saturating one, whose generator
learns from the discriminator five updates ahead (Adam, from the discriminator's own moments). The objectives are the
package's own. After the last step 2,000 samples of the generator as trained, no average of it, are evaluated: a mode is
covered where at least a quarter of its share, one sample of 32, lies within ten standard deviations of it, an eighth of
the way to the next mode. How many samples lie within three is reported beside, for modes are found long before they are
sharp. The same samples are diagnosed for collapse beside 2,000 of the ring, with the nearest mode as their class, or
none of them beyond ten standard deviations.

Results: results/ring.json, whose lines of other losses are kept where seeds and steps are the same, and
results/ring_LOSS.png with the samples of every run; of `plain` and `r3gan` so far. Runs that DIR holds are not made
again. What one seed of `unrolled` reaches with these and other settings: ring_unrolled.py.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import numpy as np
import torch
from _measure import RESULTS, write
from torch import nn
from tqdm import trange

from hf_genimg.evaluation.collapse import Diagnosis, diagnose
from hf_genimg.losses.adversarial import gan_loss
from hf_genimg.objectives.adversarial import Adversarial
from hf_genimg.objectives.base import Step
from hf_genimg.objectives.regularizers import ZeroCenteredPenalty
from hf_genimg.objectives.unrolled import Unrolled, minimax

MODES, RADIUS, SPREAD = 8, 1.0, 0.01
LOSSES = ["plain", "r3gan", "unrolled"]
UNROLLED = 5  # updates of the discriminator
LATENTS, HIDDEN, SAMPLES = 256, 128, 2000
NEAR, COVERED = 10, 1 / 32  # standard deviations, and the share of all samples that is to be so near a mode
ACTIVATIONS = {"leaky_relu": lambda: nn.LeakyReLU(0.2), "tanh": nn.Tanh}


class Setting(NamedTuple):
    """Of a run; the defaults are those of all losses that are compared."""

    activation: str = "leaky_relu"  # or tanh
    generator_rate: float = 2e-3
    discriminator_rate: float = 2e-3
    batch: int = 256
    cosine: bool = True  # both rates fall to zero; False: they are constant


ALIKE = Setting()


def centres() -> torch.Tensor:
    """float [8, 2]."""
    angles = torch.arange(MODES) * (2 * math.pi / MODES)
    return RADIUS * torch.stack([angles.cos(), angles.sin()], 1)


def ring(count: int) -> torch.Tensor:
    """Points of the ring, float [count, 2]."""
    return centres()[torch.randint(MODES, (count,))] + SPREAD * torch.randn(count, 2)


def perceptron(inputs: int, outputs: int, activation: str = "leaky_relu") -> nn.Sequential:
    """Two hidden layers."""
    layers = [nn.Linear(inputs, HIDDEN), nn.Linear(HIDDEN, HIDDEN), nn.Linear(HIDDEN, outputs)]
    for layer in layers:
        nn.init.orthogonal_(layer.weight, gain=1.4)
        nn.init.zeros_(layer.bias)
    act = ACTIVATIONS[activation]()
    return nn.Sequential(layers[0], act, layers[1], act, layers[2])


class Generator(nn.Module):
    """Latents to points."""

    conditions = ()

    def __init__(self, activation: str = "leaky_relu") -> None:
        super().__init__()
        self.layers = perceptron(LATENTS, 2, activation)

    def sample_latents(self, count: int) -> torch.Tensor:
        return torch.randn(count, LATENTS)

    def forward(self, latents: torch.Tensor, class_labels: None = None) -> torch.Tensor:
        return self.layers(latents)


class Discriminator(nn.Module):
    """Points to logits, float [N]."""

    conditions = ()

    def __init__(self, activation: str = "leaky_relu") -> None:
        super().__init__()
        self.layers = perceptron(2, 1, activation)

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        return self.layers(points).squeeze(1)


def objective(loss: str) -> Adversarial:
    """The losses that are compared."""
    if loss == "plain":
        return Adversarial(gan_loss("non_saturating"))
    if loss == "unrolled":
        return Unrolled(gan_loss("non_saturating"), steps=UNROLLED)
    if loss in ("minimax", "unrolled_minimax"):
        return Unrolled(minimax(gan_loss("saturating")), steps=0 if loss == "minimax" else UNROLLED)
    return Adversarial(
        gan_loss("relativistic"), [ZeroCenteredPenalty(0.1, on="real"), ZeroCenteredPenalty(0.1, on="fake")]
    )


def trained(
    loss: str,
    seed: int,
    steps: int,
    setting: Setting = ALIKE,
    watch: Callable[[int, Generator], None] = lambda step, generator: None,
) -> Generator:
    """A generator after so many training steps; `watch` is called after each."""
    torch.manual_seed(seed)
    rates = {"generator": setting.generator_rate, "discriminator": setting.discriminator_rate}
    networks = {"generator": Generator(setting.activation), "discriminator": Discriminator(setting.activation)}
    method = objective(loss)
    optimizers = {
        name: torch.optim.Adam(network.parameters(), lr=rates[name], betas=(0.5, 0.999))
        for name, network in networks.items()
    }
    annealed = optimizers.values() if setting.cosine else ()
    schedules = [torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps) for optimizer in annealed]
    for step in trange(steps, desc=f"{loss} {seed}", leave=False):
        for turn, player in enumerate(method.players):
            for name, network in networks.items():
                network.requires_grad_(name == player)
            method.begin(Step(player=player, turn=turn, optimizers=optimizers))
            optimizers[player].zero_grad()
            sum(getattr(method, player)(networks, {"images": ring(setting.batch)}).values()).backward()
            optimizers[player].step()
            method.update(player, networks)
        for schedule in schedules:
            schedule.step()
        watch(step + 1, networks["generator"])
    return networks["generator"]


def distances(points: torch.Tensor) -> torch.Tensor:
    """To each mode in standard deviations, float [N, 8]."""
    return torch.cdist(points, centres()) / SPREAD


def covered(points: torch.Tensor) -> int:
    """How many modes have enough of the samples."""
    return int(((distances(points) < NEAR).float().mean(0) >= COVERED).sum())


def diagnosed(points: torch.Tensor, real: torch.Tensor) -> Diagnosis:
    """The collapse diagnosis of points: classes are the modes and, last, none of them."""

    def logits(some: torch.Tensor) -> np.ndarray:
        return torch.cat([-distances(some), some.new_full((len(some), 1), -float(NEAR))], 1).numpy()

    def pixels(some: torch.Tensor) -> np.ndarray:
        return ((some.clamp(-1.25, 1.25) / 1.25 + 1) * 127.5).round().byte().view(-1, 1, 1, 2).numpy()

    return diagnose(
        pixels(points), pixels(real), features=(points.numpy(), real.numpy()), logits=(logits(points), logits(real))
    )


def run(loss: str, seed: int, steps: int) -> tuple[dict[str, Any], torch.Tensor]:
    """One line of the results, and the samples."""
    began = time.perf_counter()
    generator = trained(loss, seed, steps)
    took = time.perf_counter() - began
    with torch.no_grad():
        points, real = generator(generator.sample_latents(SAMPLES)), ring(SAMPLES)
    found = diagnosed(points, real)
    sharp = (distances(points).amin(1) < 3).float().mean().item()
    lost = [mode for mode in found.lost if mode < MODES]
    alarms = list(found.alarms)
    line = {
        "seed": seed,
        "modes": covered(points),
        "within_three": round(sharp, 3),
        "lost": lost,
        "alarms": alarms,
        "seconds": round(took, 1),
    }
    return line, points


def kept_run(loss: str, seed: int, steps: int, work: Path) -> tuple[dict[str, Any], torch.Tensor]:
    """`run`, or what it gave before, from a file of `work`."""
    file = work / f"{loss}-{steps}-{seed}.json"
    if not file.is_file():
        line, points = run(loss, seed, steps)
        work.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"line": line, "points": points.tolist()}))
        print(loss, line, flush=True)
    found = json.loads(file.read_text())
    return found["line"], torch.tensor(found["points"])


def draw(loss: str, samples: list[torch.Tensor]) -> None:
    """A ring for each seed."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(samples), figsize=(1.6 * len(samples), 1.8), squeeze=False)
    for axis, points in zip(axes[0], samples, strict=True):
        axis.scatter(*centres().T, s=60, facecolors="none", edgecolors="silver")
        axis.scatter(*points.T, s=1, color="tab:blue", alpha=0.3)
        axis.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), xticks=[], yticks=[], aspect="equal")
        axis.set_title(f"{covered(points)} of {MODES}")
    axes[0][0].set_ylabel(loss)
    figure.tight_layout()
    figure.savefig(RESULTS / f"ring_{loss}.png", dpi=100)


def earlier(settings: dict[str, int]) -> dict[str, list[dict[str, Any]]]:
    """The lines of the results file, where they were made with the same settings."""
    file = RESULTS / "ring.json"
    found = json.loads(file.read_text()) if file.is_file() else {}
    return found["measured"] if found.get("settings") == settings else {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--losses", nargs="+", default=LOSSES, choices=LOSSES)
    parser.add_argument("--work", type=Path, default=Path("/tmp/ring"))
    given = parser.parse_args()
    settings = {"steps": given.steps, "seeds": given.seeds}
    lines = earlier(settings)
    for loss in given.losses:
        runs = [kept_run(loss, seed, given.steps, given.work) for seed in range(given.seeds)]
        lines[loss] = [line for line, _ in runs]
        draw(loss, [points for _, points in runs])
    write("ring", __doc__.partition("Method: ")[2].partition("\n\n")[0], lines, settings=settings)


if __name__ == "__main__":
    main()
