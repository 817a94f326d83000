"""A text becomes a sprite, and the sprite becomes larger: two models, three lines.

    python examples/scripts/sprite_from_text.py TEXT_MODEL UPSCALER "blue dragon" dragon.png

TEXT_MODEL is a run of `text_gan`, or of a model with classes where the text is a class; UPSCALER is a run of any
upscaler with as many channels. Each is a run directory, a pipeline directory or a Hub id.
"""

from __future__ import annotations

import sys

import hf_genimg
from hf_genimg.pipelines.provenance import save_png


def main(text_model: str, upscaler: str, text: str, out: str) -> None:
    pipe = hf_genimg.chain(hf_genimg.load(text_model), hf_genimg.load(upscaler))
    sprites = pipe(**{"prompt" if pipe.capabilities.text else "class_labels": text}, seed=0).images
    save_png(sprites[0], out)


if __name__ == "__main__":
    main(*sys.argv[1:])
