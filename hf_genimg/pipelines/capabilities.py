"""What a pipeline can do: the only thing that the command line and the demo ask it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Capabilities:
    """What a pipeline makes and which optional arguments it takes, derived from what its networks declare."""

    task: str  # generation, reconstruction, translation or classification
    image_size: int  # pixels a side; of a translator with `any_size`, what it was trained at
    image_channels: int  # of what it makes, or what a classifier takes: 1 grey, 3 colour, 4 with transparency
    num_classes: int = 0  # class labels are 0 to num_classes - 1; 0 where it takes none
    class_names: tuple[str, ...] = ()  # of the labels, in their order; empty where the data named none
    soft_labels: bool = False  # a label may also be weights of classes, float [N, num_classes]: classes can be mixed
    found_classes: bool = False  # nobody named the classes: label 3 need not be class 3 of any data
    codes: int = 0  # the first so many latents are codes that were found, each from -1 to 1: sliders
    truncation: bool = False  # latents can be truncated
    interpolation: bool = False  # has `interpolate`: latents are vectors, not tokens
    mixing_layers: int = 0  # layers in which the styles of another image can take over; 0 where styles do not mix
    text: bool = False  # takes a `prompt`
    prompts: tuple[str, ...] = ()  # examples of such, from the captions that it was trained on
    prior: bool = False  # latents come from a prior of its own
    encode: bool = False  # has `encode`, `decode` and `reconstruct`
    input_channels: int | None = None  # of what a translator takes: 1 grey, 3 colour
    scale: int | None = None  # a translator's outputs are this many times the size of its inputs
    any_size: bool = False  # a translator takes pictures of any size; otherwise the centre square at `image_size`
    mask: bool = False  # takes a mask, white where something is to be filled in
    style: bool = False  # takes a second picture, whose style the first is given
    strength: bool = False  # takes how strongly it translates, from 0 to 1
    reverse: bool = False  # translates back as well
    latents: bool = False  # a translator samples latents: a seed chooses among the translations of an image
