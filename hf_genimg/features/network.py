"""What every feature network is: frozen, differentiable, from images to feature maps at named taps and to a vector."""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import nn


class FeatureNetwork(nn.Module):
    """A pretrained network whose feature maps are read at named taps.

    It is always in eval mode and its parameters never require gradients; gradients flow to the images.

    Attributes:
        name: as `load_features` was given it.
        sha256: of its weights, hex.
        taps: names of the feature maps, from the shallowest to the deepest.
        resolution: pixels a side that images are resized to; None: they keep their size.
        image_channels: 3; 1 where it was trained on grey images.
        vector_dim: D of `vector`.
        layer: what `vector` returns, in words, for the protocol of a score.
        resizing: how images are resized, in words, likewise.
    """

    layer = "mean over positions of the last feature map"
    resizing = "bilinear with antialiasing"

    def __init__(
        self,
        name: str,
        sha256: str,
        stages: dict[str, nn.Module],  # run one after the other
        taps: Iterable[str],  # the stages whose outputs can be read
        vector_dim: int,
        resolution: int | None = None,
        image_channels: int = 3,
        smallest: int = 1,  # pixels a side that leave something at the last tap
    ) -> None:
        super().__init__()
        self.name, self.sha256, self.taps, self.vector_dim = name, sha256, tuple(taps), vector_dim
        self.resolution, self.image_channels, self.smallest = resolution or None, image_channels, smallest
        if self.resolution is not None and self.resolution < smallest:
            raise ValueError(f"resolution={resolution} is too small for {name}; use {smallest} or more")
        self.stages = nn.ModuleDict(stages)
        self.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> FeatureNetwork:
        """Stays in eval mode: a frozen network has no other."""
        return super().train(False)

    def forward(self, images: torch.Tensor, taps: Iterable[str] | None = None) -> dict[str, torch.Tensor]:
        """The feature maps at `taps`; nothing deeper than the deepest of them is computed.

        Args:
            images: float [N, C, H, W] in [-1, 1]; grey is repeated for a network of colour images.
            taps: names out of `self.taps`; None: all.

        Returns:
            float [N, C', H', W'] by tap, in the order asked for.

        Raises:
            ValueError: for a tap that is none, images too small, or colour for a network of grey images.
        """
        return self.feature_maps(self.prepare(images), self.chosen(taps))

    def vector(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns one vector for each, float [N, vector_dim]."""
        return self.pooled(self.prepare(images))

    def feature_maps(self, prepared: torch.Tensor, taps: tuple[str, ...]) -> dict[str, torch.Tensor]:
        """As `forward`, of images that `prepare` has resized and normalized."""
        found, maps = {}, prepared
        for name, stage in self.stages.items():
            if len(found) == len(taps):
                break
            maps = stage(maps)
            if name in taps:
                found[name] = maps
        return {tap: found[tap] for tap in taps}

    def pooled(self, prepared: torch.Tensor) -> torch.Tensor:
        """As `vector`, of images that `prepare` has resized and normalized."""
        last = self.taps[-1]
        return self.feature_maps(prepared, (last,))[last].mean((2, 3))

    def prepare(self, images: torch.Tensor) -> torch.Tensor:
        """Images as the network was trained on them: its channels, size and normalization."""
        return self.normalize(self.resize(self.with_channels(images)))

    def normalize(self, images: torch.Tensor) -> torch.Tensor:
        """From [-1, 1] to the range of its training; here it is the same."""
        return images

    def with_channels(self, images: torch.Tensor) -> torch.Tensor:
        """[N, image_channels, H, W] in the dtype of the weights: grey is repeated for a network of colour images.

        Raises `ValueError` for what is no batch of images, and for colour where it was trained on grey.
        """
        if images.dim() != 4 or not images.is_floating_point() or images.shape[1] not in (1, self.image_channels):
            given = f"{str(images.dtype).removeprefix('torch.')} {list(images.shape)}"
            raise ValueError(
                f"{self.name} takes float [N, C, H, W] with {'1 or 3' if self.image_channels == 3 else 1} channels, "
                f"and was given {given}"
            )
        return images.to(next(self.parameters()).dtype).expand(-1, self.image_channels, -1, -1)

    def resize(self, images: torch.Tensor) -> torch.Tensor:
        """To `resolution`, differentiably; `ValueError` for images that keep their size and are too small."""
        if self.resolution is None:
            if min(images.shape[2:]) < self.smallest:
                raise ValueError(
                    f"images of {images.shape[3]}x{images.shape[2]} pixels are too small for {self.name}; "
                    f"use {self.smallest} or more a side, or resolution={self.smallest}"
                )
            return images
        size = (self.resolution, self.resolution)
        if images.shape[2:] == size:
            return images
        shrinks = max(images.shape[2:]) > self.resolution  # else antialiasing changes nothing but the time
        return F.interpolate(images, size, mode="bilinear", antialias=shrinks)

    def chosen(self, taps: Iterable[str] | None) -> tuple[str, ...]:
        """`taps` as a tuple of distinct names, all where None; `ValueError` for a name that is none."""
        chosen = self.taps if taps is None else tuple(dict.fromkeys(taps))
        unknown = [tap for tap in chosen if tap not in self.taps]
        if unknown or not chosen:
            raise ValueError(f"{self.name} has no tap {', '.join(unknown)!r}; use some of {', '.join(self.taps)}")
        return chosen
