"""What an unrolled GAN does on the ring of eight Gaussians (arXiv:1611.02163, section 3.1), setting by setting.

    python benchmarks/ring_unrolled.py [--only NUMBER ...] [--work DIR]

Method: the ring, the networks and Adam of ring.py, one seed, five inner updates by Adam from the discriminator's own
moments. Variants differ in the generator's loss (non-saturating, or minimax as published, where it maximizes the whole
loss of the discriminator), the activation (leaky ReLU, or tanh as published), the learning rates (published: 1e-3 for
the generator, 1e-4 for the discriminator, constant, 25,000 updates of batches of 512), batch and steps. Every 500 steps
and at the end, of 2,000 samples of the generator as trained: modes covered as in ring.py, samples near each mode (ten
standard deviations), the shares within three and ten, and the 5, 50 and 95 percent quantiles of the distance from the
centre, which is 1 for the ring and 0.25, 0.95 and 2.0 before training.

Results: results/ring_unrolled.json and results/ring_unrolled.png with the samples near each mode at the end; variants
that DIR does not hold are left out. One seed of a setting says little about another; ten seeds of any were not run.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import torch
from _measure import RESULTS, write
from ring import MODES, NEAR, SAMPLES, Generator, Setting, covered, distances, trained

EVERY = 500


class Variant(NamedTuple):
    """A setting and how long it is trained."""

    loss: str
    steps: int
    setting: Setting
    seed: int = 0


PUBLISHED = Setting("tanh", 1e-3, 1e-4, 512, cosine=False)
VARIANTS = [
    Variant("unrolled", 5000, Setting()),
    Variant("unrolled_minimax", 5000, Setting()),
    Variant("unrolled", 3000, Setting("leaky_relu", 1e-3, 1e-3)),
    Variant("unrolled_minimax", 3000, Setting("leaky_relu", 1e-3, 1e-3)),
    Variant("unrolled_minimax", 3000, Setting("leaky_relu", 1e-3, 3e-4)),
    Variant("unrolled_minimax", 3000, Setting("leaky_relu", 5e-4, 2e-3)),
    Variant("unrolled_minimax", 3000, PUBLISHED._replace(batch=256)),
    Variant("unrolled_minimax", 2000, PUBLISHED._replace(activation="leaky_relu", batch=256)),
    Variant("unrolled", 3000, Setting("leaky_relu", 1e-3, 1e-4, 128)),
    Variant("unrolled", 2500, Setting("leaky_relu", 1e-3, 5e-4, 128)),
    Variant("unrolled", 2500, Setting("leaky_relu", 3e-4, 1e-3, 128)),
    Variant("unrolled", 2500, Setting("tanh", 1e-3, 1e-3, 128)),
    Variant("unrolled", 4000, Setting("tanh", batch=128)),
    Variant("plain", 4000, Setting("tanh", batch=128)),
    Variant("unrolled", 4000, Setting("tanh", batch=128), seed=1),
    Variant("plain", 4000, Setting("tanh", batch=128), seed=1),
    Variant("unrolled", 5000, Setting("tanh")),
    *(Variant(loss, 12_000, PUBLISHED, seed) for seed in range(3) for loss in ("minimax", "unrolled_minimax")),
]
LABELS = {
    "plain": "not unrolled",
    "unrolled": "unrolled",
    "minimax": "not unrolled, minimax",
    "unrolled_minimax": "unrolled, minimax",
}


def described(points: torch.Tensor) -> dict[str, Any]:
    """The figures of samples, float [N, 2]."""
    away = distances(points)
    nearest = away.amin(1)
    quantiles = points.norm(dim=1).quantile(torch.tensor([0.05, 0.5, 0.95])).tolist()
    return {
        "modes": covered(points),
        "near": torch.bincount(away.argmin(1)[nearest < NEAR], minlength=away.shape[1]).tolist(),
        "within_three": round((nearest < 3).float().mean().item(), 3),
        "within_ten": round((nearest < NEAR).float().mean().item(), 3),
        "radius": [round(value, 2) for value in quantiles],
    }


def run(variant: Variant) -> dict[str, Any]:
    """The figures along the way."""
    along, began = [], time.perf_counter()

    def watch(step: int, generator: Generator) -> None:
        if step % EVERY == 0:
            with torch.no_grad():
                along.append({"step": step, **described(generator(generator.sample_latents(SAMPLES)))})
            print(variant.loss, *variant.setting, along[-1], flush=True)

    trained(variant.loss, variant.seed, variant.steps, variant.setting, watch)
    seconds = round(time.perf_counter() - began, 1)
    return {"loss": variant.loss, "seed": variant.seed, **variant.setting._asdict(), "along": along, "seconds": seconds}


def draw(lines: list[dict[str, Any]]) -> None:
    """How many of the last 2,000 samples lie near each mode, a panel for each variant."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, math.ceil(len(lines) / 2), figsize=(2.1 * math.ceil(len(lines) / 2), 5.2))
    for axis in axes.flat[len(lines) :]:
        axis.axis("off")
    for axis, line in zip(axes.flat, lines, strict=False):
        last = line["along"][-1]
        axis.bar(range(MODES), last["near"], color="tab:blue")
        axis.axhline(SAMPLES / MODES, color="silver")  # the share of each mode
        network = f"{LABELS[line['loss']]}, {line['activation']}"
        rates = f"G {line['generator_rate']:g}, D {line['discriminator_rate']:g}, batch {line['batch']}"
        reached = f"seed {line.get('seed', 0)}, {last['step']} steps: {last['modes']} of {MODES}"
        axis.set_title(f"{network}\n{rates}\n{reached}", size=8)
        axis.set(xticks=[], ylim=(0, 500))
    figure.tight_layout()
    figure.savefig(RESULTS / "ring_unrolled.png", dpi=100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", type=int, nargs="+", default=list(range(len(VARIANTS))), help="numbers from 0")
    parser.add_argument("--work", type=Path, default=Path("/tmp/ring"))
    given = parser.parse_args()
    for number in given.only:
        file = given.work / f"variant-{number}.json"
        if not file.is_file():
            line = run(VARIANTS[number])
            given.work.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(line))
    files = [given.work / f"variant-{number}.json" for number in range(len(VARIANTS))]
    lines = [json.loads(file.read_text()) for file in files if file.is_file()]
    draw(lines)
    method = __doc__.partition("Method: ")[2].partition("\n\n")[0]
    write("ring_unrolled", method, lines, settings={})


if __name__ == "__main__":
    main()
