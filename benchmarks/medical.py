"""Chest X-rays: are synthetic images of use to a classifier, and does an autoencoder of normal ones find pneumonia?

    python benchmarks/medical.py DATA [--seeds 3] [--only usefulness|anomalies|memorization]
    [--work DIR]

DATA has two classes, the second of which is the disease, and the splits train and test.

Usefulness: a conditional GAN (acgan) is trained once on the training split. The recipe classifier, with the same number
of images seen and the same settings, is then trained on: the real images; the real images with the rarer class repeated
until the classes are equal; as many synthetic images of each class as there are real ones; both; the real images with
synthetic ones of the rarer class until the classes are equal; and the real images with labels that are shuffled anew
for each seed: what classifiers say that have learned nothing. All are tested on the real test split, by the area under
the ROC curve (AUROC) and by balanced accuracy.

Anomalies: conv_vae is trained on the normal training images only, once for each of three seeds. A test image is the
more suspect, the larger its mean squared reconstruction error is, or its negative evidence lower bound. AUROC of
disease against normal, beside baselines: the distance to the mean normal image, to the nearest normal training image,
the mean grey level, low contrast (the deviation of grey levels), and the same autoencoder untrained. The difference is
that from the best baseline.

Memorization: does the conditional GAN give patients away? By `hf_genimg.evaluate`, on as many samples as there are
training images: copies of training images (of pixels), and membership inference by distance, in the features of the
classifier of real images, and by the discriminator; 0.5 is guessing. `of data`: the same guess with other training
images in place of samples.

All figures are means over seeds, with 95 percent intervals of a bootstrap over test images and seeds; differences are
of the same test images. A verdict is "gain" or "loss" where the interval of the difference excludes 0.

Results go to results/medical.json and results/medical.png (synthetic images, and the mean error of each class as a heat
map). Heat maps of single test images go to the work folder: they show images of people.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
from _measure import RESULTS, write
from scipy.spatial.distance import cdist
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

import hf_genimg
from hf_genimg.data import to_float
from hf_genimg.recipes import recipe_class

matplotlib.use("Agg")
from matplotlib import pyplot

SIZE = 28
GAN = {"images": 100_000, "width": 16, "snapshot_images": 20_000}
CLASSIFIER = {"images": 12_000, "augment": False, "ema_half_life": 2_000, "snapshot_images": 12_000}
AUTOENCODER = {"images": 40_000, "snapshot_images": 20_000}
AUTOENCODERS = 3  # seeds
RESAMPLES = 300
SHOWN = 8  # images in a row of a picture
SHUFFLED = "real, labels shuffled"
Labelled = tuple[np.ndarray, np.ndarray]  # uint8 [N, H, W, 1] and int64 [N]


def read(data: str, split: str) -> Labelled:
    """A labelled split of two classes."""
    found = hf_genimg.open_dataset(
        f"{data}@{split}", image_size=SIZE, image_channels=1, labels=True, progress=False, upscale=True
    )
    if len(found.class_names) != 2:
        raise SystemExit(f"{data} has {len(found.class_names)} classes, and this benchmark needs normal and disease")
    return np.asarray(found.images), np.asarray(found.labels)


def trained(recipe: str, out: Path, data: str | Path, **fields: Any) -> Any:
    """The pipeline of a run, which is trained first where it is not complete."""
    size = {"image_size": SIZE, "image_channels": 1}
    return hf_genimg.train(recipe, out, data=str(data), **size, **fields, progress=False)


def saved(path: Path, images: np.ndarray, labels: np.ndarray | None = None) -> Path:
    """Images as data of a recipe."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, images=images, **({} if labels is None else {"labels": labels}))
    return path


