"""Are marked images that were put into the training set found again in the trained model?

    python benchmarks/canaries.py DATA [--size 1000] [--canaries 20] [--repeats 1 10] [--models mlp_vae mlp_gan]
    [--work DIR]

Method: DATA's training split gives SIZE training images and as many candidates as its test split has, at most 500. A
candidate is an image that nobody trains on, with a mark of its own: a square of random black and white cells at a
random place. CANARIES of them are put into the training set, each REPEATS times; all others stay out, so that nothing
but training tells the two kinds apart. Each model is trained on that set, and candidates are then ranked by how well
the model knows them: by the distance of pixels to the nearest of 1,000 samples (needs samples alone), and by what the
networks say, the evidence lower bound of an autoencoder or the logit of a discriminator.

Exposure (arXiv:1802.08232, eq. 1) of a canary is log2(candidates that stayed out + 1) - log2(its rank among them), in
bits: as if chosen at random it has about 1.44, and the most is log2(candidates + 1). AUC: how well the score tells
canaries from those that stayed out; 0.5 is guessing. Intervals: 95 percent, of a bootstrap over both kinds. Baselines:
the same models trained without canaries (`repeats 0`), and a differentially private run with all canaries in. The
private run has a seed, so that the figures can be repeated. Results go to results/canaries.json.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _measure import write
from medical import saved, trained
from private_samples import least_noise
from sklearn.metrics import roc_auc_score

import hf_genimg
from hf_genimg.data import to_float
from hf_genimg.evaluation.neighbors import nearest_by_pixels
from hf_genimg.recipes import recipe_class

SIZE = 28
MARK = 8  # pixels a side
CELL = 2  # pixels a side
SAMPLES = 1_000
RESAMPLES = 200
MOST = 500  # candidates
EPSILON = 10.0
DELTA = 1e-4  # below 1 / size, for these small sets
MODELS: dict[str, dict[str, Any]] = {
    "mlp_vae": {"images": 50_000, "batch_size": 100, "learning_rate": 1e-3, "width": 400},
    "mlp_gan": {"images": 100_000, "batch_size": 100},
}
PRIVATE = {"mlp_vae": {"width": 100, "images": 30_000, "micro_batch_size": 100}}


def marked(images: np.ndarray, seed: int) -> np.ndarray:
    """The images uint8 [N, H, W, 1], each with a random mark of its own."""
    rng, found = np.random.default_rng(seed), images.copy()
    for image in found:
        top, left = rng.integers(0, images.shape[1] - MARK + 1, 2)
        cells = rng.integers(0, 2, (MARK // CELL, MARK // CELL), dtype=np.uint8) * 255
        image[top : top + MARK, left : left + MARK, 0] = np.kron(cells, np.ones((CELL, CELL), np.uint8))
    return found


def exposure(canaries: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Bits of each canary, float [n]; scores float [n] and [m], the higher the better known. Ties share their rank."""
    above = (others[None] > canaries[:, None]).sum(1) + (others[None] == canaries[:, None]).sum(1) / 2
    return np.log2(len(others) + 1) - np.log2(above + 1)


def found_again(canaries: np.ndarray, others: np.ndarray) -> dict[str, dict[str, float]]:
    """Mean exposure and AUC with intervals."""
    rng = np.random.default_rng(0)
    picks = [(np.arange(len(canaries)), np.arange(len(others)))]
    picks += [tuple(rng.integers(len(each), size=len(each)) for each in (canaries, others)) for _ in range(RESAMPLES)]
    rows = {"exposure": [], "auc": []}
    for ours, theirs in picks:
        one, other = canaries[ours], others[theirs]
        rows["exposure"].append(exposure(one, other).mean())
        truth = np.repeat([1, 0], [len(one), len(other)])
        rows["auc"].append(roc_auc_score(truth, np.concatenate([one, other])))
    ends = {name: np.percentile(values[1:], (2.5, 97.5)) for name, values in rows.items()}
    return {
        name: {
            "value": round(float(values[0]), 3),
            **dict(zip(("low", "high"), ends[name].round(3).tolist(), strict=True)),
        }
        for name, values in rows.items()
    }


