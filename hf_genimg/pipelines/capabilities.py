"""What a pipeline can do: the only thing that the command line and the demo ask it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Capabilities:
    """What a pipeline makes and which of the optional arguments mean something to it."""

    task: str  # generation, reconstruction, translation or classification
    image_size: int  # pixels a side
    image_channels: int  # 1 grey, 3 colour
    num_classes: int = 0  # class labels are 0 to num_classes - 1; 0 where it takes none
    soft_labels: bool = False  # a label may also be weights of classes, float [N, num_classes]: classes can be mixed
    found_classes: bool = False  # nobody named the classes: label 3 need not be class 3 of any data
    codes: int = 0  # the first so many latents are codes that were found, each from -1 to 1: sliders
    truncation: bool = False  # latents can be shrunk
    encode: bool = False  # has `encode`, `decode` and `reconstruct`
    styles: int = 0  # number of styles to choose from; 0 where it has none
    mask: bool = False  # takes a mask of what is to be filled in
    scale: int | None = (
        None  # its images are this many times the size of those it is given; None where it is given none
    )
