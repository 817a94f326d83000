"""Data to translate: pairs of inputs and targets, targets with degraded inputs, and two unpaired sets."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from .crops import CroppedImages
from .dataset import ImageDataset, to_float
from .degradations import BLUR, BLURRED, Degradation, blurred
from .fingerprint import key_of

Indices = torch.Tensor | dict[str, torch.Tensor]
_OTHER_SIDE = 0x9E3779B97F4A7C15  # added to the seeds of the inputs of unpaired data, so that the sides differ


class _Translation:
    """What every set has that holds targets and inputs."""

    targets: ImageDataset
    input_channels: int

    @property
    def name(self) -> str:
        """The source of the targets as it was given, without its split."""
        return self.targets.name

    @property
    def split(self) -> str:
        """Canonical name of the split."""
        return self.targets.split

    @property
    def image_size(self) -> int:
        """Height and width of the targets in pixels."""
        return self.targets.image_size

    @property
    def image_channels(self) -> int:
        """1 (grey) or 3 (RGB), of the targets."""
        return self.targets.image_channels

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """Of the targets; None where their labels are not read."""
        return self.targets.class_names

    @property
    def sides(self) -> dict[str, int]:
        """How many items each independent side has: `images` alone where the inputs go with them."""
        return {"images": len(self.targets)}

    @property
    def conditions(self) -> tuple[str, ...]:
        """What batches hold beside `images`: `inputs`, and the `labels` of the targets where they are read."""
        return ("inputs", *self.targets.conditions)

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True, eq=False)
class PairedDataset(_Translation):
    """Two decoded image sets, of which item i of the one belongs to item i of the other.

    Args:
        targets: what the inputs are to become.
        inputs: as long as `targets`, mirrored and cropped like them.
    """

    targets: ImageDataset
    inputs: ImageDataset

    def __post_init__(self) -> None:
        if len(self.inputs) != len(self.targets):
            numbers = f"{len(self.inputs)} inputs but {len(self.targets)} targets"
            raise ValueError(
                f"{self.name} has {numbers} in its split {self.split}; give as many of one as of the other"
            )
        object.__setattr__(self, "targets", _cropped_alike(self.targets, self.inputs))

    @property
    def fingerprint(self) -> str:
        """Hash of the contents of both sides and of how they were decoded."""
        return key_of("pairs", self.inputs.fingerprint, self.targets.fingerprint)

    @property
    def input_size(self) -> int:
        """Height and width of the inputs in pixels."""
        return self.inputs.image_size

    @property
    def input_channels(self) -> int:
        """1 (grey) or 3 (RGB), of the inputs."""
        return self.inputs.image_channels

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
            seeds: int64 [n]; where both images of a pair are cropped is drawn from its seed. None takes the centre.

        Returns:
            `images`, the targets: float32 [n, C, H, W] in [-1, 1]; `inputs`: float32 [n, C_in, H_in, W_in] in [-1, 1];
            with labels also `labels`: int64 [n].

        Raises:
            IndexError: an index is out of range.
        """
        targets = self.targets.batch(indices, device, channels_last, seeds)
        return {**targets, "inputs": self.inputs.batch(indices, device, channels_last, seeds)["images"]}


