"""Is the watermark invisible, does it last, and is it ever found where it is not?

    python benchmarks/watermark.py celeba=FOLDER[@64] facades=FOLDER@256:photo [--marked 1000] [--keys 20] [--model RUN
    ...]

Method: every image of each set (parquet files in FOLDER, of the column named after the colon, else of the first with
images) is the centre square resized to the size after @, or left as it is without one; --model adds 1,000 images that a
model of 64 pixels or more makes. Marked with the default key: every second image of each set, --marked of them at most;
the constants of the climb that makes a mark last were chosen on images between them, the other constants earlier, on
both. Reported for them: PSNR over all channels between the image and its marked copy, and the share that is found as
they are, after JPEG at quality 70, after a Lanczos resize to 0.75 of each side, and after both. Clean: every image,
scored with the default key and with --keys others, as it is; and with the default key also after JPEG at quality 70 and
after the resize. Results go to `results/watermark.json`.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import torch
from _measure import write
from PIL import Image, ImageOps

import hf_genimg
from hf_genimg.pipelines.watermark import DEFAULT_KEY, THRESHOLD, mark, scores

BATCH = 64


def jpeg(image: Image.Image) -> Image.Image:
    content = io.BytesIO()
    image.save(content, "JPEG", quality=70)
    return Image.open(content)


def smaller(image: Image.Image) -> Image.Image:
    return image.resize((round(image.width * 0.75), round(image.height * 0.75)), Image.Resampling.LANCZOS)


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "as it is": lambda image: image,
    "jpeg 70": jpeg,
    "resized to 0.75": smaller,
    "resized to 0.75, jpeg 70": lambda image: jpeg(smaller(image)),
}


def pictures(source: str) -> Iterator[Image.Image]:
    """The images of a FOLDER[@size][:column]."""
    place, _, column = source.partition(":")
    folder, _, size = place.partition("@")
    for file in sorted(Path(folder).glob("*.parquet")):
        table = pyarrow.parquet.ParquetFile(file)
        name = column or next(field.name for field in table.schema_arrow if str(field.type).startswith("struct<bytes"))
        for batch in table.iter_batches(256, columns=[name]):
            for cell in batch.column(0).to_pylist():
                picture = Image.open(io.BytesIO(cell["bytes"]))
                picture = picture.convert("L" if picture.mode in ("1", "L") else "RGB")
                yield ImageOps.fit(picture, (int(size), int(size)), Image.Resampling.LANCZOS) if size else picture


def made(model: str) -> Iterator[Image.Image]:
    """1,000 images of a model."""
    pipe = hf_genimg.load(model)
    pipe.set_progress_bar_config(disable=True)
    for seed in range(0, 1000, BATCH):
        yield from pipe(min(BATCH, 1000 - seed), seed=seed).images


def batches(images: Iterator[Image.Image]) -> Iterator[list[Image.Image]]:
    """Lists of at most 64 images of one size."""
    while batch := list(islice(images, BATCH)):
        for size in sorted({image.size for image in batch}):
            yield [image for image in batch if image.size == size]


def tensor(images: list[Image.Image]) -> torch.Tensor:
    """uint8 [N, H, W, C]."""
    return torch.from_numpy(np.stack([np.asarray(image).reshape(image.height, image.width, -1) for image in images]))


def scored(images: list[Image.Image], key: str = DEFAULT_KEY) -> list[float]:
    return scores(tensor(images), key).tolist()


def marked_figures(images: Iterator[Image.Image]) -> dict[str, Any]:
    """How visible the mark is, and how often it is found after each change."""
    quality, found = [], {name: [] for name in CHANGES}
    for batch in batches(images):
        before = tensor(batch)
        after = mark(before)
        quality += (10 * torch.log10(255**2 / (after.double() - before.double()).square().mean((1, 2, 3)))).tolist()
        copies = [Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array) for array in after.numpy()]
        for name, change in CHANGES.items():
            found[name] += scored([change(image) for image in copies])
    shares = {name: round(float(np.mean(np.array(values) > THRESHOLD)), 5) for name, values in found.items()}
    lowest = {name: round(float(np.percentile(values, 1)), 2) for name, values in found.items()}
    psnr = {"mean": round(float(np.mean(quality)), 2), "worst": round(min(quality), 2)}
    return {"images": len(quality), "psnr_db": psnr, "detected": shares, "score_of_the_lowest_percent": lowest}


def clean_figures(images: Iterator[Image.Image], keys: int) -> dict[str, Any]:
    """How often a mark is seen that is not there."""
    own, other = {name: [] for name in list(CHANGES)[:3]}, []
    for batch in batches(images):
        for name in own:
            own[name] += scored([CHANGES[name](image) for image in batch])
        for number in range(keys):
            other += scored(batch, f"key {number}")
    seen = {name: sum(score > THRESHOLD for score in values) for name, values in own.items()}
    highest = {name: round(max(values), 2) for name, values in own.items()}
    others = {
        "tests": len(other),
        "seen": sum(score > THRESHOLD for score in other),
        "highest_score": round(max(other), 2),
    }
    spread = {"mean": round(float(np.mean(own["as it is"])), 3), "deviation": round(float(np.std(own["as it is"])), 3)}
    return {
        "images": len(own["as it is"]),
        "seen": seen,
        "highest_score": highest,
        "scores": spread,
        "other_keys": others,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", metavar="NAME=FOLDER[@SIZE][:COLUMN]")
    parser.add_argument("--model", nargs="*", default=[])
    parser.add_argument("--marked", type=int, default=1000)
    parser.add_argument("--keys", type=int, default=20)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    sources = {name: (pictures, place) for name, _, place in (each.partition("=") for each in arguments.sets)}
    sources |= {f"images of {Path(model).name}": (made, model) for model in arguments.model}
    results = {}
    for name, (read, place) in sources.items():
        results[name] = {
            "marked": marked_figures(islice(read(place), 1, 2 * arguments.marked, 2)),
            "clean": clean_figures(read(place), arguments.keys),
        }
        print(name, results[name], flush=True)
        print(write("watermark", __doc__.partition("Method: ")[2], results, threshold=THRESHOLD))


if __name__ == "__main__":
    main()
