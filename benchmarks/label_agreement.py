"""Does a conditional model generate the class that it is conditioned on?

    python benchmarks/label_agreement.py MODEL [--classifier digits] [--data digits] [--num 2000]

A classifier (`digits`, or any run of `classifier`) classifies the images of seeds 0 to NUM - 1, as many of each class.
Reported: the share classified as its label, with its Wilson interval, for all and for each class; and the share of
DATA's test split classified correctly, the most that can be expected. It does not measure diversity within a class.
Results go to `results/label_agreement.json`.
"""

from __future__ import annotations

import argparse
import json
import platform
from datetime import date
from pathlib import Path

import torch

import hf_genimg
from hf_genimg.evaluation.extractors import open_extractor
from hf_genimg.evaluation.scores import proportion

RESULTS = Path(__file__).parent / "results" / "label_agreement.json"
BATCH = 250


@torch.no_grad()
def named(extractor: object, images: torch.Tensor) -> torch.Tensor:
    """uint8 [N, H, W, C] to classes, int64 [N]."""
    return torch.cat([extractor(part)[1].argmax(1).cpu() for part in images.split(BATCH)])


def agreement(model: str, classifier: str, data: str, num: int) -> dict[str, object]:
    """The figures for one model."""
    pipe, extractor = hf_genimg.load(model), open_extractor(classifier)
    able = pipe.capabilities
    if not able.num_classes:
        raise SystemExit(f"{model} is unconditional; name a conditional model")
    if able.found_classes:
        raise SystemExit(f"{model} found its classes by itself; use found_classes.py")
    labels = torch.arange(num) % able.num_classes
    images = pipe(num, seed=0, class_labels=labels, output_type="uint8", max_batch_size=BATCH).images
    right = named(extractor, images) == labels
    test = hf_genimg.open_dataset(
        f"{data}@test", image_size=able.image_size, image_channels=able.image_channels, labels=True
    )
    real = named(extractor, torch.from_numpy(test.images)) == torch.from_numpy(test.labels)
    score = proportion(int(right.sum()), num)
    return {
        "model": pipe.model_name,
        "data": Path(data).name,
        "classifier": Path(classifier).name,
        "classifier_sha256": extractor.sha256,
        "num": num,
        "agreement": round(score.value, 4),
        "interval": [round(score.low, 4), round(score.high, 4)],
        "by_class": [round(right[labels == label].float().mean().item(), 3) for label in range(able.num_classes)],
        "test_images_named_rightly": round(real.float().mean().item(), 4),
    }


def arguments(about: str) -> argparse.Namespace:
    """What was given: model, classifier, data and number of images."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--classifier", default="digits")
    parser.add_argument("--data", default="digits")
    parser.add_argument("--num", type=int, default=2000)
    return parser.parse_args()


def main() -> None:
    given = arguments(__doc__)
    found = agreement(given.model, given.classifier, given.data, given.num)
    result = {
        **found,
        "machine": platform.machine(),
        "versions": {"torch": torch.__version__},
        "date": date.today().isoformat(),
    }
    print(json.dumps(result))
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    kept = [other for other in known if (other["model"], other["data"]) != (result["model"], result["data"])]
    RESULTS.write_text(json.dumps([*kept, result], indent=2) + "\n")


if __name__ == "__main__":
    main()
