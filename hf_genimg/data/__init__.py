"""Image sets: from `digits`, a folder, parquet files or the Hub to uint8 rows in a memory map, and from there to
batches.
"""

from __future__ import annotations

from .cache import cache_root
from .dataset import (
    ImageDataset,
    describe_pictures,
    has_transparency,
    is_labelled,
    natural_size,
    open_dataset,
    picture_sizes,
    to_float,
)
from .decode import decoding
from .degradations import Degradation, parse_degradation
from .fingerprint import key_of
from .open_picture import MAX_PIXELS, open_picture
from .open_translation import open_pairs, open_unpaired
from .resolve import available_splits, describe_sources, picture_paths, separate_split
from .sides import side_splits
from .translation import DegradedDataset, PairedDataset, UnpairedDataset

__all__ = [
    "MAX_PIXELS",
    "Degradation",
    "DegradedDataset",
    "ImageDataset",
    "PairedDataset",
    "UnpairedDataset",
    "available_splits",
    "cache_root",
    "decoding",
    "describe_pictures",
    "describe_sources",
    "has_transparency",
    "is_labelled",
    "key_of",
    "natural_size",
    "open_dataset",
    "open_pairs",
    "open_picture",
    "open_unpaired",
    "parse_degradation",
    "picture_paths",
    "picture_sizes",
    "separate_split",
    "side_splits",
    "to_float",
]
