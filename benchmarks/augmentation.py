"""Do generated images help a classifier that has only a few real ones?

    python benchmarks/augmentation.py DATA [--generated MODEL|FOLDER] [--shots 5] [--num 2000] [--trials 10] [--recipe
    dcgan] [--work DIR]

Method: in each trial k images of each class are sampled from DATA's training split. A classifier (logistic regression
on grey levels, its regularisation chosen by cross-validation on the real images alone) learns them once as they are,
and once with generated images added; both are tested on the same at most 5,000 images of the test split. The difference
of the two accuracies, trial by trial, has a t interval over trials. The verdict is "gain" or "loss" where the interval
excludes 0, else "no significant gain".

Generated images need labels. Those of a conditional model (--generated MODEL) are the classes that they are conditioned
on, and of a labelled FOLDER its own. Any other model's images are read by the classifier that has learned the k shots
itself, and those that it reads with a probability of at least 0.9 are kept: nothing is known of them beyond the k
shots. A model that was trained on all of DATA, not on the k shots, brings what it learned there along; the result says
what such a model is worth, not that images are made from nothing. Results go to results/augmentation_DATA_SOURCE.json.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _measure import write
from scipy.stats import t as student
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

import hf_genimg

CERTAIN = 0.9
MOST_TESTED = 5000
STRENGTHS = (0.003, 0.03, 0.3, 3.0)  # of the regularisation, inverse
Labelled = tuple[np.ndarray, np.ndarray]  # flat float images [N, D] in [0, 1] and labels int64 [N]
More = Callable[
    [Any, Labelled], Labelled
]  # from the classifier of the shots, and the shots, to generated images with labels


@dataclass(frozen=True)
class Verdict:
    """What adding images did to the accuracy, with a 95 percent interval over trials."""

    trials: int
    plain: float
    augmented: float
    difference: float
    low: float
    high: float
    verdict: str


def usefulness(train: Labelled, test: Labelled, more: More, *, shots: int, trials: int, seed: int = 0) -> Verdict:
    """Compare a classifier with and without what `more` adds, over trials with other shots each.

    Raises `ValueError` for fewer than 2 shots or 3 trials, or a class with fewer images than shots.
    """
    classes, counts = np.unique(train[1], return_counts=True)
    if shots < 2 or trials < 3:
        raise ValueError(f"shots={shots} and trials={trials} are too few; use 2 or more shots and 3 or more trials")
    if counts.min() < shots:
        raise ValueError(f"class {classes[counts.argmin()]} has {counts.min()} images, fewer than shots={shots}")
    pairs = np.array(
        [_trial(train, test, more, shots, np.random.default_rng((seed, trial))) for trial in range(trials)]
    )
    return verdict_of(pairs[:, 0], pairs[:, 1])


def _trial(train: Labelled, test: Labelled, more: More, shots: int, rng: np.random.Generator) -> tuple[float, float]:
    chosen = np.concatenate(
        [rng.permutation(np.flatnonzero(train[1] == label))[:shots] for label in np.unique(train[1])]
    )
    few = train[0][chosen], train[1][chosen]
    search = GridSearchCV(LogisticRegression(max_iter=500), {"C": STRENGTHS}, cv=min(5, shots)).fit(*few)
    extra = more(search.best_estimator_, few)
    both = tuple(np.concatenate(pair) for pair in zip(few, extra, strict=True))
    augmented = LogisticRegression(max_iter=500, **search.best_params_).fit(*both)
    return search.score(*test), augmented.score(*test)


def verdict_of(plain: np.ndarray, augmented: np.ndarray) -> Verdict:
    """The verdict on accuracies [T] with and without, pair by pair."""
    differences = augmented - plain
    mean, count = float(differences.mean()), len(differences)
    error = float(student.ppf(0.975, count - 1)) * float(differences.std(ddof=1)) / math.sqrt(count)
    verdict = "gain" if mean - error > 0 else "loss" if mean + error < 0 else "no significant gain"
    return Verdict(count, float(plain.mean()), float(augmented.mean()), mean, mean - error, mean + error, verdict)


def read_by_the_shots(images: np.ndarray) -> More:
    """Images without labels: those that the classifier of the shots is certain of, with what it takes them for."""

    def read(classifier: Any, _: Labelled) -> Labelled:
        probabilities = classifier.predict_proba(images)
        kept = probabilities.max(1) >= CERTAIN
        return images[kept], classifier.classes_[probabilities[kept].argmax(1)]

    return read


def flat(pixels: np.ndarray) -> np.ndarray:
    """uint8 [N, H, W, C] to float [N, D] in [0, 1]."""
    return np.asarray(pixels).reshape(len(pixels), -1) / 255.0


def labelled(data: str, size: int) -> Labelled:
    """A labelled set at a size."""
    found = hf_genimg.open_dataset(data, image_size=size, labels=True, progress=False)
    return flat(found.images), found.labels


def generated(source: str, count: int, size: int) -> More:
    """What a model or a labelled folder adds."""
    from hf_genimg.evaluation.sources import is_model

    if not is_model(source):
        own = labelled(source, size)
        return lambda *_: (own[0][:count], own[1][:count])
    pipe = hf_genimg.load(source)
    pipe.set_progress_bar_config(disable=True)
    if pipe.capabilities.image_size != size:
        raise SystemExit(
            f"{source} makes images of {pipe.capabilities.image_size} pixels and the data have {size}; give a model of "
            "that size"
        )
    made = pipe(count, seed=0, output_type="uint8", max_batch_size=250)
    images = flat(made.images.cpu().numpy())
    if made.class_labels is None:
        return read_by_the_shots(images)
    labels = np.array(made.class_labels)
    return lambda *_: (images, labels)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", metavar="DATA")
    parser.add_argument(
        "--generated", metavar="MODEL|FOLDER", help="a run of --recipe on DATA, made first, when left out"
    )
    parser.add_argument("--recipe", default="dcgan")
    parser.add_argument("--shots", type=int, default=5)
    parser.add_argument("--num", type=int, default=2000)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--size", type=int, default=28)
    parser.add_argument("--work", type=Path, default=Path("runs/augmentation"))
    given = parser.parse_args()
    name = Path(given.data).name
    source = given.generated
    if source is None:
        source = str(given.work / f"{name}-{given.recipe}")
        hf_genimg.train(given.recipe, source, data=given.data, image_size=given.size)
    train, test = (labelled(f"{given.data}@{split}", given.size) for split in ("train", "test"))
    tested = tuple(part[:MOST_TESTED] for part in test)
    found = usefulness(train, tested, generated(source, given.num, given.size), shots=given.shots, trials=given.trials)
    settings = {"data": name, "source": Path(source).name, "shots": given.shots, "generated": given.num}
    print(write(f"augmentation_{name}_{settings['source']}", __doc__, {**settings, **asdict(found)}), found)


if __name__ == "__main__":
    main()
