"""What an InfoGAN found: are its classes those that people gave the pictures?

    python benchmarks/found_classes.py MODEL [--classifier digits] [--data digits] [--num 2000]

Found classes have no names, so each digit is given the one with which most agree (one to one, the best of all
pairings). Reported, with Wilson intervals: the share of DATA's test images that the discriminator predicts to be of the
class of their label, which is the paper's measure (arXiv:1606.03657, section 7.2); and the share of the images of seeds
0 to NUM - 1, as many of each found class, that a classifier assigns to the digit of their class, paired as above.
Results go to `results/found_classes_MODEL.json`, and a grid of 8 images of each found class beside it, in the order of
the digits.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from _measure import RESULTS, write
from label_agreement import BATCH, arguments, named
from scipy.optimize import linear_sum_assignment

import hf_genimg
from hf_genimg.evaluation.extractors import open_extractor
from hf_genimg.evaluation.scores import proportion


def entry_of(model: str) -> str:
    """Name of the files of a result."""
    return f"found_classes_{model}"


@torch.no_grad()
def guessed(discriminator: torch.nn.Module, images: torch.Tensor, num_classes: int) -> torch.Tensor:
    """uint8 [N, H, W, C] to found classes, int64 [N]."""
    scaled = images.permute(0, 3, 1, 2).float() / 127.5 - 1
    return torch.cat(
        [discriminator.logits_and_auxiliary(part)[1][:, :num_classes].argmax(1) for part in scaled.split(BATCH)]
    )


def paired(found: torch.Tensor, labels: torch.Tensor, num_classes: int) -> torch.Tensor:
    """The found class of each label, int64 [num_classes]: one to one, with as many agreements as there can be."""
    counts = np.zeros((num_classes, num_classes), dtype=int)
    np.add.at(counts, (labels.numpy(), found.numpy()), 1)
    return torch.from_numpy(linear_sum_assignment(counts, maximize=True)[1])


def agreeing(found: torch.Tensor, labels: torch.Tensor, pairs: torch.Tensor) -> dict[str, object]:
    """The share of images whose found class is that of their label, for all and for each label."""
    right = found == pairs[labels]
    score = proportion(int(right.sum()), len(right))
    by_label = [round(right[labels == label].float().mean().item(), 3) for label in range(len(pairs))]
    return {
        "agreement": round(score.value, 4),
        "interval": [round(score.low, 4), round(score.high, 4)],
        "by_digit": by_label,
    }


def looked_at(model: str, classifier: str, data: str, num: int) -> dict[str, object]:
    """The figures for one model; leaves the grid."""
    pipe, extractor = hf_genimg.load(model), open_extractor(classifier)
    able, discriminator = pipe.capabilities, pipe.components.get("discriminator")
    if not able.found_classes or discriminator is None:
        raise SystemExit(f"{model} found no classes; name an InfoGAN that was saved with its discriminator")
    test = hf_genimg.open_dataset(
        f"{data}@test", image_size=able.image_size, image_channels=able.image_channels, labels=True
    )
    if len(test.class_names) != able.num_classes:
        raise SystemExit(
            f"{data} has {len(test.class_names)} classes and {model} found {able.num_classes}; both must be alike"
        )
    labels = torch.from_numpy(test.labels).long()
    found = guessed(discriminator.eval(), torch.from_numpy(test.images), able.num_classes)
    pairs = paired(found, labels, able.num_classes)
    asked = torch.arange(num) % able.num_classes
    images = pipe(num, seed=0, class_labels=asked, output_type="uint8", max_batch_size=BATCH).images
    pipe.save_grid(
        RESULTS / f"{entry_of(pipe.model_name)}.png",
        8 * able.num_classes,
        seed=0,
        class_labels=pairs.repeat_interleave(8).tolist(),
        columns=8,
        overwrite=True,
    )
    return {
        "model": pipe.model_name,
        "data": Path(data).name,
        "classifier": Path(classifier).name,
        "classifier_sha256": extractor.sha256,
        "found_class_of_digit": pairs.tolist(),
        "test_images": {"num": len(labels), **agreeing(found, labels, pairs)},
        "samples": {"num": num, **agreeing(asked, named(extractor, images), pairs)},
    }


def main() -> None:
    given = arguments(__doc__)
    found = looked_at(given.model, given.classifier, given.data, given.num)
    print(write(entry_of(found["model"]), __doc__, found))


if __name__ == "__main__":
    main()
