"""Autoencoders after an equal budget of CPU time: reconstructions, samples and, where there is one, the bound.

    python benchmarks/autoencoders.py [--data mnist sprites] [--families mlp_vae ...] [--cpu 60] [--work DIR]
    python benchmarks/autoencoders.py --table

Each family is probed for twenty training steps; their speed, in CPU seconds, gives how many images it is trained on,
with the defaults of its recipe at 32 pixels. `vqvae` has half of the budget, its prior the other half. Reconstructions
of the first 200 test images: PSNR, SSIM and a perceptual distance in EfficientNet-Lite0 (0 for equal images, about 1
for unrelated ones). 1,700 samples: the Fréchet distance by a classifier (`digits`, or that of sprites in the
repository) and by EfficientNet-Lite0, for MNIST from the test images, for sprites from the training images; by the
second from 1,700 of them and without an interval, for which 1,280 features would need 25,600 images. Where the model
has a likelihood: the negative evidence lower bound of the 200 test images in nats, with grey levels as probabilities.
The intervals are of 95 percent, over images and not over trainings. An entry that is there is kept.

Results: results/autoencoders_DATA.json, and results/autoencoders_DATA.png with 16 samples in a row of each family.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _measure import RESULTS, write
from PIL import Image
from quality import SHARED, Budget

import hf_genimg
from hf_genimg.data import ImageDataset
from hf_genimg.evaluation.extractors import open_extractor
from hf_genimg.evaluation.features import extract
from hf_genimg.evaluation.metrics import Tables, fid
from hf_genimg.evaluation.paired import paired_scores
from hf_genimg.evaluation.perceptual import FeatureDistance
from hf_genimg.evaluation.scores import Score, mean_score
from hf_genimg.evaluation.sources import DataImages
from hf_genimg.recipes import recipe_class
from hf_genimg.training.recipe import Recipe

LITE0 = "efficientnet-lite0"
SETS = {  # data, the split that samples are compared with, and a classifier of it
    "mnist": ("mnist", "test", "digits"),
    "sprites": (
        "dungeon-sprites",
        "train",
        str(Path(__file__).resolve().parents[1] / "model_cards/classifier-sprites"),
    ),
}
FAMILIES = ("mlp_vae", "conv_vae", "beta_vae", "wae", "rae", "vqvae", "vaegan", "aae")
PRIORS = {"vqvae": "vqvae_prior"}  # which are trained for half of the budget
SIZE, RECONSTRUCTED, SAMPLED, SHOWN = 32, 200, 1_700, 16
AT_ONCE = 25  # images of which the bound is a mean


def recipe_of(data: str, family: str, **fields: Any) -> Recipe:
    """The family with its defaults for a set."""
    return recipe_class(family)().override(data=str(SHARED / SETS[data][0]), image_size=SIZE, upscale=True, **fields)


def trained(recipe: Recipe, budget: Budget, run: Path) -> dict[str, Any]:
    """Train for the budget, or go on; how many images that were, and in how much time."""
    noted = run.with_suffix(".json")
    if not noted.exists():
        run.parent.mkdir(parents=True, exist_ok=True)
        noted.write_text(json.dumps({"images": budget.images(recipe)}))
    known = json.loads(noted.read_text())
    began = time.process_time()
    hf_genimg.train(recipe.override(images=known["images"]), run)
    known.setdefault("cpu_seconds", round(time.process_time() - began, 1))
    noted.write_text(json.dumps(known))
    return known


def bound(recipe: Recipe, run: Path) -> Score | None:
    """The negative evidence lower bound of held-out images; None where the model has no likelihood."""
    images = recipe.held_out().batch(torch.arange(RECONSTRUCTED))
    networks, objective = {"autoencoder": hf_genimg.load(run).autoencoder}, recipe.objective()
    if not hasattr(objective, "likelihood"):
        return None
    torch.manual_seed(0)
    with torch.no_grad():
        parts = [
            objective.held_out(networks, {"images": part})["negative_elbo"] for part in images["images"].split(AT_ONCE)
        ]
    return mean_score(torch.stack(parts).numpy())


def measured(data: str, family: str, budget: Budget, work: Path) -> dict[str, Any]:
    """Train and score one family."""
    _, split, classifier = SETS[data]
    run, recipe = work / f"{data}-{family}-{budget}", recipe_of(data, family)
    share = Budget("cpu", budget.seconds / 2) if family in PRIORS else budget
    lengths = {family: trained(recipe, share, run)}
    model = run
    if family in PRIORS:
        model = work / f"{data}-{PRIORS[family]}-{budget}"
        lengths[PRIORS[family]] = trained(recipe_of(data, PRIORS[family], model=str(run)), share, model)
    pipe = hf_genimg.load(model)
    pixels = recipe.held_out().pixels(torch.arange(RECONSTRUCTED))
    images = pixels.permute(0, 3, 1, 2).float() / 127.5 - 1
    made = torch.as_tensor(np.asarray(pipe.reconstruct(images, "uint8", max_batch_size=100)))
    scores = paired_scores(made, pixels, ("psnr", "ssim", "perceptual"), distance=FeatureDistance(LITE0))
    scores |= distances(pipe, recipe.dataset(split), classifier)
    nats = bound(recipe, run)
    if nats is not None:
        scores["negative_elbo"] = nats
    shown = np.asarray(pipe(SHOWN, seed=0, output_type="uint8", max_batch_size=SHOWN).images)
    strip = np.pad(shown, ((0, 0), (2, 2), (2, 2), (0, 0)), constant_values=255)
    strip = np.concatenate(list(strip), 1)
    Image.fromarray(strip.squeeze()).save(work / f"{data}-{family}.png")
    return {"trained": lengths, "scores": {name: asdict(score) for name, score in scores.items()}}


def distances(pipe: Any, reference: ImageDataset, classifier: str) -> dict[str, Score]:
    """The Fréchet distances of samples by both extractors."""
    samples = pipe(SAMPLED, seed=0, output_type="uint8", max_batch_size=100).images
    fakes = replace(reference, images=np.asarray(samples))
    found = {}
    for name, extractor, most in (("classifier", classifier, len(reference)), (LITE0, LITE0, SAMPLED)):
        network = open_extractor(extractor)
        sides = (DataImages(fakes, SAMPLED), DataImages(reference, min(most, len(reference))))
        found[f"fid_{name}"] = fid(Tables(*(extract(side, network, name, progress=False) for side in sides)))["fid"]
    return found


def draw(data: str, families: list[str], work: Path) -> None:
    """One picture of all rows."""
    rows = [np.asarray(Image.open(work / f"{data}-{family}.png")) for family in families]
    Image.fromarray(np.concatenate(rows, 0)).save(RESULTS / f"autoencoders_{data}.png")


def table() -> str:
    """All entries as Markdown."""
    names = ("psnr", "ssim", "perceptual", f"fid_{LITE0}", "fid_classifier", "negative_elbo")
    lines = [
        "| data | family | images | PSNR | SSIM | perceptual | FID, Lite0 | FID, classifier | -ELBO |",
        "|---" * 9 + "|",
    ]
    for data in SETS:
        path = RESULTS / f"autoencoders_{data}.json"
        for family, entry in (json.loads(path.read_text())["measured"] if path.exists() else {}).items():
            lengths = " + ".join(f"{each['images']:,}" for each in entry["trained"].values())
            cells = [cell(entry["scores"].get(name)) for name in names]
            lines.append(" | ".join(["", data, f"`{family}`", lengths, *cells, ""]).strip())
    return "\n".join(lines)


def cell(score: dict[str, Any] | None) -> str:
    """A score with its interval."""
    if score is None:
        return ""
    bounds = "" if score["low"] is None else f" ({score['low']:.3g} to {score['high']:.3g})"
    return f"{score['value']:.3g}{bounds}"


def main() -> None:
    """Make what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--families", nargs="+", default=list(FAMILIES), choices=FAMILIES)
    parser.add_argument("--cpu", type=float, default=60.0, help="seconds of CPU time for each family")
    parser.add_argument("--work", type=Path, default=Path("runs/autoencoders"))
    parser.add_argument("--table", action="store_true")
    given = parser.parse_args()
    if given.table:
        print(table())
        return
    for data in given.data:
        path = RESULTS / f"autoencoders_{data}.json"
        for family in given.families:
            entries = json.loads(path.read_text())["measured"] if path.exists() else {}
            if family in entries:
                continue
            entries[family] = measured(data, family, Budget("cpu", given.cpu), given.work)
            ordered = {name: entries[name] for name in FAMILIES if name in entries}
            budget = {"cpu_seconds": given.cpu}
            print(write(f"autoencoders_{data}", __doc__, ordered, budget=budget), family, file=sys.stderr)
            draw(data, list(ordered), given.work)


if __name__ == "__main__":
    main()
