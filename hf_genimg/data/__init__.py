"""Image sets: from `digits`, a folder, parquet files or the Hub to uint8 rows in a memory map, and from there to batches."""

from __future__ import annotations

from .dataset import ImageDataset, open_dataset
from .locate import available_splits, describe_sources, separate_split
from .pairing import pair_splits
from .pairs import PairedDataset, open_pairs

__all__ = [
    "ImageDataset",
    "PairedDataset",
    "available_splits",
    "describe_sources",
    "open_dataset",
    "open_pairs",
    "pair_splits",
    "separate_split",
]
