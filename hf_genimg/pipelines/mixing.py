"""A picture of mixed styles: rows of images that take the later styles of the columns' images."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from PIL import Image

from .images import grid
from .provenance import text_entries
from .sampling import GeneratorInputs, check_count, check_seed, draw

MOST_CELLS = 1024


def mixing_matrix(
    pipe: Any,
    rows: list[int],
    columns: list[int],
    *,
    mix_from: int | None = None,
    class_labels: Any = None,
    truncation: float = 1.0,
    max_batch_size: int | None = None,
) -> Image.Image:
    """Draw a matrix of style mixing (arXiv:1812.04948, figure 3).

    Args:
        pipe: its network mixes styles (`capabilities.mixing_layers`).
        rows, columns: seeds. The first column shows the images of `rows`, the first row those of `columns`; each other
            cell the image of its row, with the styles of its column from layer `mix_from` on.
        mix_from: from 1 to `mixing_layers` - 1; the middle unless given.
        class_labels: of a conditional model: one for all images. Left out, each row and column has its own.
        truncation, max_batch_size: as for a call.

    Returns:
        One picture, with its provenance in `info`.

    Raises:
        ValueError: an argument is not what it may be.
    """
    pipe._check(truncation, max_batch_size)
    for name, seeds in (("rows", rows), ("columns", columns)):
        if not isinstance(seeds, list | tuple) or not seeds:
            raise ValueError(f"{name}={seeds!r} is no list of seeds; give one or more")
        for seed in seeds:
            check_seed(seed)
            check_count("seed", seed, 0)
    if len(rows) * len(columns) > MOST_CELLS:
        raise ValueError(
            f"{len(rows)} rows of {len(columns)} columns are more than {MOST_CELLS} images; use fewer seeds"
        )
    layer = pipe._mixing_layer(rows[0], mix_from)
    own, other = (_inputs(pipe, seeds, class_labels) for seeds in (rows, columns))
    plain = [pipe._make(each, float(truncation), max_batch_size, "pil") for each in (own, other)]
    of_row = torch.arange(len(rows)).repeat_interleave(len(columns))
    mixed = replace(_chosen(own, of_row), mixing=other.latents.repeat(len(rows), *[1] * (other.latents.dim() - 1)))
    cells = pipe._make(mixed, float(truncation), max_batch_size, "pil", layer)
    lines = [[Image.new(cells[0].mode, cells[0].size, "white"), *plain[1]]]
    for row, image in enumerate(plain[0]):
        lines.append([image, *cells[row * len(columns) : (row + 1) * len(columns)]])
    picture = grid([image for line in lines for image in line], len(columns) + 1)
    settings = {"rows": list(rows), "columns": list(columns), "mix_from": layer, "truncation": float(truncation)}
    picture.info.update(text_entries(pipe.provenance(**settings)))
    return picture


def _inputs(pipe: Any, seeds: list[int], class_labels: Any) -> GeneratorInputs:
    """What the images of one or more seeds are made from."""
    sampled = {"class_labels": class_labels, "prior": pipe.prior_network, "class_names": pipe.class_names}
    parts = [draw(pipe.network, pipe.capabilities.num_classes, seed=int(seed), **sampled) for seed in seeds]
    joined = {
        name: None if getattr(parts[0], name) is None else torch.cat([getattr(part, name) for part in parts])
        for name in ("latents", "class_labels", "noise")
    }
    return GeneratorInputs(**joined, seeds=list(seeds))


def _chosen(inputs: GeneratorInputs, indices: torch.Tensor) -> GeneratorInputs:
    taken = {
        name: None if getattr(inputs, name) is None else getattr(inputs, name)[indices]
        for name in ("latents", "class_labels", "noise")
    }
    return GeneratorInputs(**taken, seeds=None)
