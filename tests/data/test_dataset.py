"""`ImageDataset`: batches, items, mirror images."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from hf_genimg.data import ImageDataset, open_dataset


def made(channels=3, count=6, flip=False, labels=True):
    images = np.random.default_rng(0).integers(0, 256, (count, 4, 5, channels), dtype=np.uint8)
    numbers = np.arange(count) % 3 if labels else None
    return ImageDataset(images, numbers, ("a", "b", "c") if labels else None, "made", "train", "0", flip=flip)


def test_levels_survive_the_round_trip():
    images = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    dataset = ImageDataset(images, None, None, "levels", "train", "0")
    batch = dataset.batch(torch.tensor([0]))["images"]
    assert batch.dtype == torch.float32 and batch.min() == -1 and batch.max() == 1
    assert torch.equal(((batch + 1) * 127.5).round().flatten(), torch.arange(256.0))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("channels_last", [False, True])
def test_batch_values_and_strides(channels, channels_last):
    dataset = made(channels)
    indices = torch.tensor([3, 0, 3, 5])
    batch = dataset.batch(indices, channels_last=channels_last)
    expected = torch.from_numpy(dataset.images[indices.numpy()]).permute(0, 3, 1, 2) / 127.5 - 1
    assert torch.equal(batch["images"], expected) and batch["images"].shape == (4, channels, 4, 5)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    assert batch["images"].is_contiguous(memory_format=layout)
    assert channels == 1 or batch["images"].is_contiguous() is not channels_last
    assert batch["labels"].tolist() == [0, 0, 0, 2] and batch["labels"].dtype == torch.int64


def test_batch_is_a_copy():
    dataset = made()
    before = dataset.images.copy()
    dataset.batch(torch.arange(6))["images"].zero_()
    assert np.array_equal(dataset.images, before)


def test_without_labels_a_batch_has_only_images():
    assert set(made(labels=False).batch(torch.tensor([1]))) == {"images"}


def test_empty_batch():
    batch = made(flip=True).batch(torch.empty(0, dtype=torch.int64))
    assert batch["images"].shape == (0, 3, 4, 5) and batch["labels"].shape == (0,)


@pytest.mark.parametrize("flip", [False, True])
def test_out_of_range_is_an_index_error(flip):
    dataset = made(flip=flip)
    for wrong in ([len(dataset)], [0, -1]):
        with pytest.raises(IndexError, match=rf"not all in 0\.\.{len(dataset) - 1}"):
            dataset.batch(torch.tensor(wrong))


def test_mirrored_copies_follow_the_originals():
    plain, flipped = made(), made(flip=True)
    assert (len(plain), len(flipped)) == (6, 12)
    indices = torch.tensor([7, 1, 11, 5])
    both, originals = flipped.batch(indices), plain.batch(indices % 6)
    assert torch.equal(both["images"][[1, 3]], originals["images"][[1, 3]])
    assert torch.equal(both["images"][[0, 2]], originals["images"][[0, 2]].flip(3))
    assert not torch.equal(both["images"][0], originals["images"][0])
    assert torch.equal(both["labels"], originals["labels"])


def test_flip_of_an_opened_set():
    flipped = open_dataset("digits@test", image_size=8, flip=True, progress=False)
    assert len(flipped) == 2 * 297 and len(flipped.images) == 297
    assert torch.equal(flipped[297]["images"], flipped[0]["images"].flip(2))


def test_items():
    dataset = made(flip=True)
    for index in (0, 11, np.int64(4), torch.tensor(9)):
        item, batch = dataset[index], dataset.batch(torch.tensor([int(index)]))
        assert torch.equal(item["images"], batch["images"][0]) and item["labels"] == batch["labels"][0]
    assert torch.equal(dataset[-1]["images"], dataset[11]["images"])
    for wrong in (12, -13):
        with pytest.raises(IndexError):
            dataset[wrong]
    assert len(list(dataset)) == 12  # iteration ends at the IndexError


def test_in_a_data_loader():
    dataset = open_dataset("digits@test", image_size=8, labels=True, progress=False)
    batches = list(DataLoader(dataset, batch_size=100))
    assert [len(batch["images"]) for batch in batches] == [100, 100, 97]
    together = dataset.batch(torch.arange(297))
    assert torch.equal(torch.cat([batch["images"] for batch in batches]), together["images"])
    assert torch.equal(torch.cat([batch["labels"] for batch in batches]), together["labels"])


def test_shape_properties_and_memory_map():
    dataset = open_dataset("digits", image_size=12, image_channels=3, progress=False)
    assert (dataset.image_size, dataset.image_channels, len(dataset)) == (12, 3, 1500)
    assert isinstance(dataset.images, np.memmap) and dataset.images.mode == "c"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_batch_on_a_gpu_equals_the_cpu():
    dataset = made(flip=True)
    indices = torch.arange(12)
    there, here = dataset.batch(indices.cuda(), device="cuda", channels_last=True), dataset.batch(indices)
    assert there["images"].is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(there["images"].cpu(), here["images"], rtol=0, atol=1e-6)
    assert torch.equal(there["labels"].cpu(), here["labels"])
