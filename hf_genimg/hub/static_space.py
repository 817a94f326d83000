"""A Space without a server: one page that runs the model in the visitor's browser, offline too once it is open."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import SpaceCardData

from ..models._network import LatentNetwork
from ..pipelines.directions import directions
from .browser_runtime import VERSION, runtime_files
from .onnx_export import export_pipeline, translator_size

PAGE = Path(__file__).parent / "static"
RUNTIME = "runtime"  # folder of onnxruntime-web in the Space
TABLE_SEEDS = 256  # seeds of a network whose latents the page cannot draw itself
DIRECTIONS = 5
LARGEST_DARK = 32  # pixels a side of grey images that are drawn in white on black, as digits are; the page can swap


def write_static_space(pipeline: Any, repo_id: str, folder: Path, runtime: Path | None = None) -> None:
    """Write the page, the networks as ONNX, and onnxruntime-web into the new or empty `folder`.

    runtime: where onnxruntime-web lies; see `runtime_files`. Raises `ValueError`, before anything is written, for a
    model that the page cannot show, and where ONNX or onnxruntime-web is missing.
    """
    refuse_unshown(pipeline)
    files = runtime_files(runtime)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RUNTIME).mkdir()
    for name, content in files.items():
        (folder / RUNTIME / name).write_bytes(content)
    parts = export_pipeline(pipeline, folder)
    facts = {**model_facts(pipeline), "parts": parts}
    if "latents" in parts.get("images", ()) and facts["distribution"] is None:
        facts["table"] = write_table(pipeline, folder / "table.bin")
    (folder / "model.json").write_text(json.dumps(facts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for source in sorted(PAGE.iterdir()):
        (folder / source.name).write_bytes(source.read_bytes())
    offline = folder / "offline.js"
    kept = ["./", *sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())]
    offline.write_text(offline.read_text().replace("FILES_OF_THE_PAGE", json.dumps(kept)), encoding="utf-8")
    (folder / "README.md").write_text(_readme(pipeline.model_name, repo_id), encoding="utf-8")


def refuse_unshown(pipeline: Any) -> None:
    """Raise `ValueError` for a pipeline that needs more than its network and plain images: a prior, text, tokens."""
    able = pipeline.capabilities
    makes = able.task in ("generation", "reconstruction")
    more = set(pipeline.network.conditions) - {"inputs", "mask", "style", "strength"}
    for needed, what in (
        (able.prior, "a prior of its own"),
        (able.text, "a tokenizer"),
        (makes and not able.interpolation, "latents that are tokens"),
        (able.task == "translation" and more, "a translator that samples or takes classes"),
    ):
        if needed:
            raise ValueError(
                f"{pipeline.model_name} has {what}, which a page without a server does not run; leave out --static"
            )


def model_facts(pipeline: Any) -> dict[str, Any]:
    """What the page must know of the model, as JSON."""
    able, network = pipeline.capabilities, pipeline.network
    facts = {
        "name": pipeline.model_name,
        "task": able.task,
        "image_size": able.image_size,
        "image_channels": able.image_channels,
        "num_classes": able.num_classes,
        "class_names": list(able.class_names),
        "dark_ground": able.image_channels == 1 and able.image_size <= LARGEST_DARK,
        "provenance": pipeline.provenance(runtime=f"onnxruntime-web {VERSION}"),
    }
    if able.task == "classification":
        return facts
    if able.task == "translation":
        return {**facts, "input_channels": able.input_channels, "input_size": translator_size(network)}
    own = type(network)
    scaled = own.truncate is LatentNetwork.truncate and own.at_truncation is LatentNetwork.at_truncation
    found = directions(pipeline, count=DIRECTIONS) if able.interpolation else []
    return {
        **facts,
        "latent_dim": network.config.latent_dim,
        "distribution": _distribution(network),
        "truncation": able.truncation and scaled,
        "directions": [_rounded(row) for row in torch.as_tensor(found)],
        "named_directions": _named_directions(pipeline),
    }


def _named_directions(pipeline: Any) -> list[dict[str, Any]]:
    """Those that the model came with, by name. Directions in `w` are left out: the page's network takes latents `z`."""
    found = pipeline.directions.items() if pipeline.capabilities.interpolation else ()
    return [{"name": name, "vector": _rounded(each.vector)} for name, each in found if each.space == "z"]


def _rounded(vector: torch.Tensor) -> list[float]:
    return [round(number, 5) for number in vector.tolist()]


def _distribution(network: Any) -> str | None:
    """Of latents that the page can draw itself, as torch does; None of others, and of networks with noise."""
    plain = type(network).sample_latents is LatentNetwork.sample_latents
    noisy = network.sample_noise(1, torch.Generator()) is not None
    return network.config.latent_distribution if plain and not noisy else None


def write_table(pipeline: Any, path: Path) -> dict[str, Any]:
    """Write what the first seeds sample, float32 rows of latents and noise; returns the number of seeds, the length of
    each of both, and the labels.
    """
    sampled = pipeline.draw_seeds(list(range(TABLE_SEEDS)))
    tables = {"latents": sampled.latents} | ({} if sampled.noise is None else {"noise": sampled.noise})
    path.write_bytes(torch.cat(list(tables.values()), 1).numpy().astype("<f4").tobytes())
    labels = [] if sampled.class_labels is None else sampled.class_labels.tolist()
    return {"seeds": TABLE_SEEDS, "sizes": {name: each.shape[1] for name, each in tables.items()}, "labels": labels}


def _readme(name: str, repo_id: str) -> str:
    data = SpaceCardData(
        title=repo_id.rpartition("/")[2], sdk="static", app_file="index.html", tags=["hf_genimg"], license=None
    )
    words = re.sub(r"[`\n]", "", name)
    text = (
        f"A page to play with `{words}`. It has no server: onnxruntime-web {VERSION} runs the model in the browser. "
        "Nothing that a visitor draws or opens leaves their device. The images that it generates are synthetic."
    )
    return f"---\n{data.to_yaml()}\n---\n\n# {words}\n\n{text}\n"