@dataclass(frozen=True, eq=False)
class DegradedDataset(_Translation):
    """A decoded image set, and inputs that are made from it as batches are read.

    Args:
        targets: what the inputs are to become.
        degradation: how the inputs are made from the targets.
    """

    targets: ImageDataset
    degradation: Degradation

    def __post_init__(self) -> None:
        if self.targets.image_size % self.degradation.scale:
            raise ValueError(
                f"image_size={self.targets.image_size} is not a multiple of {self.degradation.scale}, by which "
                f"inputs={self.degradation.text} makes the inputs smaller; use a multiple"
            )

    @property
    def fingerprint(self) -> str:
        """Hash of the contents of the targets, and of how they were decoded and are degraded."""
        if self.degradation.text == BLURRED:
            return key_of("pairs", f"blurred by {BLUR}", self.targets.fingerprint)
        return key_of("degraded", self.degradation.steps, self.degradation.masks, self.targets.fingerprint)

    @property
    def input_size(self) -> int:
        """Height and width of the inputs in pixels."""
        return self.image_size // self.degradation.scale

    @property
    def input_channels(self) -> int:
        """1 (grey) or 3 (RGB), of the inputs."""
        return self.degradation.input_channels(self.image_channels)

    @property
    def conditions(self) -> tuple[str, ...]:
        """What batches hold beside `images`: `inputs`, `mask` where something is masked, `labels` of the targets."""
        return (*self.degradation.conditions, *self.targets.conditions)

    def batch(
        self,
        indices: torch.Tensor,
        device: torch.device | str = "cpu",
        channels_last: bool = False,
        seeds: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """The items `indices` on `device`.

        Args:
            indices: int64 [n], each in [0, len(self)).
            channels_last: strides of the images; otherwise they are contiguous.
            seeds: int64 [n]; where an item is cropped, and how it is degraded, is drawn from its seed. None takes the
                centre, and degrades by the index.

        Returns:
            `images`, the targets: float32 [n, C, H, W] in [-1, 1]; `inputs`: float32 [n, C_in, H_in, W_in] in [-1, 1];
            with labels also `labels`: int64 [n]; with a mask also `mask`: float32 [n, 1, H, W], 1 where there is
            something to fill in: there `inputs` are 0, elsewhere as without a mask, bit for bit.

        Raises:
            IndexError: an index is out of range.
        """
        pixels = self.targets.pixels(indices, seeds)
        batch = {"images": to_float(pixels, device, channels_last), **self.targets.labels_of(indices, device)}
        if self.degradation.text == BLURRED:
            return {**batch, "inputs": blurred(batch["images"])}
        numbers = (indices if seeds is None else seeds).tolist()
        return {**batch, **_degraded(self.degradation, pixels, numbers, device, channels_last)}


def _degraded(
    degradation: Degradation, pixels: torch.Tensor, seeds: list[int], device: torch.device | str, channels_last: bool
) -> dict[str, torch.Tensor]:
    """`inputs`, and perhaps `mask`, of the images `pixels`, uint8 [n, H, W, C]."""
    if not len(pixels):
        return _no_inputs(degradation, pixels, device)
    made = [degradation(image, seed) for image, seed in zip(pixels.numpy(), seeds, strict=True)]
    inputs = to_float(torch.from_numpy(np.stack(made)), device, channels_last)
    if not degradation.masks:
        return {"inputs": inputs}
    masks = np.stack([degradation.mask(tuple(pixels.shape[1:3]), seed) for seed in seeds])
    mask = torch.from_numpy(masks)[:, None].to(device)
    return {"inputs": inputs.masked_fill(mask, 0.0), "mask": mask.float()}


def _no_inputs(degradation: Degradation, pixels: torch.Tensor, device: torch.device | str) -> dict[str, torch.Tensor]:
    height, width, channels = pixels.shape[1:]
    size = (height // degradation.scale, width // degradation.scale)
    inputs = torch.empty(0, degradation.input_channels(channels), *size, device=device)
    mask = torch.empty(0, 1, height, width, device=device)
    return {"inputs": inputs, "mask": mask} if degradation.masks else {"inputs": inputs}


def _cropped_alike(targets: ImageDataset, inputs: ImageDataset) -> ImageDataset:
    """The targets, cropped where the same crops of the inputs are."""
    cropped = [isinstance(side.images, CroppedImages) for side in (targets, inputs)]
    if not any(cropped):
        return targets
    scale = targets.image_size // inputs.image_size
    alike = all(cropped) and scale * inputs.image_size == targets.image_size
    if not alike or not np.array_equal(inputs.images.sizes * scale, targets.images.sizes):
        raise ValueError(
            f"{targets.name}: the inputs and targets differ in shape, so no random crops of both belong together; "
            "set random_crop=false"
        )
    return replace(targets, images=replace(targets.images, multiple=scale))


@dataclass(frozen=True, eq=False)
class UnpairedDataset(_Translation):
    """Inputs and targets that do not belong together one by one.

    Args:
        targets: images like those that inputs are to become.
        inputs: of any number; or a set whose degraded images are the inputs.
    """

    targets: ImageDataset
    inputs: ImageDataset | DegradedDataset

    @property
    def fingerprint(self) -> str:
        """Hash of the contents of both sides and of how they were decoded or made."""
        return key_of("unpaired", self.inputs.fingerprint, self.targets.fingerprint)

    @property
    def input_size(self) -> int:
        """Height and width of the inputs in pixels."""
        return self.inputs.input_size if isinstance(self.inputs, DegradedDataset) else self.inputs.image_size

    @property
    def input_channels(self) -> int:
        """1 (grey) or 3 (RGB), of the inputs."""
        return self.inputs.input_channels if isinstance(self.inputs, DegradedDataset) else self.inputs.image_channels

    @property
    def sides(self) -> dict[str, int]:
        """How many items each independent side has."""
        return {"images": len(self.targets), "inputs": len(self.inputs)}

    @property
    def conditions(self) -> tuple[str, ...]:
        """What batches hold beside `images`: `inputs`, `mask` where these are masked, `labels` of the targets."""
        own = self.inputs.degradation.conditions if isinstance(self.inputs, DegradedDataset) else ("inputs",)
        return (*own, *self.targets.conditions)

    def batch(
        self,
        indices: Indices,
        device: torch.device | str = "cpu",
        channels_last: bool = False,
        seeds: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """Items of both sides on `device`.

        Args:
            indices: `images` and `inputs`, each int64 [n], in the range of its side.
            channels_last, seeds: as of `DegradedDataset.batch`; both sides draw from one seed, but other numbers.

        Returns:
            As `DegradedDataset.batch`; item i of `inputs` has nothing to do with item i of `images`.

        Raises:
            IndexError: an index is out of range.
            ValueError: there are not indices for both sides.
        """
        if not isinstance(indices, dict) or set(indices) != {"images", "inputs"}:
            raise ValueError(f"{self.name} is unpaired; give indices of both sides, images and inputs, as a dict")
        targets = self.targets.batch(indices["images"], device, channels_last, seeds)
        other = None if seeds is None else seeds ^ (_OTHER_SIDE - (1 << 64))
        batch = self.inputs.batch(indices["inputs"], device, channels_last, other)
        if isinstance(self.inputs, DegradedDataset):
            return {**{name: batch[name] for name in self.inputs.degradation.conditions}, **targets}
        return {**targets, "inputs": batch["images"]}
