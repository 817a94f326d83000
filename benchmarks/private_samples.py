"""What differential privacy costs: the accuracy on real images of classifiers trained on samples of private models.

    python benchmarks/private_samples.py DATA [--recipes cvae cgan_mlp] [--epsilons none 10 1]
    [--seeds 3] [--work DIR]

DATA has classes and the splits train and test, such as MNIST.

Method: each recipe is trained once without privacy, and once for each epsilon at delta 1e-5, with the same settings and
number of images seen; the noise is the least with which the whole run spends no more than epsilon (Poisson sampling,
Renyi accountant). Of each model, as many images of each class are sampled. The recipe classifier, without augmentation,
is trained on them, on as many real training images, and on the same real images with shuffled labels, and tested on all
real test images. Accuracies are means over the classifier's seeds, with 95 percent intervals of a bootstrap over test
images and seeds; each generative model was trained once, so that its own spread over seeds is not in them. `shuffled`
is what a classifier has that learned nothing. Noise comes from a seed (dp_seed), so that the figures can be repeated.

What was measured before, of recipes that are not asked for, stays. Published accuracies at epsilon 10 and delta 1e-5 on
MNIST are approximate and of other networks and classifiers. Results go to results/private_samples.json, and samples of
each model to results/private_samples_RECIPE.png.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
from _measure import RESULTS, write
from medical import Labelled, compared, saved, trained
from sklearn.metrics import accuracy_score

import hf_genimg
from hf_genimg.data import to_float
from hf_genimg.training.privacy import Privacy

matplotlib.use("Agg")
from matplotlib import pyplot

DELTA = 1e-5
SIZE = 28
SETTINGS: dict[str, dict[str, Any]] = {  # of the private training and of the other
    "cvae": {
        "images": 500_000,
        "batch_size": 1000,
        "micro_batch_size": 500,
        "learning_rate": 1e-2,
        "width": 64,
        "latent_dim": 3,
        "ema_half_life": 10_000,
    },
    "cgan_mlp": {
        "images": 1_000_000,
        "batch_size": 500,
        "n_critic": 2,
        "learning_rate": 1e-3,
        "schedule": "cosine",
        "latent_dim": 32,
        "generator_width": 64,
        "discriminator_width": 128,
        "class_heads": True,
        "black_is_zero": True,
        "dp_clip": 4.0,
        "ema_half_life": 20_000,
    },
}
CLASSIFIER = {
    "images": 30_000,
    "augment": False,
    "ema_half_life": 2_000,
    "snapshot_images": 30_000,
    "sample_images": 30_000,
}
PUBLISHED = {"DP-CGAN": 0.6, "PATE-GAN": 0.65, "GS-WGAN": 0.8, "DP-MERF": 0.8}  # epsilon 10, approximate
SHOWN = 2  # images of each class


def least_noise(epsilon: float, rate: float, updates: int, delta: float = DELTA) -> float:
    """The least noise, to 0.005, with which so many updates spend at most `epsilon`."""
    low, high = 0.1, 100.0
    while high - low > 0.005:
        middle = (low + high) / 2
        spent = Privacy("", middle, 1.0, delta).epsilon(rate, updates)
        low, high = (middle, high) if spent > epsilon else (low, middle)
    return round(high, 4)


def fields_of(settings: dict[str, Any], epsilon: float | None, size: int) -> dict[str, Any]:
    """All fields of a run; without privacy, those for dp_noise are left out."""
    shared = {name: value for name, value in settings.items() if epsilon is not None or not name.startswith("dp_")}
    once = {"snapshot_images": settings["images"], "sample_images": settings["images"]}
    return {**shared, **private_fields(settings, epsilon, size), **once}


def private_fields(settings: dict[str, Any], epsilon: float | None, size: int) -> dict[str, Any]:
    """What a recipe with these settings needs besides, on `size` images; nothing where epsilon is None."""
    if epsilon is None:
        return {}
    updates = -(-settings["images"] // settings["batch_size"])
    return {"dp_noise": least_noise(epsilon, settings["batch_size"] / size, updates), "dp_delta": DELTA, "dp_seed": 0}


def read(data: str, split: str) -> Labelled:
    """All images uint8 [N, H, W, 1] of a split, and their labels int64 [N]."""
    found = hf_genimg.open_dataset(f"{data}@{split}", image_size=SIZE, image_channels=1, labels=True, progress=False)
    return np.asarray(found.images), np.asarray(found.labels)


def samples(pipe: Any, labels: np.ndarray) -> np.ndarray:
    """An image of each label: uint8 [N, H, W, 1]."""
    pipe.set_progress_bar_config(disable=True)
    made = pipe(len(labels), class_labels=labels.tolist(), seed=0, output_type="uint8", max_batch_size=250)
    return made.images.cpu().numpy()


@torch.no_grad()
def predicted(classifier: Any, images: np.ndarray) -> np.ndarray:
    """The likeliest class of each image, int64 [N]."""
    inputs = to_float(torch.from_numpy(images), "cpu", False)
    return torch.cat([classifier.network.eval()(part).argmax(1) for part in inputs.split(500)]).numpy()


def models(data: str, recipes: list[str], epsilons: list[float | None], size: int, work: Path) -> dict[str, Any]:
    """The pipeline of each model by its name in the table."""
    found = {}
    for recipe in recipes:
        for epsilon in epsilons:
            fields = fields_of(SETTINGS[recipe], epsilon, size)
            name = f"{recipe}, {'not private' if epsilon is None else f'epsilon {epsilon:g}'}"
            found[name] = trained(recipe, work / name.replace(",", "").replace(" ", "-"), data, **fields, seed=0)
            print(name, fields, flush=True)
    return found


def measured(
    data: str, recipes: list[str], epsilons: list[float | None], seeds: int, num: int, work: Path
) -> dict[str, Any]:
    """The accuracies by what the classifier was trained on, and what they are of."""
    (images, labels), test = read(data, "train"), read(data, "test")
    pipes = models(data, recipes, epsilons, len(labels), work)
    classes = int(labels.max()) + 1
    wanted = np.arange(num) % classes
    rng = np.random.default_rng(0)
    some = rng.permutation(len(labels))[:num]
    sets = {"real": (images[some], labels[some])}
    sets |= {name: (samples(pipe, wanted), wanted) for name, pipe in pipes.items()}
    sets["real, labels shuffled"] = images[some], rng.permutation(labels[some])
    ways = {name: accuracies_of(name, each, test[0], seeds, work) for name, each in sets.items()}
    accuracy = compared(ways, test[1], accuracy_score, {name: "real" for name in ways if name != "real"})
    for recipe in recipes:
        rows = {name: sets[name][0][: SHOWN * classes] for name in pipes if name.startswith(f"{recipe},")}
        picture(RESULTS / f"private_samples_{recipe}.png", rows)
    return {"training_images": num, "test_images": len(test[1]), "seeds": seeds, "accuracy": accuracy}


def accuracies_of(name: str, training: Labelled, tested: np.ndarray, seeds: int, work: Path) -> np.ndarray:
    """The classes that classifiers of each seed predict: int64 [seeds, N]."""
    folder = name.replace(",", "").replace(" ", "-")
    path, rows = saved(work / "sets" / f"{folder}.npz", *training), []
    for seed in range(seeds):
        pipe = trained("classifier", work / f"classifier-{folder}-{seed}", path, **CLASSIFIER, seed=seed)
        rows.append(predicted(pipe, tested))
    return np.stack(rows)


def picture(path: Path, rows: dict[str, np.ndarray]) -> None:
    """The first samples of each model, in a row each."""
    columns = len(next(iter(rows.values())))
    figure, axes = pyplot.subplots(len(rows), columns, figsize=(columns * 0.5, len(rows) * 0.62), squeeze=False)
    for line, (name, images) in zip(axes, rows.items(), strict=True):
        line[0].set_title(name, fontsize=7, loc="left")
        for axis, image in zip(line, images, strict=True):
            axis.imshow(image[..., 0], cmap="gray", vmin=0, vmax=255)
            axis.axis("off")
    figure.tight_layout(pad=0.2)
    figure.savefig(path, dpi=100)
    pyplot.close(figure)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", metavar="DATA")
    parser.add_argument("--recipes", nargs="+", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument(
        "--epsilons",
        nargs="+",
        type=lambda text: None if text == "none" else float(text),
        default=[None, 10.0, 1.0],
        help="none: not private",
    )
    parser.add_argument("--seeds", type=int, default=3, help="of the classifiers")
    parser.add_argument("--num", type=int, default=10_000, help="images that each classifier is trained on")
    parser.add_argument("--work", type=Path, default=Path("runs/private_samples"))
    given = parser.parse_args()
    data = str(Path(given.data).resolve()) if Path(given.data).exists() else given.data
    found = measured(data, given.recipes, given.epsilons, given.seeds, given.num, given.work)
    before = RESULTS / "private_samples.json"
    known = json.loads(before.read_text())["measured"]["accuracy"] if before.exists() else {}
    measured_now = tuple(f"{recipe}," for recipe in given.recipes)  # rows of other settings go
    kept = {name: row for name, row in known.items() if not name.startswith(measured_now)}
    found["accuracy"] = kept | found["accuracy"]
    found = {"data": Path(given.data).name, "delta": DELTA, "settings": SETTINGS, "classifier": CLASSIFIER, **found}
    for name, each in found["accuracy"].items():
        print(f"{name}: {each['value']:.3f} ({each['low']:.3f} to {each['high']:.3f})")
    print(write("private_samples", __doc__, found | {"published_at_epsilon_10": PUBLISHED}))


if __name__ == "__main__":
    main()
