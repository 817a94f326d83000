"""What a prior that is fitted to the latents does for the samples of an autoencoder.

    python benchmarks/latent_prior.py RUN [RUN ...] [--num 2000] [--work DIR]

RUN is a run of `conv_vae`, `rae` or another autoencoder with vectors as latents. On each, `latent_prior` fits one
Gaussian and a mixture of ten; samples of the standard normal and of both priors are scored by the extractor `digits`:
Fréchet distance with its 95 percent interval, precision and recall, from the training split of digits (its test split
is too small for an interval) and the test split of other data.

Results: results/latent_prior.json, by data and family.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from _measure import RESULTS, write

import hf_genimg
from hf_genimg.pipelines.reconstruction import ImageReconstructionPipeline

COMPONENTS = {"gaussian": 1, "mixture": 10}
METRICS = ("fid", "precision", "recall")


def without_prior(run: Path, folder: Path) -> Path:
    """The autoencoder alone, which samples the standard normal."""
    if not folder.exists():
        ImageReconstructionPipeline(autoencoder=hf_genimg.load(run).autoencoder).save_pretrained(folder)
    return folder


def with_prior(run: Path, fields: dict[str, Any], components: int, folder: Path) -> Path:
    """The same with a prior that is fitted to its latents."""
    same = {name: fields[name] for name in ("data", "image_size", "upscale")}
    hf_genimg.train("latent_prior", folder, model=str(run.resolve()), components=components, **same)
    return folder


def measured(run: Path, num: int, work: Path) -> tuple[str, dict[str, Any]]:
    """The scores of one run with each prior, and its name: data and family."""
    recipe = json.loads((run / "recipe.json").read_text())
    fields, data = recipe["fields"], Path(recipe["fields"]["data"]).name
    name = f"{data} {recipe['recipe']}"
    folder = work / name.replace(" ", "-")
    models = {"standard_normal": without_prior(run, folder.with_name(f"{folder.name}-normal"))}
    for prior, components in COMPONENTS.items():
        models[prior] = with_prior(run, fields, components, folder.with_name(f"{folder.name}-{prior}"))
    split = "train" if data == "digits" else "test"
    found: dict[str, Any] = {"images": fields["images"], "num": num, "split": split}
    for prior, model in models.items():
        report = hf_genimg.evaluate(
            model, f"{fields['data']}@{split}", metrics=METRICS, extractor="digits", num=num, progress=False
        )
        found[prior] = {metric: asdict(score) for metric, score in report.scores.items()}
    return name, found


def main() -> None:
    """Measure the runs, beside those that were measured before."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--num", type=int, default=2_000)
    parser.add_argument("--work", type=Path, default=Path("runs/latent_prior"))
    given = parser.parse_args()
    path = RESULTS / "latent_prior.json"
    for run in given.runs:
        name, found = measured(run, given.num, given.work)
        entries = json.loads(path.read_text())["measured"] if path.exists() else {}
        print(write("latent_prior", __doc__, dict(sorted({**entries, name: found}.items()))), name)


if __name__ == "__main__":
    main()
