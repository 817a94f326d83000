"""Can a classifier read the digits that a model makes, and are all ten there?

    python benchmarks/readable_digits.py MODEL... [--data digits]

Method: a support vector classifier (scikit-learn, RBF kernel, C=10, probabilities by cross-validated scaling) learns at
most 6,000 images of DATA's train split at the model's size. It then classifies 1,000 images of the model (seeds 0 to
999) and at most 2,000 of the test split.
Reported: how often each class was read, and the share read with a probability above 0.8, for both. It is no score of
diversity or fidelity: it cannot detect copies of training images, and it says nothing of variety within a class.
Results go to `results/readable_digits.json`.
"""

from __future__ import annotations

import argparse
import json
import platform
from datetime import date
from pathlib import Path

import numpy as np
import sklearn
import torch
from sklearn.calibration import CalibratedClassifierCV
from sklearn.svm import SVC

import hf_genimg

RESULTS = Path(__file__).parent / "results" / "readable_digits.json"


def flat(images: np.ndarray) -> np.ndarray:
    """uint8 [N, H, W, 1] to float [N, H W] in [0, 1]."""
    return images.reshape(len(images), -1) / 255.0


def read_by_svm(model: str, data: str) -> dict[str, object]:
    """The figures for one model."""
    pipe = hf_genimg.load(model)
    size = pipe.capabilities.image_size
    train, test = (
        hf_genimg.open_dataset(f"{data}@{split}", image_size=size, image_channels=1, labels=True)
        for split in ("train", "test")
    )
    classifier = CalibratedClassifierCV(SVC(C=10), ensemble=False).fit(flat(train.images[:6000]), train.labels[:6000])
    made = classifier.predict_proba(flat(pipe(1000, seed=0, output_type="uint8", max_batch_size=250).images.numpy()))
    real = classifier.predict_proba(flat(test.images[:2000]))
    return {
        "model": pipe.model_name,
        "data": Path(data).name,
        "classifier_accuracy": round(float((real.argmax(1) == test.labels[:2000]).mean()), 4),
        "read_with_more_than_0.8": round(float((made.max(1) > 0.8).mean()), 3),
        "test_images_read_with_more_than_0.8": round(float((real.max(1) > 0.8).mean()), 3),
        "class_counts": np.bincount(made.argmax(1), minlength=10).tolist(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument("--data", default="digits")
    arguments = parser.parse_args()
    versions = {"torch": torch.__version__, "scikit-learn": sklearn.__version__, "python": platform.python_version()}
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    for model in arguments.models:
        result = {
            **read_by_svm(model, arguments.data),
            "machine": platform.machine(),
            "versions": versions,
            "date": date.today().isoformat(),
        }
        print(json.dumps(result))
        known = [other for other in known if (other["model"], other["data"]) != (result["model"], result["data"])] + [
            result
        ]
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(known, indent=2) + "\n")


if __name__ == "__main__":
    main()