def training_sets(real: Labelled, generate: Callable[[np.ndarray], np.ndarray]) -> dict[str, Labelled]:
    """What classifiers are trained on; generate: labels int64 [N] to images uint8 [N, H, W, 1]."""
    images, labels = real
    rng, counts = np.random.default_rng(0), np.bincount(labels, minlength=2)
    rare, missing = int(counts.argmin()), int(counts.max() - counts.min())
    synthetic = generate(labels)
    extra = np.full(missing, rare)
    repeated = images[rng.choice(np.flatnonzero(labels == rare), missing)]
    return {
        "real": real,
        "real, rarer class repeated": joined(real, (repeated, extra)),
        "synthetic": (synthetic, labels),
        "real and synthetic": joined(real, (synthetic, labels)),
        "real, rarer class filled up with synthetic": joined(real, (generate(extra), extra)),
        SHUFFLED: real,  # shuffled anew for each seed
    }


def joined(one: Labelled, other: Labelled) -> Labelled:
    return np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]])


@torch.no_grad()
def disease(classifier: Any, images: np.ndarray) -> np.ndarray:
    """The probability of the second class, float [N]."""
    logits = classifier.network.eval()(to_float(torch.from_numpy(images), "cpu", False))
    return logits.softmax(1)[:, 1].numpy()


def usefulness(data: str, work: Path, seeds: int) -> dict[str, Any]:
    """AUROC and balanced accuracy on real test images of what was trained on each set."""
    real, test = read(data, "train"), read(data, "test")
    gan = trained("acgan", work / "acgan-0", data, **GAN, seed=0)
    gan.set_progress_bar_config(disable=True)

    def generate(labels: np.ndarray) -> np.ndarray:
        made = gan(len(labels), class_labels=labels.tolist(), seed=0, output_type="uint8", max_batch_size=250)
        return made.images.cpu().numpy()

    sets = training_sets(real, generate)
    found: dict[str, list[np.ndarray]] = {name: [] for name in sets}
    for seed in range(seeds):
        sets[SHUFFLED] = real[0], np.random.default_rng(seed).permutation(real[1])
        for name, each in sets.items():
            folder = name.replace(",", "").replace(" ", "-")
            path = saved(work / "sets" / f"{folder}{f'-{seed}' if name == SHUFFLED else ''}.npz", *each)
            pipe = trained("classifier", work / f"classifier-{folder}-{seed}", path, **CLASSIFIER, seed=seed)
            found[name].append(disease(pipe, test[0]))
            print(f"{name}, seed {seed}: AUROC {roc_auc_score(test[1], found[name][-1]):.4f}", flush=True)
    ways = {name: np.stack(each) for name, each in found.items()}
    counts = {"test_images": len(test[1]), "training_images": {name: len(each[1]) for name, each in sets.items()}}
    above = {name: "real" for name in ways if name != "real"}
    measures = {"auroc": roc_auc_score, "balanced_accuracy": accuracy}
    return {"seeds": seeds, **counts, **{name: compared(ways, test[1], how, above) for name, how in measures.items()}}


def accuracy(truth: np.ndarray, shares: np.ndarray) -> float:
    """Balanced accuracy of the likelier class."""
    return balanced_accuracy_score(truth, shares > 0.5)


def memorization(data: str, work: Path) -> dict[str, Any]:
    """What samples of the GAN, and its discriminator, give away of the training images."""
    gan, classifier = work / "acgan-0", work / "classifier-real-0"
    trained("acgan", gan, data, **GAN, seed=0)
    trained("classifier", classifier, data, **CLASSIFIER, seed=0)
    settings = {"metrics": ["memorization", "membership"], "extractor": str(classifier)}
    report = hf_genimg.evaluate(gan, data, **settings, num=len(read(data, "train")[1]), progress=False)
    return {
        name: {"value": round(score.value, 4), "low": score.low, "high": score.high, "note": score.note}
        for name, score in report.scores.items()
    }


