"""Image sets: from `digits`, a folder or parquet files to uint8 rows in a memory map, and from there to batches."""

from __future__ import annotations

from .dataset import ImageDataset, open_dataset
from .locate import available_splits, describe_sources, separate_split

__all__ = ["ImageDataset", "available_splits", "describe_sources", "open_dataset", "separate_split"]
