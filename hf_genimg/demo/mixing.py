"""The style-mixing matrix: images of some seeds, each with the styles of others from a layer on."""

from __future__ import annotations

from PIL import Image

from ..pipelines.images import grid
from .explore import seeds_of
from .handlers import sign
from .models import Shared
from .settings import Settings, check


def matrix(model: Shared, rows: str, columns: str, start: int) -> Image.Image:
    """One picture: on the left the images of `rows`, above those of `columns`, and where both meet the image of the
    row's seed that takes the styles of the column's seed from layer `start` on. (StyleGAN, figure 3.)

    Args:
        rows, columns: two to eight seeds with commas between them.
        start: the first layer whose styles are the other seed's, from 1.

    Raises:
        ValueError: the model mixes no styles, or an argument is not what it may be.
    """
    down, across = (seeds_of(each, "list of seeds") for each in (rows, columns))
    for seed in across:
        check(model, Settings(count=1, mix_seed=seed, mix_from=start))
    own, above = _images(model, down), _images(model, across)
    mixed = [_images(model, down, seed, start) for seed in across]
    corner = Image.new(own[0].mode, own[0].size, {"L": 255, "RGB": (255, 255, 255)}.get(own[0].mode, 0))
    cells = [corner, *above]
    for number, image in enumerate(own):
        cells += [image, *(column[number] for column in mixed)]
    note = {"rows": down, "columns": across, "from": start}
    return sign(model, [grid(cells, len(across) + 1)], [{"style_mixing": note}])[0]


def _images(model: Shared, seeds: list[int], mix_seed: int | None = None, start: int = 1) -> list[Image.Image]:
    mixing = {} if mix_seed is None else {"mix_seed": mix_seed, "mix_from": start}
    with model.lock:
        inputs = model.pipe.draw_seeds(seeds)
        given = {"latents": inputs.latents, "noise": inputs.noise, "class_labels": inputs.class_labels}
        return model.pipe(**given, **mixing).images