@torch.no_grad()
def suspicion(pipe: Any, objective: Any, images: torch.Tensor) -> tuple[torch.Tensor, np.ndarray, np.ndarray]:
    """Squared errors [N, 1, H, W] of the reconstructions, their means [N], and negative evidence lower bounds [N]."""
    network = pipe.network.eval()
    posterior = network.encode(images)
    errors = (images - network.decode(posterior.mean)) ** 2
    kl = 0.5 * (posterior.mean**2 + posterior.logvar.exp() - 1 - posterior.logvar).sum(1)
    bound = objective.likelihood(network, posterior.mean, images) + kl
    return errors, errors.mean((1, 2, 3)).numpy(), bound.numpy()


def baselines(normal: np.ndarray, images: np.ndarray) -> dict[str, np.ndarray]:
    """Suspicion without a model, float [N] each."""
    known, new = (each.reshape(len(each), -1) / 255.0 for each in (normal, images))
    nearest = cdist(new, known, "sqeuclidean").min(1) / new.shape[1]
    return {
        "baseline: distance to the mean normal image": ((new - known.mean(0)) ** 2).mean(1),
        "baseline: distance to the nearest normal image": nearest,
        "baseline: mean grey level": new.mean(1),
        "baseline: low contrast": -new.std(1),
    }


def anomalies(data: str, work: Path) -> tuple[dict[str, Any], torch.Tensor]:
    """AUROC of each way to suspect an image, and the squared errors [N, 1, H, W] of the first autoencoder."""
    (images, labels), (tested, truth) = read(data, "train"), read(data, "test")
    normal = images[labels == 0]
    path, inputs = saved(work / "sets" / "normal.npz", normal), to_float(torch.from_numpy(tested), "cpu", False)
    recipe = recipe_class("conv_vae")(image_size=SIZE, image_channels=1)
    objective = recipe.objective()
    torch.manual_seed(0)
    untrained = suspicion(recipe.pipeline(recipe.models()), objective, inputs)
    seeds = range(AUTOENCODERS)
    runs = [trained("conv_vae", work / f"conv_vae-{seed}", path, **AUTOENCODER, seed=seed) for seed in seeds]
    found = [suspicion(pipe, objective, inputs) for pipe in runs]
    ways = {
        "reconstruction error": np.stack([error for _, error, _ in found]),
        "negative evidence lower bound": np.stack([bound for _, _, bound in found]),
        "baseline: untrained autoencoder": untrained[1][None],
        **{name: scores[None] for name, scores in baselines(normal, tested).items()},
    }
    heat_maps(work / "heat_maps.png", inputs, runs[0], found[0][0], truth)
    counts = {"normal_training_images": len(normal), "test_images": len(truth)}
    areas = {name: roc_auc_score(truth, scores[0]) for name, scores in ways.items() if name.startswith("baseline")}
    above = {name: max(areas, key=areas.get) for name in ways if name not in areas}
    return {**counts, "auroc": compared(ways, truth, roc_auc_score, above)}, found[0][0]


def compared(
    ways: dict[str, np.ndarray],
    truth: np.ndarray,
    measure: Callable[[np.ndarray, np.ndarray], float],
    above: dict[str, str],
) -> dict[str, Any]:
    """What `measure` says of each row of [S, N], in the mean over the S seeds, with 95 percent intervals; and how far
    that is above another row. Intervals are of a bootstrap over seeds and test images, the same for all rows.
    """
    rng = np.random.default_rng(0)
    picks = [np.arange(len(truth)), *rng.integers(len(truth), size=(RESAMPLES, len(truth)))]
    values = {}
    for name, rows in ways.items():
        by_seed = np.array([[measure(truth[pick], row[pick]) for row in rows] for pick in picks])
        seeds = rng.integers(len(rows), size=(RESAMPLES, len(rows)))
        means = np.take_along_axis(by_seed[1:], seeds, axis=1).mean(1)
        values[name] = np.concatenate([[by_seed[0].mean()], means])
    found = {name: interval(each) for name, each in values.items()}
    for name, other in above.items():
        difference = interval(values[name] - values[other])
        verdict = "gain" if difference["low"] > 0 else "loss" if difference["high"] < 0 else "no significant difference"
        found[name] |= {"above": other, "difference": difference, "verdict": verdict}
    return found