@torch.no_grad()
def known(recipe: str, pipe: Any, images: np.ndarray) -> dict[str, np.ndarray]:
    """How well a model knows each image, by what is looked at: float [N], the higher the better."""
    pipe.set_progress_bar_config(disable=True)
    made = pipe(SAMPLES, seed=0, output_type="uint8", max_batch_size=500).images.cpu().numpy()
    inputs = to_float(torch.from_numpy(images), "cpu", False)
    found = {"samples": -nearest_by_pixels(images, made, 1).distances[:, 0]}
    if recipe == "mlp_gan":
        return found | {"network": pipe.discriminator.eval()(inputs).numpy()}
    network, objective = pipe.network.eval(), recipe_class(recipe)(image_size=SIZE, image_channels=1).objective()
    posterior = network.encode(inputs)
    kl = 0.5 * (posterior.mean**2 + posterior.logvar.exp() - 1 - posterior.logvar).sum(1)
    return found | {"network": -(objective.likelihood(network, posterior.mean, inputs) + kl).numpy()}


def row(recipe: str, fields: dict[str, Any], images: np.ndarray, candidates: np.ndarray, count: int, work: Path) -> Any:
    """Train on `images`, and rank the first `count` candidates among the others."""
    pipe = trained(recipe, work, saved(work.with_suffix(".npz"), images), **fields, seed=0)
    scores = known(recipe, pipe, candidates)
    return {by: found_again(each[:count], each[count:]) for by, each in scores.items()}


def measured(data: str, models: list[str], size: int, count: int, repeats: list[int], work: Path) -> dict[str, Any]:
    """The rows of the table by model and number of repeats."""
    real, others = (pictures(data, split) for split in ("train", "test"))
    images = real[np.random.default_rng(0).permutation(len(real))[:size]]
    candidates = marked(others[np.random.default_rng(1).permutation(len(others))[:MOST]], seed=2)
    rows = {}
    for recipe in models:
        settings = MODELS[recipe]
        for times in (0, *repeats):
            training = np.concatenate([images, np.repeat(candidates[:count], times, 0)])
            fields = {**settings, "snapshot_images": settings["images"], "sample_images": settings["images"]}
            rows[f"{recipe}, repeats {times}"] = row(
                recipe, fields, training, candidates, count, work / f"{recipe}-{times}"
            )
            print(recipe, times, rows[f"{recipe}, repeats {times}"], flush=True)
    for recipe, settings in ((name, PRIVATE[name]) for name in models if name in PRIVATE):
        fields = {**MODELS[recipe], **settings, "snapshot_images": settings["images"], "dp_delta": DELTA, "dp_seed": 0}
        training = np.concatenate([images, candidates[:count]])
        updates = -(-fields["images"] // fields["batch_size"])
        fields["dp_noise"] = least_noise(EPSILON, fields["batch_size"] / len(training), updates, DELTA)
        name = f"{recipe}, repeats 1, epsilon {EPSILON:g}"
        rows[name] = row(recipe, fields, training, candidates, count, work / f"{recipe}-private")
        print(name, fields, rows[name], flush=True)
    return {"training_images": len(images), "canaries": count, "stayed_out": len(candidates) - count, "rows": rows}


def pictures(data: str, split: str) -> np.ndarray:
    """All images of a split, uint8 [N, H, W, 1]."""
    found = hf_genimg.open_dataset(f"{data}@{split}", image_size=SIZE, image_channels=1, progress=False)
    return np.asarray(found.images)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", metavar="DATA")
    parser.add_argument("--size", type=int, default=1000, help="training images without canaries")
    parser.add_argument("--canaries", type=int, default=20)
    parser.add_argument("--repeats", type=int, nargs="+", default=[1, 10])
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--work", type=Path, default=Path("runs/canaries"))
    given = parser.parse_args()
    data = str(Path(given.data).resolve()) if Path(given.data).exists() else given.data
    found = measured(data, given.models, given.size, given.canaries, given.repeats, given.work)
    settings = {"models": MODELS, "private": PRIVATE, "delta": DELTA, "samples": SAMPLES}
    print(write("canaries", __doc__, {"data": Path(given.data).name, **settings, **found}))


if __name__ == "__main__":
    main()
