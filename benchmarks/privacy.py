"""Re-identification of faces that were de-identified, by k-same in the latents of an autoencoder or by a translator.

    python benchmarks/privacy.py --data FACES --embedder RUN [--autoencoder RUN] [--translator RUN] [--k 2 4 8]
    [--attribute FILE.json] [--name NAME] [--work DIR]

FACES has the splits train and test with several pictures of each person, labelled, such as orl-faces. All models were
trained on its train split, the embedder apart from the others. Results go to `results/NAME.json`, and a table is
printed; pictures of single people go to the work folder.

Method: test pictures are taken in sets of one picture a person, the first of each, then the second, and so on; each set
is de-identified by itself. The embedder looks for each made picture among the train pictures, and is right where the
nearest by cosine is of the same person: rank-1. `as it is`: test pictures unchanged; `reconstructed`: by the
autoencoder, without k-same; `translated`: by the translator (recipe deidentifier); `shuffled`: as it is, against labels
that are shuffled among the people of train pictures. `adapted`: the same by an attacker who has the means: an embedder
of the same recipe that was trained on the train pictures, de-identified in the same way and with their labels, looks
among these. PSNR: of the made pictures to the test pictures. `distinct`: pictures that differ, of all. Utility: an
attribute, whose pictures FILE.json names by the numbers of people and of their photographs, is read by a classifier
(the recipe classifier, in the mean of 3 seeds) that was trained on the train pictures as they are; reported is its
balanced accuracy, 0.5 for one that always says the same; `shuffled`: against shuffled labels. Image quality: the
unbiased kernel distance (kid_rbf, times 1,000; no interval) of the made pictures to the train pictures by efficientnet-
lite0, and sharpness, the mean absolute difference of neighbouring pixels over that of the test pictures. Intervals: 95
percent, of Wilson for rank-1, of the mean over pictures for PSNR, of a bootstrap over people for the attribute.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _measure import write
from medical import saved
from PIL import Image
from sklearn.metrics import balanced_accuracy_score

import hf_genimg
from hf_genimg.data import ImageDataset, open_dataset
from hf_genimg.evaluation.scores import mean_score, proportion
from hf_genimg.losses.pixels import psnr

Row = dict[str, float]
Images = dict[str, torch.Tensor]  # by method, float [N, C, H, W] in [-1, 1]
Labelled = tuple[torch.Tensor, torch.Tensor]  # float [N, C, H, W] in [-1, 1] and int64 [N]
ATTRIBUTE = {"images": 20_000, "batch_size": 64, "ema_half_life": 1_000, "snapshot_images": 20_000}
RESAMPLES = 300


def faces(data: str, split: str, size: int, channels: int) -> tuple[torch.Tensor, torch.Tensor]:
    """All pictures of a split, float [N, C, H, W] in [-1, 1], and who they are of, int64 [N]."""
    found: ImageDataset = open_dataset(data, split=split, image_size=size, image_channels=channels, labels=True)
    batch = found.batch(torch.arange(len(found)))
    return batch["images"], batch["labels"]


def sets_of(labels: torch.Tensor) -> Iterator[torch.Tensor]:
    """Places with one picture of each person: the first of each, the second of each, and so on; int64 [people]."""
    members = [(labels == label).nonzero().flatten() for label in labels.unique()]
    for number in range(min(map(len, members))):
        yield torch.stack([each[number] for each in members])


@torch.no_grad()
def nearest(network: torch.nn.Module, images: torch.Tensor, gallery: torch.Tensor) -> torch.Tensor:
    """The place in the gallery of the picture that is nearest to each image: int64 [N]."""
    one, other = (torch.cat([network.features(part) for part in each.split(64)]).float() for each in (images, gallery))
    return (one @ other.T).argmax(1)


def row(found: torch.Tensor, labels: torch.Tensor, made: torch.Tensor, images: torch.Tensor) -> Row:
    """found, labels: who was found, and who it is of. made, images: float [N, C, H, W] in [-1, 1]."""
    share, distance = proportion(int((found == labels).sum()), len(labels)), mean_score(psnr(made, images).numpy())
    values = {"pictures": len(labels), "distinct": len(made.flatten(1).unique(dim=0))}
    for name, score in (("rank1", share), ("psnr", distance)):
        values |= {name: score.value, f"{name}_low": score.low, f"{name}_high": score.high}
    return {name: round(value, 4) for name, value in values.items()}


def config_of(pipe: Any, translator: Any) -> Any:
    """Of the autoencoder, or of the translator where there is none."""
    return (translator.generator if pipe is None else pipe.network).config


def made_by(
    pipe: Any, data: str, ks: list[int], translator: Any = None, split: str = "test"
) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """The pictures of a split by method, float [N, C, H, W] in [-1, 1], and who each is of, int64 [N]."""
    config = config_of(pipe, translator)
    images, labels = faces(data, split, config.image_size, config.image_channels)
    order = torch.cat(list(sets_of(labels)))
    images, labels = images[order], labels[order]
    count = len(labels.unique())

    def on_sets(k: int) -> torch.Tensor:
        return torch.cat([pipe.deidentify(part, k, "pt") for part in images.split(count)]) * 2 - 1

    made = {"as it is": images}
    if pipe is not None:
        made["reconstructed"] = pipe.reconstruct(images, "pt") * 2 - 1
        made |= {f"k-same, k = {k}": on_sets(k) for k in ks}
    if translator is not None:
        made["translated"] = translator(images, output_type="pt").images * 2 - 1
    return made, labels


def adapted(
    made: Images, labels: torch.Tensor, known: Images, people: torch.Tensor, work: Path, images: int = 10_000
) -> dict[str, Row]:
    """Rank-1 by embedders that were trained on the train pictures `known` of each method and look among these.

    labels, people: who the test pictures and the train pictures are of. images: that each of them is trained on.
    """
    found = {}
    for name, gallery in known.items():
        folder = work / f"adapted-{name.replace(' ', '-').replace(',', '')}"
        folder.mkdir(parents=True, exist_ok=True)
        data = saved(folder / "faces.npz", to_pixels(gallery), people.numpy())
        size = {"image_size": gallery.shape[-1], "image_channels": gallery.shape[1], "images": images}
        pipe = hf_genimg.train("embedder", folder / "run", data=str(data), **size, seed=11, progress=False)
        right = (people[nearest(pipe.network.eval(), made[name], gallery)] == labels).sum()
        share = proportion(int(right), len(labels))
        values = {"adapted": share.value, "adapted_low": share.low, "adapted_high": share.high}
        found[name] = {key: round(value, 4) for key, value in values.items()}
    return found


def measured(pipe: Any, embedder: torch.nn.Module, data: str, ks: list[int], translator: Any = None) -> dict[str, Row]:
    """The rows of the table, by method."""
    config = config_of(pipe, translator)
    size, channels = config.image_size, config.image_channels
    if (embedder.config.image_size, embedder.config.image_channels) != (size, channels):
        raise SystemExit(f"the embedder sees other images than those of {size} pixels and {channels} channels")
    gallery, people = faces(data, "train", size, channels)
    made, labels = made_by(pipe, data, ks, translator)
    images = made["as it is"]
    rows = {name: row(people[nearest(embedder, each, gallery)], labels, each, images) for name, each in made.items()}
    shuffled = torch.randperm(len(labels.unique()), generator=torch.Generator().manual_seed(0))[people]
    return {"shuffled": row(shuffled[nearest(embedder, images, gallery)], labels, images, images), **rows}


def wearing(path: Path, labels: torch.Tensor, first: int) -> np.ndarray:
    """Whether each picture has the attribute that a file names: bool [N].

    labels: who each picture is of, int64 [N] from 0; first: the number of the first photograph of each person.
    """
    (named,) = (each for name, each in json.loads(path.read_text()).items() if name != "about")
    seen: dict[int, int] = {}
    found = []
    for person in labels.tolist():
        number = seen[person] = seen.get(person, first - 1) + 1
        found.append(number in named.get(str(person + 1), ()))
    return np.array(found)


def to_pixels(images: torch.Tensor) -> np.ndarray:
    """Float [N, C, H, W] in [-1, 1] to uint8 [N, H, W, C]."""
    return ((images.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()


def sharpness(images: torch.Tensor) -> float:
    """The mean absolute difference of neighbouring pixels, float [N, C, H, W]."""
    return float((images.diff(dim=2).abs().mean() + images.diff(dim=3).abs().mean()) / 2)


def balanced(truth: np.ndarray, rows: np.ndarray, people: np.ndarray) -> dict[str, float]:
    """Balanced accuracy of predictions bool [S, N], in the mean over S seeds; bootstrap over people int64 [N]."""
    rng, persons = np.random.default_rng(0), np.unique(people)
    places = {person: np.flatnonzero(people == person) for person in persons}
    picks = [np.arange(len(truth))]
    picks += [np.concatenate([places[each] for each in rng.choice(persons, len(persons))]) for _ in range(RESAMPLES)]
    picks = [pick for pick in picks if truth[pick].any() and not truth[pick].all()]
    means = [np.mean([balanced_accuracy_score(truth[pick], row[pick]) for row in rows]) for pick in picks]
    low, high = np.percentile(means[1:], (2.5, 97.5))
    return {"attribute": round(float(means[0]), 4), "attribute_low": round(low, 4), "attribute_high": round(high, 4)}


def quality(made: dict[str, torch.Tensor], gallery: torch.Tensor, work: Path) -> dict[str, Row]:
    """Kernel distance to the train pictures, and sharpness, by method."""
    known, found = saved(work / "train.npz", to_pixels(gallery)), {}
    for name, images in made.items():
        path = saved(work / f"{name.replace(' ', '-').replace(',', '')}.npz", to_pixels(images))
        settings = {"metrics": ["kid_rbf"], "extractor": "efficientnet-lite0", "image_size": images.shape[-1]}
        scores = hf_genimg.evaluate(path, known, **settings, progress=False).scores
        found[name] = {"kid_rbf": round(scores["kid_rbf"].value, 3)}
        found[name]["sharpness"] = round(sharpness(images) / sharpness(made["as it is"]), 4)
    return found


def attribute_kept(
    made: dict[str, torch.Tensor], labels: torch.Tensor, train: Labelled, attribute: Path, work: Path
) -> dict[str, Row]:
    """How well an attribute is read from the pictures, by method. labels: who they are of; train: the train pictures,
    and who they are of.
    """
    gallery, people = train
    has = wearing(attribute, people, 1)
    truth = wearing(attribute, labels, 1 + int((people == people[0]).sum()))
    data = saved(work / "attribute.npz", to_pixels(gallery), has.astype(np.int64))
    size = {"image_size": gallery.shape[-1], "image_channels": gallery.shape[1]}
    pipes = [
        hf_genimg.train(
            "classifier", work / f"attribute-{seed}", data=str(data), **ATTRIBUTE, **size, seed=seed, progress=False
        )
        for seed in range(3)
    ]
    rows = {name: np.stack([read(pipe, images) for pipe in pipes]) for name, images in made.items()}
    found = {name: balanced(truth, each, labels.numpy()) for name, each in rows.items()}
    shuffled = np.random.default_rng(0).permutation(truth)
    return found | {"shuffled": balanced(shuffled, rows["as it is"], labels.numpy())}


@torch.no_grad()
def read(classifier: Any, images: torch.Tensor) -> np.ndarray:
    """Whether a classifier of two classes finds the second: bool [N]."""
    return classifier.network.eval()(images).argmax(1).bool().numpy()


def picture(path: Path, made: Images, count: int = 20) -> None:
    """The first pictures of each method, in a row each."""
    rows = [np.concatenate(list(to_pixels(images[:count])), 1) for images in made.values()]
    sheet = np.concatenate(rows).squeeze()
    Image.fromarray(sheet).resize((sheet.shape[1] * 2, sheet.shape[0] * 2), Image.Resampling.NEAREST).save(path)


def described(network: torch.nn.Module) -> str:
    """Its class, size and number of weights."""
    count = sum(weights.numel() for weights in network.parameters())
    return f"{type(network).__name__}, {network.config.image_size} pixels, {count:,} parameters"


def table(rows: dict[str, Row]) -> str:
    """Markdown."""
    lines = ["| pictures | rank-1 | adapted | at most | PSNR | distinct | attribute | kid_rbf | sharpness |"]
    lines += ["|---" * 9 + "|"]
    for name, each in rows.items():
        allowed = f"{2 / int(name.rpartition(' ')[2]):.3f}" if name.startswith("k-same") else ""
        cells = [
            name,
            spread(each, "rank1"),
            spread(each, "adapted"),
            allowed,
            f"{each['psnr']:.1f}",
            str(each["distinct"]),
        ]
        cells += [spread(each, "attribute"), str(each.get("kid_rbf", "")), str(each.get("sharpness", ""))]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def spread(each: Row, name: str) -> str:
    """A figure and its interval; nothing where it was not measured."""
    if name not in each:
        return ""
    return f"{each[name]:.3f} ({each[f'{name}_low']:.3f} to {each[f'{name}_high']:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--autoencoder", type=Path, help="for k-same")
    parser.add_argument("--embedder", type=Path, required=True)
    parser.add_argument("--translator", type=Path, help="a run of the recipe deidentifier")
    parser.add_argument("--k", type=int, nargs="*", default=[2, 4, 8])
    parser.add_argument("--attribute", type=Path, help="which pictures have it, such as orl_glasses.json")
    parser.add_argument("--name", default="deidentification")
    parser.add_argument("--work", type=Path, default=Path("runs/privacy"))
    args = parser.parse_args()
    if args.autoencoder is args.translator is None:
        parser.error("there is nothing to measure; give --autoencoder, --translator or both")
    pipe, translator = (path and hf_genimg.load(path) for path in (args.autoencoder, args.translator))
    embedder = hf_genimg.load(args.embedder).network.eval()
    rows = measured(pipe, embedder, args.data, args.k, translator)
    made, labels = made_by(pipe, args.data, args.k, translator)
    known, people = made_by(pipe, args.data, args.k, translator, "train")
    args.work.mkdir(parents=True, exist_ok=True)
    picture(args.work / "faces.png", made)
    config = config_of(pipe, translator)
    train = faces(args.data, "train", config.image_size, config.image_channels)
    further = [quality(made, train[0], args.work), adapted(made, labels, known, people, args.work)]
    further += [attribute_kept(made, labels, train, args.attribute, args.work)] if args.attribute else []
    for name, more in ((name, more) for each in further for name, more in each.items()):
        rows[name] |= more
    print(table(rows))
    results = {"embedder": described(embedder), "rows": rows}
    results |= {"autoencoder": described(pipe.network)} if pipe else {}
    results |= {"translator": described(translator.generator)} if translator else {}
    print(write(args.name, __doc__.partition("Method: ")[2], results))


if __name__ == "__main__":
    main()
