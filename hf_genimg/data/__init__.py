"""Image sets: from `digits`, a folder, parquet files or the Hub to uint8 rows in a memory map, and from there to
batches.
"""

from __future__ import annotations

from .cache import cache_root
from .dataset import ImageDataset, is_labelled, natural_size, open_dataset
from .fingerprint import key_of
from .locate import available_splits, describe_sources, separate_split
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
    "natural_size",
    "open_dataset",
    "open_pairs",
    "pair_splits",
    "separate_split",
]
