"""What a run is: numbers that go into `recipe.json`, and five builders."""

from __future__ import annotations

import hashlib
import math
import re
import sys
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar, Self

from torch import nn
from torch.optim import Optimizer

from .fields import check_fields, current_name, refuse_both_names
from .privacy import Privacy

PACKAGE = Path(__file__).resolve().parents[1]
SCHEDULES = ("constant", "linear", "cosine")
PRECISIONS = ("no", "bf16", "fp16", "auto")


@dataclass(frozen=True, kw_only=True)
class Recipe(ABC):
    """A complete, reproducible training run. Time and lengths are in images: real images the first player of the
    objective trained on.
    """

    data: str = "digits"  # digits, a folder, a zip file, parquet files or a Hub dataset (`list data`); @split optional
    image_size: int = 28  # pixels a side
    image_channels: int | None = None  # 1 grey, 3 colour, 4 with transparency; none: as in the data, over white
    images: int = 1_000_000  # length of the run
    batch_size: int = 64  # images an update
    micro_batch_size: int | None = None  # images a backward pass; none: the whole batch
    snapshot_images: int = 100_000  # checkpoint and pipeline this often, once a minute, and at the end
    sample_images: int = 100_000  # a grid of samples this often, and at the end
    evaluate_images: int | None = None  # measure held-out images this often, and at the end; none: at the end only
    log_images: int = 5_000  # a line in log.jsonl this often
    seed: int = 0
    learning_rate: float = 2e-4
    schedule: str = "constant"  # of the learning rate after the warm-up: constant, linear or cosine
    schedule_images: int | None = None  # where the schedule ends, and the learning rate stays; none: with the run
    final_learning_rate: float = 0.0  # where linear and cosine end
    warmup_images: int = 0  # the learning rate rises from zero over this many images
    max_grad_norm: float | None = None  # a longer gradient is scaled down to this length; none: left as it is
    ema_half_life: int = 10_000  # of the published average of the weights, in images; 0: publish the last weights
    mixed_precision: str = "no"  # no, bf16, fp16, or auto: bf16 on devices with instructions for it
    channels_last: bool = False  # memory layout of images and convolution weights
    compile: bool = False  # torch.compile the networks: a minute more at the start, then faster on most GPUs
    metrics: str | None = None  # scores at each evaluation (`list metrics`), joined with commas; the first is for best
    extractor: str | None = None  # of features for scores: `list extractors`; none: fits the data
    score_images: int = 1_000  # how many images a score is taken of while training
    trackers: str | None = None  # send the log to these as well: tensorboard, trackio or wandb, joined with commas
    init: str | None = None  # start from the networks of this run or pipeline directory
    hub_model_id: str | None = None  # push to owner/name on the Hub every snapshot_images and at the end
    license: str | None = None  # of the trained model, for its card: an identifier of the Hub such as apache-2.0
    data_license: str | None = None  # of the data, likewise; none: known for digits, otherwise stated as unknown
    data_about: str | None = None  # what the data are and whom they are from, a sentence for the card

    transparency: ClassVar[bool] = False  # whether image_channels=4 is possible
    published: ClassVar[tuple[str, ...]] = ("generator",)  # the networks that are averaged over time
    left_to_data: ClassVar[tuple[str, ...]] = ("image_channels",)  # fields that `fitted` fills in where they are none

    @abstractmethod
    def dataset(self, split: str | None = None) -> Any:
        """The images: `len()`, `fingerprint`, `image_channels`, `sides`, `conditions` and
        `batch(indices, device, channels_last, seeds)`, as `data.ImageDataset` has them.

        split: instead of the one that `data` names.
        """

    @abstractmethod
    def models(self) -> dict[str, nn.Module]:
        """The networks by name, freshly initialised."""

    def networks(self) -> dict[str, nn.Module]:
        """The networks as they are trained: those of `models`, with what fields of every family change in them."""
        return self.models()

    @abstractmethod
    def objective(self) -> nn.Module:
        """The losses that the networks are trained by: an `objectives.base.Objective`."""

    def frozen(self) -> dict[str, nn.Module]:
        """Networks that the objective uses and nobody trains, by name: feature networks, a first stage.

        They are placed like the others and set to eval mode, never averaged or checkpointed; a run goes on only with
        the same weights.
        """
        return {}

    def advance(self, networks: Mapping[str, nn.Module], images: int) -> None:
        """Called before each training step, after `images` images: set what grows with time, in buffers of the networks
        that are saved with them.
        """
        return

    def privacy(self) -> Privacy | None:
        """Whether and how updates are differentially private."""
        return None

    @abstractmethod
    def optimizers(self, models: Mapping[str, nn.Module]) -> dict[str, Optimizer]:
        """One optimizer for each player."""

    @abstractmethod
    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        """Wrap networks (averages for the published ones) into what is saved, sampled and pushed."""

    def save_samples(self, pipeline: Any, path: Path, num_images: int) -> None:
        """Write a grid of about `num_images` images to `path`, a PNG that may exist; the same networks always write the
        same file.
        """
        pipeline.save_grid(path, num_images=num_images, seed=0, overwrite=True)

    def held_out(self) -> Any | None:
        """Images that are not trained on, or None when the data has none."""
        return None

    def smoke(self) -> Self:
        """The same run, small enough to take seconds on a CPU."""
        return replace(
            self, images=64, batch_size=8, micro_batch_size=4, snapshot_images=32, sample_images=32, log_images=16
        )

    def fitted(self, dataset: Any) -> Self:
        """The same run, with what was left to the data filled in from it."""
        return replace(self, image_channels=self.image_channels or dataset.image_channels)

    def override(self, **changes: Any) -> Self:
        """The same run with other values; `ValueError` names the fields, or the type that a value must have."""
        refuse_both_names(changes)
        values = {current_name(type(self), name): value for name, value in changes.items()}
        check_fields(type(self), values)
        return replace(self, **values)

    @property
    def name(self) -> str:
        """The name it is called by on the command line: that of its file."""
        return type(self).__module__.rpartition(".")[2]

    def to_json(self) -> dict[str, Any]:
        """What `recipe.json` holds; of a recipe in a user's own file also `code`: the file's name and sha256."""
        saved = {"recipe": self.name, "fields": asdict(self)}
        file = Path(getattr(sys.modules.get(type(self).__module__), "__file__", None) or "")
        if file.is_file() and PACKAGE not in file.resolve().parents:
            saved["code"] = {"file": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
        return saved

    def learning_rate_scale(self, images: int) -> float:
        """What the learning rate is multiplied with after `images` images."""
        warmup = min(1.0, images / self.warmup_images) if self.warmup_images else 1.0
        end, final = self.schedule_images or self.images, self.final_learning_rate / self.learning_rate
        progress = min(1.0, max(0, images - self.warmup_images) / max(1, end - self.warmup_images))
        if self.schedule == "linear":
            return warmup * (final + (1 - final) * (1 - progress))
        if self.schedule == "cosine":
            return warmup * (final + (1 - final) * 0.5 * (1 + math.cos(math.pi * progress)))
        return warmup

    def tune(self, optimizer: Optimizer, images: int) -> None:
        """Called before each update of a player, after `images` images: set what changes in its optimizer, whose first
        learning rates are `initial_lr`.
        """
        scale = self.learning_rate_scale(images)
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"] * scale

    def check(self) -> None:
        """Raise `ValueError` for numbers that no run can have, before any work starts."""
        positive = (
            "image_size",
            "images",
            "batch_size",
            "snapshot_images",
            "sample_images",
            "log_images",
            "learning_rate",
            "score_images",
        )
        for name in positive:
            self._require(name, getattr(self, name) > 0, "must be above 0")
        for name in (
            field.name for field in fields(self) if field.name == "latent_dim" or field.name.endswith("width")
        ):
            value = getattr(self, name)  # none: the recipe finds it
            self._require(name, value is None or value > 0, "must be above 0")
        for name in ("micro_batch_size", "evaluate_images", "max_grad_norm", "schedule_images"):
            self._require(name, getattr(self, name) is None or getattr(self, name) > 0, "must be above 0, or none")
        for name in ("ema_half_life", "warmup_images", "seed", "final_learning_rate"):
            self._require(name, getattr(self, name) >= 0, "must be at least 0")
        also = ", 4 (with transparency)" if self.transparency else ""
        self._require(
            "image_channels",
            self.image_channels in (None, 1, 3, *([4] if self.transparency else [])),
            f"must be 1 (grey), 3 (colour){also} or none (as in the data)",
        )
        self._require("schedule", self.schedule in SCHEDULES, f"is not known; use one of {', '.join(SCHEDULES)}")
        for name in ("schedule_images", "final_learning_rate"):
            self._require(
                name, not getattr(self, name) or self.schedule != "constant", "needs schedule=linear or schedule=cosine"
            )
        self._require(
            "mixed_precision", self.mixed_precision in PRECISIONS, f"is not known; use one of {', '.join(PRECISIONS)}"
        )
        micro = self.micro_batch_size or self.batch_size
        self._require("batch_size", self.batch_size % micro == 0, f"must be a multiple of micro_batch_size={micro}")
        for name in ("license", "data_license"):
            given = getattr(self, name)
            self._require(
                name,
                given is None or re.fullmatch(r"[a-z0-9][a-z0-9.-]*", given),
                "must be an identifier such as cc-by-4.0",
            )
        if self.warmup_images >= self.images:
            fact = f"warmup_images={self.warmup_images} is not below images={self.images}"
            message = f"{fact}: the learning rate never reaches its maximum"
            warnings.warn(message, UserWarning, stacklevel=2)
        named = self.hub_model_id is None or re.fullmatch(r"[\w.-]+/[\w.-]+", self.hub_model_id)
        self._require("hub_model_id", named, "is no name on the Hub; use owner/name, or none")

    def _require(self, name: str, holds: bool, rule: str) -> None:
        if not holds:
            raise ValueError(f"{name}={getattr(self, name)} {rule}")
