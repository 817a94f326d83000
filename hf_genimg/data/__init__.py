"""Image sets: from `digits`, a folder, parquet files or the Hub to uint8 rows in a memory map, and from there to
batches.
"""

from __future__ import annotations

from .cache import cache_root
from .dataset import ImageDataset, is_labelled, open_dataset, picture_sizes
from .fingerprint import key_of
from .locate import available_splits, describe_sources, picture_paths, separate_split
from .pairing import pair_splits
from .pairs import PairedDataset, open_pairs

__all__ = [
    "ImageDataset",
    "PairedDataset",
    "available_splits",
    "cache_root",
    "describe_sources",
    "is_labelled",
    "key_of",
    "open_dataset",
    "open_pairs",
    "pair_splits",
    "picture_paths",
    "picture_sizes",
    "separate_split",
]
