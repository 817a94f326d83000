"""A photograph in the style of a painting, in three lines.

    python examples/scripts/photo_in_style.py MODEL PHOTO PAINTING out.png

MODEL is a run of `adain`, a pipeline directory or a Hub id. A model of one style, a run of `fast_style`, takes no
painting: leave out `style=`.
"""

from __future__ import annotations

import sys

import hf_genimg
from hf_genimg.data import open_picture
from hf_genimg.pipelines.provenance import save_png


def main(model: str, photo: str, painting: str, out: str) -> None:
    pipe = hf_genimg.load(model)
    styled = pipe(open_picture(photo), style=open_picture(painting), strength=0.8).images[0]
    save_png(styled, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
