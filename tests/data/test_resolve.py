"""What DATA may be, and the one line for everything else."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from hf_genimg.data import available_splits, describe_sources, open_dataset


def opened(source, **options):
    return open_dataset(source, image_size=16, progress=False, **options)


def refused(source, kind=ValueError, **options):
    with pytest.raises(kind) as caught:
        open_dataset(source, **{"image_size": 16, "progress": False} | options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_digits_are_the_published_ones_with_a_margin():
    levels, labels = load_digits(return_X_y=True)
    expected = np.rint(levels * 255 / 16).astype(np.uint8).reshape(-1, 8, 8, 1)
    expected = np.pad(expected, ((0, 0), (1, 1), (1, 1), (0, 0)))
    for split, rows in (("train", slice(0, 1500)), ("test", slice(1500, 1797))):
        dataset = open_dataset("digits", image_size=10, split=split, labels=True, progress=False)
        assert np.array_equal(dataset.images, expected[rows])
        assert np.array_equal(dataset.labels, labels[rows])
        assert dataset.class_names == tuple("0123456789") and dataset.split == split and dataset.name == "digits"


def test_digits_are_enlarged_smoothly():
    small = open_dataset("digits", image_size=10, progress=False).images[:, :, :, 0].astype(float)
    large = open_dataset("digits", image_size=40, progress=False).images[:, :, :, 0].astype(float)
    blocks = large.reshape(-1, 10, 4, 10, 4).mean(axis=(2, 4))
    assert np.corrcoef(blocks.ravel(), small.ravel())[0, 1] > 0.99
    assert len(np.unique(large)) > 200 > 17 == len(np.unique(small))


def test_digits_in_three_channels():
    images = opened("digits", image_channels=3).images
    assert images.shape == (1500, 16, 16, 3)
    assert (images[..., :1] == images).all() and images.max() == 255


def test_splits_of_digits():
    assert available_splits("digits") == available_splits("digits@test") == ["train", "test"]
    assert len(opened("digits@test")) == 297
    assert refused("digits@nope") == "digits has no split 'nope'; it has train, test: write digits@train"


def test_two_splits_must_agree():
    assert len(opened("digits@test", split="test")) == 297
    assert (
        refused("digits@test", split="train")
        == "'digits@test' names the split test but split=train; give one of the two"
    )


def test_a_folder_called_digits(save, tmp_path, monkeypatch):
    save("digits/a.png")
    monkeypatch.chdir(tmp_path)
    assert (
        len(opened("digits")),
        len(opened("./digits")),
        len(opened((tmp_path / "digits").relative_to(tmp_path))),
    ) == (1500, 1, 1)


def test_an_existing_path_with_an_at_sign_wins(save, tmp_path):
    save("me@test/a.png")
    dataset = opened(f"{tmp_path}/me@test")
    assert (dataset.split, dataset.name) == ("train", f"{tmp_path}/me@test")
    save("me/train/b.png")
    save("me/test/c.png")
    assert opened(f"{tmp_path}/me@test").split == "train"
    assert opened(f"{tmp_path}/me@train").name == f"{tmp_path}/me"


@pytest.mark.parametrize("source", ["./nowhere", "nowhere", "nowhere@test", "", "a@b/c", "x" * 5000])
def test_nothing_there(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = refused(source, FileNotFoundError)
    assert message.startswith("there is nothing at '")
    assert (
        "give digits, a folder, zip or tar file of pictures, a directory of parquet files, arrays (.npz, .npy, idx) or "
        "a "
        "Hub dataset (owner/name or" in message
    )
    assert message.endswith("each with an optional @split")


def test_a_file(save):
    path = save("a.png")
    assert refused(path).startswith(f"'{path}' is a file; give digits, a folder, zip or tar file of pictures")


def test_a_folder_without_pictures(tmp_path):
    (tmp_path / "readme.txt").touch()
    message = refused(tmp_path)
    assert message.startswith(
        f"'{tmp_path}' holds no pictures (jpg, png, webp, gif, tiff, ...) and no parquet files; give"
    )
    with pytest.raises(ValueError, match="holds no pictures"):
        available_splits(tmp_path)


@pytest.mark.parametrize("size", [0, -4, 1.5, True, "32", None])
def test_image_size(size):
    assert refused("digits", image_size=size) == (
        f"image_size={size!r} is not a number of pixels; use a whole number from 1, such as 32 or 64"
    )


@pytest.mark.parametrize("channels", [0, 2, 5, True, "3"])
def test_image_channels(channels):
    assert refused("digits", image_channels=channels) == (
        f"image_channels={channels!r} is not allowed; use 1 (grey), 3 (RGB), 4 (with transparency) or None "
        "(as in the data)"
    )


def test_descriptions_are_one_line_each():
    described = dict(describe_sources())
    assert {"digits", "HUB_ID"} <= described.keys() and all(text and "\n" not in text for text in described.values())
