"""Two sets that are no pairs: their layouts, lengths, and one line for each mistake."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hf_genimg.data import ImageDataset, UnpairedDataset, open_pairs, open_unpaired, side_splits


def opened(source, size=16, **options):
    return open_unpaired(source, image_size=size, progress=False, **options)


def levels(data):
    batch = data.batch({side: torch.arange(count) for side, count in data.sides.items()})
    return [((batch[side][:, 0, 0, 0] + 1) * 127.5).round().int().tolist() for side in ("inputs", "images")]


def cyclegan(save, same_names=False):
    for split, counts in (("train", (3, 2)), ("test", (1, 2))):
        for side, count, start in zip("AB", counts, (0, 100), strict=True):
            for number in range(count):
                save(
                    f"{split}{side}/{number if same_names else start + number}.png",
                    start + number + 50 * (split == "test"),
                )


def test_the_layout_of_cyclegan(save, tmp_path):
    cyclegan(save)
    data = opened(tmp_path)
    assert data.sides == {"images": 2, "inputs": 3} and len(data) == 2 and data.conditions == ("inputs",)
    assert levels(data) == [[0, 1, 2], [100, 101]]
    assert levels(opened(f"{tmp_path}@test")) == [[50], [150, 151]]
    assert levels(opened(tmp_path, inputs="B", targets="A")) == [[100, 101], [0, 1, 2]]
    assert side_splits(tmp_path, paired=False) == ["train", "test"]


def test_the_layout_of_cyclegan_is_not_taken_for_pairs(save, tmp_path):
    cyclegan(save)
    with pytest.raises(ValueError) as caught:
        open_pairs(tmp_path, image_size=16, progress=False)
    assert "no picture in A has the name of one in B in the split train, so they are not pairs" in str(caught.value)


def test_names_that_agree_make_pairs_of_it(save, tmp_path):
    for number in range(2):
        save(f"trainA/{number}.png", number)
        save(f"trainB/{number}.png", 100 + number)
    pairs = open_pairs(tmp_path, image_size=16, progress=False)
    assert levels(pairs_as_unpaired := opened(tmp_path)) == [[0, 1], [100, 101]] and len(pairs) == 2
    assert pairs_as_unpaired.fingerprint != pairs.fingerprint


def test_two_sources_of_any_kind(save, tmp_path):
    save("a/x.png", 3)
    for number in range(2):
        save(f"b/train/{number}.png", 10 + number)
        save(f"b/test/{number}.png", 20 + number)
    data = opened("digits", inputs=str(tmp_path / "a"), targets=str(tmp_path / "b"))
    assert levels(data) == [[3], [10, 11]]
    assert opened("digits", inputs="digits@test", targets=str(tmp_path / "b")).sides == {"images": 2, "inputs": 297}
    assert side_splits("digits", "digits", str(tmp_path / "b"), paired=False) == ["train", "test"]


def test_two_folders_of_their_own_are_pairs_by_name(save, tmp_path):
    for number in range(2):
        save(f"a/{number}.png", number)
        save(f"b/{number}.jpg", 100)
    pairs = open_pairs("digits", image_size=16, inputs=str(tmp_path / "a"), targets=str(tmp_path / "b"), progress=False)
    assert levels(pairs if False else opened("digits", inputs=str(tmp_path / "a"), targets=str(tmp_path / "b")))[0] == [
        0,
        1,
    ]
    assert ((pairs.batch(torch.arange(2))["inputs"][:, 0, 0, 0] + 1) * 127.5).round().tolist() == [0, 1]
    save("a/2.png", 5)
    with pytest.raises(ValueError, match="2.png is alone"):
        open_pairs("digits", image_size=16, inputs=str(tmp_path / "a"), targets=str(tmp_path / "b"), progress=False)
    with pytest.raises(ValueError, match="digits is no folder or zip file"):
        open_pairs("digits", image_size=16, inputs=str(tmp_path / "a"), targets="digits", progress=False)


def test_digits_against_their_degraded_selves():
    data = opened("digits@test", size=32)
    assert data.sides == {"images": 297, "inputs": 297}
    batch = data.batch({"images": torch.tensor([1, 2]), "inputs": torch.tensor([2, 1])})
    swapped = data.batch({"images": torch.tensor([2, 1]), "inputs": torch.tensor([1, 2])})
    assert torch.equal(batch["images"], swapped["images"].flip(0)) and not torch.equal(batch["images"], batch["inputs"])
    masked = opened("digits@test", size=32, inputs="mask:boxes")
    assert masked.conditions == ("inputs", "mask")
    indices = {side: torch.arange(3) for side in masked.sides}
    assert set(masked.batch(indices)) == {"images", "inputs", "mask"}


def test_sides_of_unequal_size_channels_and_length(save, tmp_path):
    for number in range(3):
        save(f"A/{number}.png", np.full((32, 32), number, np.uint8))
    save("B/x.png", np.full((32, 32, 3), 9, np.uint8))
    data = opened(tmp_path, size=32, input_size=8)
    assert (data.image_channels, data.input_channels, data.image_size, data.input_size) == (3, 1, 32, 8)
    batch = data.batch(
        {"images": torch.tensor([0, 0]), "inputs": torch.tensor([2, 1])}, seeds=torch.tensor([-1, 2**62])
    )
    assert batch["images"].shape == (2, 3, 32, 32) and batch["inputs"].shape == (2, 1, 8, 8)


def test_mistakes_are_one_line(save, tmp_path):
    made = ImageDataset(np.zeros((2, 4, 4, 1), np.uint8), None, None, "made", "train", "0")
    with pytest.raises(ValueError, match="made is unpaired; give indices of both sides"):
        UnpairedDataset(made, made).batch(torch.tensor([0]))
    save("A/train/0.png")
    save("B/train/0.png")
    save("A/test/0.png")
    with pytest.raises(ValueError, match="has no pictures in B in its split test"):
        opened(f"{tmp_path}@test")
    assert side_splits(tmp_path, paired=False) == ["train"]