def interval(values: np.ndarray) -> dict[str, float]:
    """A figure, followed by those of resamples."""
    low, high = np.percentile(values[1:], (2.5, 97.5))
    return {name: round(float(each), 4) for name, each in {"value": values[0], "low": low, "high": high}.items()}


@torch.no_grad()
def heat_maps(path: Path, images: torch.Tensor, pipe: Any, errors: torch.Tensor, truth: np.ndarray) -> None:
    """Inputs, reconstructions and errors of single test images, half of them normal."""
    chosen = [number for label in (0, 1) for number in np.flatnonzero(truth == label)[: SHOWN // 2]]
    shown = pipe.network.decode(pipe.network.encode(images[chosen]).mean)
    figure, axes = pyplot.subplots(3, SHOWN, figsize=(SHOWN, 3.4))
    for column, number in enumerate(chosen):
        axes[0, column].imshow(images[number, 0], cmap="gray", vmin=-1, vmax=1)
        axes[1, column].imshow(shown[column, 0], cmap="gray", vmin=-1, vmax=1)
        axes[2, column].imshow(errors[number, 0].sqrt(), cmap="inferno", vmin=0, vmax=1)
        axes[0, column].set_title(("normal", "disease")[truth[number]], fontsize=8)
    _finish(figure, axes, path)


def picture(path: Path, gan: Any, errors: torch.Tensor, truth: np.ndarray) -> None:
    """Synthetic images of both classes, and the root mean squared error of each pixel over both classes of the test."""
    figure, axes = pyplot.subplots(2, SHOWN + 1, figsize=(SHOWN + 1, 2.5))
    for label, name in enumerate(("normal", "disease")):
        made = gan(SHOWN, class_labels=[label] * SHOWN, seed=100 * label, output_type="uint8").images.cpu().numpy()
        for column in range(SHOWN):
            axes[label, column].imshow(made[column, ..., 0], cmap="gray", vmin=0, vmax=255)
        axes[label, 0].set_title(f"synthetic, {name}", fontsize=7, loc="left")
        axes[label, SHOWN].imshow(errors[truth == label, 0].mean(0).sqrt(), cmap="inferno", vmin=0, vmax=0.5)
        axes[label, SHOWN].set_title(f"error, {name}", fontsize=7)
    _finish(figure, axes, path)


def _finish(figure: Any, axes: np.ndarray, path: Path) -> None:
    for each in axes.flat:
        each.axis("off")
    figure.tight_layout(pad=0.3)
    figure.savefig(path, dpi=100)
    pyplot.close(figure)


def main() -> None:
    """Measure and write; what was measured before and is not asked for stays."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", metavar="DATA")
    parser.add_argument("--seeds", type=int, default=3, help="of the classifiers")
    parser.add_argument("--only", choices=("usefulness", "anomalies", "memorization"))
    parser.add_argument("--work", type=Path, default=Path("runs/medical"))
    given = parser.parse_args()
    given.data = str(Path(given.data).resolve()) if Path(given.data).exists() else given.data
    before = RESULTS / "medical.json"
    measured = json.loads(before.read_text())["measured"] if given.only and before.exists() else {}
    measured |= {"data": Path(given.data).name, "gan": GAN, "classifier": CLASSIFIER, "autoencoder": AUTOENCODER}
    if given.only in (None, "memorization"):
        measured["memorization"] = memorization(given.data, given.work)
    if given.only in (None, "usefulness"):
        measured["usefulness"] = usefulness(given.data, given.work, given.seeds)
    if given.only in (None, "anomalies"):
        measured["anomalies"], errors = anomalies(given.data, given.work)
        gan = trained("acgan", given.work / "acgan-0", given.data, **GAN, seed=0)
        picture(RESULTS / "medical.png", gan, errors, read(given.data, "test")[1])
    print(write("medical", __doc__, measured))


if __name__ == "__main__":
    main()
