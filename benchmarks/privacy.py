"""Re-identification of faces that were de-identified by k-same in the latents of an autoencoder.

    python benchmarks/privacy.py --data FACES --autoencoder RUN --embedder RUN [--k 2 4 8] [--name NAME]

FACES has the splits train and test with several pictures of each person, labelled, such as orl-faces. Both models were
trained on its train split, the embedder apart from the autoencoder. Results go to `results/NAME.json`, and a table is
printed.

Method: test pictures are taken in sets of one picture a person, the first of each, then the second, and so on; each set
is de-identified by itself. The embedder looks for each made picture among the train pictures, and is right where the
nearest by cosine is of the same person: rank-1. `as it is`: test pictures unchanged; `reconstructed`: by the
autoencoder, without k-same; `shuffled`: as it is, against labels that are shuffled among the people of train pictures.
PSNR: of the made pictures to the test pictures. `distinct`: pictures that differ, of all. Intervals: 95 percent, of
Wilson for shares, of the mean over pictures for PSNR.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import torch
from _measure import write

import hf_genimg
from hf_genimg.data import ImageDataset, open_dataset
from hf_genimg.evaluation.scores import mean_score, proportion
from hf_genimg.losses.pixels import psnr

Row = dict[str, float]


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


def measured(pipe: object, embedder: torch.nn.Module, data: str, ks: list[int]) -> dict[str, Row]:
    """The rows of the table, by method."""
    config = pipe.network.config
    size, channels = config.image_size, config.image_channels
    if (embedder.config.image_size, embedder.config.image_channels) != (size, channels):
        raise SystemExit(f"the embedder sees other images than those of {size} pixels and {channels} channels")
    gallery, people = faces(data, "train", size, channels)
    images, labels = faces(data, "test", size, channels)
    order = torch.cat(list(sets_of(labels)))
    images, labels = images[order], labels[order]
    count = len(labels.unique())

    def on_sets(k: int) -> torch.Tensor:
        return torch.cat([pipe.deidentify(part, k, "pt") for part in images.split(count)]) * 2 - 1

    made = {"as it is": images, "reconstructed": pipe.reconstruct(images, "pt") * 2 - 1}
    made |= {f"k-same, k = {k}": on_sets(k) for k in ks}
    rows = {name: row(people[nearest(embedder, each, gallery)], labels, each, images) for name, each in made.items()}
    shuffled = torch.randperm(count, generator=torch.Generator().manual_seed(0))[people]
    return {"shuffled": row(shuffled[nearest(embedder, images, gallery)], labels, images, images), **rows}


def described(network: torch.nn.Module) -> str:
    """Its class, size and number of weights."""
    count = sum(weights.numel() for weights in network.parameters())
    return f"{type(network).__name__}, {network.config.image_size} pixels, {count:,} parameters"


def table(rows: dict[str, Row]) -> str:
    """Markdown."""
    lines = ["| pictures | rank-1 | at most | PSNR | distinct |", "|---|---|---|---|---|"]
    for name, each in rows.items():
        allowed = f"{2 / int(name.rpartition(' ')[2]):.3f}" if name.startswith("k-same") else ""
        found = f"{each['rank1']:.3f} ({each['rank1_low']:.3f} to {each['rank1_high']:.3f})"
        lines.append(f"| {name} | {found} | {allowed} | {each['psnr']:.1f} | {each['distinct']} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--autoencoder", type=Path, required=True)
    parser.add_argument("--embedder", type=Path, required=True)
    parser.add_argument("--k", type=int, nargs="*", default=[2, 4, 8])
    parser.add_argument("--name", default="deidentification")
    args = parser.parse_args()
    pipe, embedder = hf_genimg.load(args.autoencoder), hf_genimg.load(args.embedder).network.eval()
    rows = measured(pipe, embedder, args.data, args.k)
    print(table(rows))
    results = {"autoencoder": described(pipe.network), "embedder": described(embedder), "rows": rows}
    print(write(args.name, __doc__.partition("Method: ")[2], results))


if __name__ == "__main__":
    main()
