"""What the recipes of style transfer share: contents and styles as data, a feature network, and rows of examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import nn

from ..data import ImageDataset, available_splits, open_dataset, separate_split
from ..data.style import ContentAndStyle, one_picture, picture_file, rows_of_class
from ..features import FeatureNetwork, load_features
from ..objectives.style import STATISTICS, StyleTransfer
from ..pipelines.translation import ImageTranslationPipeline
from ._images import ImageRecipe

LITE0, DIGITS = "efficientnet-lite0", "digits"
# Of known networks: the taps of content and of style. Of others, the second to last map, and all maps.
TAPS = {
    LITE0: (("stage2", "stage3"), ("stage1", "stage2", "stage3", "stage4", "stage5")),
    "vgg16": (("relu3_3",), ("relu1_2", "relu2_2", "relu3_3", "relu4_3")),
    "vgg16-hed": (("relu3_3",), ("relu1_2", "relu2_2", "relu3_3", "relu4_3")),
    "vgg19": (("relu4_1",), ("relu1_1", "relu2_1", "relu3_1", "relu4_1")),
}


@dataclass(frozen=True, kw_only=True)
class StyleRecipe(ImageRecipe):
    """A network that gives pictures the style of others, trained by a frozen feature network."""

    styles: str | None = None  # in the style: a picture, a folder, a data set with @split; none: as data (digits only)
    style_class: str | None = None  # use the styles of this class alone: woodblock; none: all
    style_column: str | None = None  # of a table, the classes of styles: artist or medium; none: folders, or label
    features: str | None = None  # feature network; none: digits for data=digits, otherwise efficientnet-lite0
    feature_weights: str | None = None  # a file of its weights, where they are in no package
    content_taps: str | None = None  # its maps that keep the content, joined with commas; none: fits the network
    style_taps: str | None = None  # its maps whose statistics are the style; none: fits the network
    content_weight: float = 1.0  # of the distance of maps to those of the input
    style_weight: float = 1.0  # of the distance of statistics to those of the style
    smoothness: float = 0.0  # weight of differences of neighbouring pixels
    statistics: str = "moments"  # moments (means and deviations) or gram
    width: int = 16  # channels at full size

    one_style: ClassVar[bool] = False  # whether all styles count as parts of one

    def check(self) -> None:
        super().check()
        built_in = separate_split(self.data)[0] == DIGITS
        rule = "must name pictures in the style: a picture, a folder, or a data set"
        self._require("styles", self.styles is not None or built_in, rule)
        self._require("style_column", self.style_column is None or self.style_class, "needs style_class as well")
        self._require("statistics", self.statistics in STATISTICS, f"is not known; use {' or '.join(STATISTICS)}")
        for name in ("content_weight", "style_weight", "smoothness"):
            self._require(name, getattr(self, name) >= 0, "must be at least 0")
        rule = "is not used by this recipe; leave it out"
        self._require("flip", not self.flip, rule)

    def dataset(self, split: str | None = None) -> ContentAndStyle:
        contents = super().dataset(split)
        styles, rows = self._styles(split, contents.image_channels)
        return ContentAndStyle(contents, styles, rows)

    def _styles(self, split: str | None, channels: int) -> tuple[ImageDataset, torch.Tensor | None]:
        """The pictures in the style, and which of them are used; those of a split where they have it."""
        source, reading = self.styles or self.data, {**self.reading(), "image_channels": channels}
        reading = {name: value for name, value in reading.items() if name not in ("image_column", "flip")}
        path = picture_file(source)
        if path is not None:
            rule = "chooses among many pictures, and styles names one; leave it out"
            self._require("style_class", self.style_class is None, rule)
            return one_picture(path, **reading), None
        if split is not None:
            name, own = separate_split(source)
            source = f"{name}@{split}" if own is None and split in available_splits(name) else source
        chosen = {"labels": self.style_class is not None, "label_column": self.style_column}
        styles = open_dataset(source, skip_bad=self.skip_bad, **reading, **chosen)
        return styles, None if self.style_class is None else rows_of_class(styles, self.style_class)

    def channels(self) -> dict[str, int]:
        """Of both sides; 1 where the data are still to say."""
        return {"image_channels": self.image_channels or 1, "input_channels": self.image_channels or 1}

    def feature_network(self) -> FeatureNetwork:
        """The frozen network; efficientnet-lite0 and VGG see images at their size."""
        built_in = separate_split(self.data)[0] == DIGITS
        name = self.features or (DIGITS if built_in else LITE0)
        with torch.device("cpu"):
            return load_features(name, self.feature_weights, resolution=0 if name in TAPS else None)

    def frozen(self) -> dict[str, nn.Module]:
        return {"features": self.feature_network()}

    def objective(self) -> StyleTransfer:
        network = self.feature_network()
        content, style = TAPS.get(network.name, (network.taps[-2:][:1], network.taps))
        return StyleTransfer(
            network.chosen(_names(self.content_taps) or content),
            network.chosen(_names(self.style_taps) or style),
            content_weight=self.content_weight,
            style_weight=self.style_weight,
            smoothness=self.smoothness,
            statistics=self.statistics,
            one_style=self.one_style,
        )

    def pipeline(self, networks: Mapping[str, nn.Module]) -> Any:
        return ImageTranslationPipeline(networks["generator"])

    def save_samples(self, pipeline: Any, path: Path, num_images: int) -> None:
        """Content, styled and style for the first pictures that are held out, or of the first at all."""
        shown = self.held_out() or self.dataset()
        count = min(*shown.sides.values(), max(1, num_images // 3))
        batch = shown.batch(dict.fromkeys(shown.sides, torch.arange(count)))
        style = {"style": batch["style"]} if pipeline.capabilities.style else {}
        pipeline.save_comparison(path, batch["inputs"], batch["style"], **style, overwrite=True)

    def smoke(self) -> Self:
        return replace(super().smoke(), width=2)


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())
