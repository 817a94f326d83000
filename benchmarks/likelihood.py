"""The likelihood of dynamically binarized MNIST under the network with one stochastic layer of the IWAE paper.

    python benchmarks/likelihood.py train [vae] [iwae] [--images N] [--work DIR]
    python benchmarks/likelihood.py measure [vae] [iwae] [--num 10000] [--samples 5000] [--work DIR]

784-200-200-50 with tanh (425,284 weights), trained on the 60,000 training images; `vae` by the evidence lower bound,
and `iwae` by the bound of 50 importance samples, from the weights of `vae` on. The 10,000 test images are binarized
once, from their index, and the likelihood is estimated by importance sampling, with the encoder as proposal. The paper
(arXiv:1509.00519, table 1; 3,280 passes over the data) has 86.76 nats for the VAE, 84.78 for IWAE with k=50, and 84.88
for IWAE from the weights of the VAE on (table 2). Each run goes on where it stopped; the intervals are over the test
images, not over trainings.

Results: results/likelihood.json.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _measure import RESULTS, write

import hf_genimg
from hf_genimg.objectives.importance import log_likelihood
from hf_genimg.recipes import recipe_class
from hf_genimg.training.recipe import Recipe

MNIST = Path(__file__).resolve().parents[2] / "shared" / "data" / "mnist"
PUBLISHED = {"vae": 86.76, "iwae": 84.78}
NETWORK = {"latent_dim": 50, "width": 200, "depth": 2, "activation": "tanh"}
LENGTH = {"snapshot_images": 500_000, "sample_images": 1_000_000, "log_images": 50_000}
RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "vae": ("mlp_vae", {"images": 7_000_000, "learning_rate": 1e-3}),
    "iwae": (
        "iwae",
        {
            "images": 1_300_000,
            "learning_rate": 2e-3,
            "samples": 50,
            "backward_samples": 5,
            "held_out_samples": 50,
            "mixed_precision": "bf16",
        },
    ),
}
AT_ONCE = 100  # test images
Z = 1.96


def recipe_of(name: str, work: Path, data: str, images: int | None = None) -> Recipe:
    """The recipe of a run; a run that is there keeps its length unless another is given."""
    family, fields = RUNS[name]
    begun = work / name / "recipe.json"
    if images is None and begun.exists():
        images = json.loads(begun.read_text())["fields"]["images"]
    fields = fields if images is None else {**fields, "images": images}
    start = {"init": str(work / "vae")} if name == "iwae" else {}
    settings = {"batch_size": 100, "schedule": "cosine", "binarize": True, "image_size": 28, "image_channels": 1}
    return recipe_class(family)().override(data=data, **settings, **NETWORK, **LENGTH, **fields, **start)


def likelihoods(name: str, recipe: Recipe, work: Path, num: int, samples: int) -> np.ndarray:
    """log p of the first `num` test images, float [num]; parts that were measured before are kept."""
    autoencoder = hf_genimg.load(work / name).autoencoder
    test, likelihood = recipe.held_out(), recipe.objective().likelihood
    kept = work / f"{name}-{samples}.npy"
    found = np.load(kept) if kept.exists() else np.zeros(0, np.float32)
    torch.manual_seed(len(found))
    while len(found) < num:
        part = torch.arange(len(found), min(len(found) + AT_ONCE, num))
        values = log_likelihood(autoencoder, likelihood, test.batch(part)["images"], samples)
        found = np.concatenate([found, values.numpy()])
        np.save(kept, found)
    return found[:num]


def interval(values: np.ndarray) -> dict[str, Any]:
    """The mean and its 95 percent interval."""
    half = Z * values.std(ddof=1) / len(values) ** 0.5
    return {
        "nats": round(float(values.mean()), 2),
        "interval": [round(float(values.mean() + s * half), 2) for s in (-1, 1)],
    }


def measured(names: list[str], work: Path, data: str, num: int, samples: int) -> dict[str, Any]:
    """The negative log likelihoods of runs beside those that were measured before."""
    path = RESULTS / "likelihood.json"
    entries = json.loads(path.read_text())["measured"] if path.exists() else {}
    values = {}
    for name in names:
        recipe, began = recipe_of(name, work, data), time.process_time()
        values[name] = -likelihoods(name, recipe, work, num, samples)
        last = json.loads((work / name / "log.jsonl").read_text().splitlines()[-1])
        entries[name] = {
            "negative_log_likelihood": interval(values[name]),
            "published": PUBLISHED[name],
            "test_images": num,
            "samples": samples,
            "images": recipe.images,
            "fields": {key: value for key, value in RUNS[name][1].items() if key not in ("images", "held_out_samples")},
            "log": {key: value for key, value in last.items() if isinstance(value, (int, float))},
            "measuring_cpu_seconds": round(time.process_time() - began, 1),
        }
    if len(values) == len(RUNS):
        entries["vae_minus_iwae"] = interval(values["vae"] - values["iwae"])
    return entries


def main() -> None:
    """Train or measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("train", "measure"))
    parser.add_argument("names", nargs="*", default=list(RUNS), metavar="vae|iwae")
    parser.add_argument("--images", type=int, help="length of the training")
    parser.add_argument("--num", type=int, default=10_000)
    parser.add_argument("--samples", type=int, default=5_000)
    parser.add_argument("--data", default=str(MNIST))
    parser.add_argument("--work", type=Path, default=Path("runs/likelihood"))
    given = parser.parse_args()
    if unknown := set(given.names) - set(RUNS):
        raise SystemExit(f"{', '.join(unknown)}: no such run; use vae, iwae or both")
    if given.what == "train":
        for name in given.names:
            hf_genimg.train(recipe_of(name, given.work, given.data, given.images), given.work / name)
        return
    print(write("likelihood", __doc__, measured(given.names, given.work, given.data, given.num, given.samples)))


if __name__ == "__main__":
    main()
