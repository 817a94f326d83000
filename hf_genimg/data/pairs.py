"""`open_pairs`: pictures and what they are to become, decoded once, as a `PairedDataset` for translation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F

from .dataset import ImageDataset, check_numbers, decoded_dataset
from .decode import LEAVE_OUT, BadPicture, Decoding, detect_channels
from .fingerprint import key_of
from .pairing import find_pairs
from .source import Source

BLUR = 4  # side, in pixels, of the squares whose mean is what a blurred picture keeps


@dataclass(frozen=True, eq=False)
class PairedDataset:
    """Two decoded image sets, of which item i of the one belongs to item i of the other.

    Args:
        targets: what the inputs are to become.
        inputs: as long as `targets` and of the same size, mirrored like them; None where the inputs are the blurred
            targets.
    """

    targets: ImageDataset
    inputs: ImageDataset | None = None

    def __post_init__(self) -> None:
        if self.inputs is not None and len(self.inputs) != len(self.targets):
            numbers = f"{len(self.inputs)} inputs but {len(self.targets)} targets"
            raise ValueError(
                f"{self.name} has {numbers} in its split {self.split}; give as many of one as of the other"
            )

    @property
    def name(self) -> str:
        """The source as it was given, without its split."""
        return self.targets.name

    @property
    def split(self) -> str:
        """Canonical name of the split."""
        return self.targets.split

    @property
    def fingerprint(self) -> str:
        """Hash of the contents of both sides and of how they were decoded."""
        return key_of(
            "pairs", self.inputs.fingerprint if self.inputs else f"blurred by {BLUR}", self.targets.fingerprint
        )

    @property
    def image_size(self) -> int:
        """Height and width in pixels, of both sides."""
        return self.targets.image_size

    @property
    def image_channels(self) -> int:
        """1 (grey) or 3 (RGB), of the targets."""
        return self.targets.image_channels

    @property
    def input_channels(self) -> int:
        """1 (grey) or 3 (RGB), of the inputs."""
        return (self.inputs or self.targets).image_channels

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def sides(self) -> dict[str, int]:
        """How many items each independent side has: pairs are one side."""
        return {"images": len(self)}

    conditions = ("inputs",)

    def batch(
        self,
        indices: torch.Tensor,
        device: torch.device | str = "cpu",
        channels_last: bool = False,
        seeds: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """The pairs `indices` on `device`.

        Args:
            indices: int64 [n], each in [0, len(self)).
            channels_last: strides of the images; otherwise they are contiguous.

        Returns:
            `images`, the targets: float32 [n, C, H, W] in [-1, 1]; `inputs`: float32 [n, C_in, H, W] in [-1, 1].

        Raises:
            IndexError: an index is out of range.
        """
        images = self.targets.batch(indices, device, channels_last)["images"]
        inputs = blurred(images) if self.inputs is None else self.inputs.batch(indices, device, channels_last)["images"]
        return {"images": images, "inputs": inputs}


def blurred(images: torch.Tensor) -> torch.Tensor:
    """Images shrunk to a quarter of their size, each pixel the mean of those it covers, and enlarged back bilinearly.

    Deterministic. images: float [N, C, H, W], of any size; returns the same shape, strides and range.
    """
    height, width = images.shape[2:]
    small = F.interpolate(images, (max(1, height // BLUR), max(1, width // BLUR)), mode="area")
    back = F.interpolate(small, (height, width), mode="bilinear", align_corners=False)
    layout = torch.contiguous_format if images.is_contiguous() else torch.channels_last
    return back.contiguous(memory_format=layout)


def open_pairs(
    source: str | Path,
    *,
    image_size: int,
    image_channels: int | None = None,
    input_channels: int | None = None,
    inputs: str | None = None,
    targets: str | None = None,
    split: str | None = None,
    flip: bool = False,
    upscale: bool = False,
    progress: bool = True,
) -> PairedDataset:
    """Open a set of pairs, decoding both sides first unless their contents were decoded the same way before.

    The sides are two image columns of parquet files or of a Hub dataset; two folders (also in a zip file) whose
    pictures pair by their path without the extension, each with its splits below (`A/train`) or both below the splits
    (`train/A`); the halves of pictures twice as wide as high; or any single pictures as targets with inputs that are
    made from them by `blurred`. No picture can be left out.

    Args:
        source: as of `open_dataset`.
        image_size: height and width in pixels, of both sides.
        image_channels, input_channels: 1 or 3, of the targets and of the inputs; None takes what the data have.
        inputs, targets: names of columns or folders; or `left` and `right` either way; or inputs `blurred`, where
            targets may name the column that holds the pictures. None finds `inputs` and `targets`, `input` and
            `target`, `A` and `B` or halves; `digits` are blurred.
        split: the split, where `source` does not name it; `train` by default.
        flip: whether the pairs, mirrored alike, follow the originals (twice the length, no randomness).
        upscale: whether pictures smaller than `image_size` are enlarged; otherwise they are bad pictures.
        progress: whether to show a progress bar while decoding.

    Raises:
        FileNotFoundError: nothing is at `source`.
        ValueError: anything else that is wrong, in one line: among others a picture that cannot be used or is alone,
            and names that are not there or, where none are given, do not say what is to become what.
    """
    check_numbers(image_size, image_channels)
    check_numbers(image_size, input_channels, "input_channels")
    given, wanted = find_pairs(source, split, inputs, targets)
    opened = _open_side(wanted, image_size, image_channels, flip, upscale, progress)
    if given is not None:
        return PairedDataset(opened, _open_side(given, image_size, input_channels, flip, upscale, progress))
    if input_channels not in (None, opened.image_channels):
        remedy = f"as many as the targets have: use input_channels={opened.image_channels} or leave it out"
        raise ValueError(f"input_channels={input_channels} is not possible with inputs=blurred, which have {remedy}")
    return PairedDataset(opened)


def _open_side(
    source: Source, image_size: int, channels: int | None, flip: bool, upscale: bool, progress: bool
) -> ImageDataset:
    how = Decoding(image_size, channels or detect_channels(source), upscale=upscale)
    try:
        return decoded_dataset(source, how, labels=False, flip=flip, progress=progress)
    except BadPicture as error:
        raise ValueError(
            f"{error.fact}; {error.advice.removesuffix(LEAVE_OUT)}: of pairs no picture can be left out"
        ) from error
