"""`open_pairs`: every layout, both sides in step, and one line for each way in which pairs are none."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from hf_genimg.data import ImageDataset, PairedDataset, open_pairs, side_splits


def opened(source, size=16, **options):
    return open_pairs(source, image_size=size, progress=False, **options)


def levels(pairs):
    """The grey level of the first pixel of each input and each target."""
    batch = pairs.batch(torch.arange(len(pairs)))
    return [((batch[side][:, 0, 0, 0] + 1) * 127.5).round().int().tolist() for side in ("inputs", "images")]


def refused(source, **options):
    with pytest.raises(ValueError) as caught:
        opened(source, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def png(content):
    stream = io.BytesIO()
    Image.fromarray(content if isinstance(content, np.ndarray) else np.full((16, 16), content, np.uint8)).save(
        stream, "PNG"
    )
    return stream.getvalue()


def write_table(path, **columns):
    cells = {
        name: [{"bytes": png(content), "path": None} for content in contents] for name, contents in columns.items()
    }
    pq.write_table(pa.table(cells), path, row_group_size=2)


def ramp(height=16, width=16, start=0):
    return (np.arange(height * width).reshape(height, width) % 200 + start).astype(np.uint8)


@pytest.mark.parametrize("layout", ["{split}/{side}", "{side}/{split}"])
@pytest.mark.parametrize(("a", "b"), [("A", "B"), ("inputs", "targets"), ("input", "target")])
def test_two_folders_with_splits_are_found(save, tmp_path, layout, a, b):
    for number, split in enumerate(("train", "test")):
        for name in (2, 0, 1):
            save(f"{layout.format(split=split, side=a)}/deep/{name}.png", 10 * number + name)
            save(f"{layout.format(split=split, side=b)}/deep/{name}.bmp", 100 + 10 * number + name)
    assert levels(opened(tmp_path)) == [[0, 1, 2], [100, 101, 102]]
    assert levels(opened(f"{tmp_path}@test")) == [[10, 11, 12], [110, 111, 112]]
    assert side_splits(tmp_path) == side_splits(tmp_path, a, b) == ["train", "test"]
    assert levels(opened(tmp_path, inputs=b, targets=a, split="test")) == [[110, 111, 112], [10, 11, 12]]
    assert "has no split 'dev'; it has train, test" in refused(tmp_path, split="dev")


def test_two_folders_without_splits_and_with_names_of_ones_own(save, tmp_path):
    for name in ("x", "y.z"):
        save(f"sketch/{name}.png", 1)
        save(f"photo/{name}.png", 2)
        save(f"thumbnails/{name}.png", 3)
    assert levels(opened(tmp_path, inputs="sketch", targets="photo")) == [[1, 1], [2, 2]]
    assert side_splits(tmp_path, "sketch", "photo") == ["train"]
    message = refused(tmp_path)
    assert (
        "has the folders photo, sketch, thumbnails, which do not say what is to become what; write inputs=photo "
        "targets=sketch" in message
    )
    assert "has no 'paint' among its folders (photo, sketch, thumbnails)" in refused(
        tmp_path, inputs="sketch", targets="paint"
    )
    assert "leave targets out" in refused(tmp_path, inputs="blurred", targets="photo")
    assert len(opened(tmp_path, inputs="blurred")) == 6


def test_pairs_are_in_step_where_the_extensions_sort_them_otherwise(save, tmp_path):
    for name, level in (("A/x.png", 1), ("A/x.q.png", 2), ("B/x.tif", 101), ("B/x.q.png", 102)):
        save(name, level)
    assert levels(opened(tmp_path)) == [[1, 2], [101, 102]]


def test_a_picture_that_is_alone_is_named(save, tmp_path):
    for name in range(3):
        save(f"A/{name}.png", name)
        save(f"B/{name}.png", name)
    save("A/3.png", 3)
    expected = "A/3.png is alone; add 3 with any picture's extension in B, or remove it (1 such in the split train)"
    assert expected in refused(tmp_path)
    (tmp_path / "A/3.png").rename(tmp_path / "B/30.png")
    assert "B/30.png is alone; add 30 with any picture's extension in A" in refused(tmp_path)
    (tmp_path / "B/30.png").unlink()
    save("B/2.jpg", 2)
    assert "B/2.jpg and B/2.png differ only in their extension" in refused(tmp_path)


def test_a_split_of_one_side_only_is_not_taken_for_pairs(save, tmp_path):
    for name in ("A/train/0.png", "A/test/1.png", "B/train/0.png", "B/val/0.png"):
        save(name)
    assert levels(opened(tmp_path)) == [[100], [100]]
    assert "A/test/1.png is alone" in refused(tmp_path, split="test")


def test_a_zip_file_of_two_folders(tmp_path):
    with zipfile.ZipFile(tmp_path / "pairs.zip", "w") as archive:
        for name in (1, 0):
            archive.writestr(f"set/A/{name}.png", png(name))
            archive.writestr(f"set/B/{name}.png", png(100 + name))
    pairs, swapped = opened(tmp_path / "pairs.zip"), opened(tmp_path / "pairs.zip", inputs="B", targets="A")
    assert levels(pairs) == [[0, 1], [100, 101]] and levels(swapped) == [[100, 101], [0, 1]]
    assert pairs.fingerprint != swapped.fingerprint


def test_two_columns(tmp_path):
    write_table(tmp_path / "train.parquet", photo=[1, 2, 3], labels=[101, 102, 103], other=[7, 8, 9])
    assert levels(opened(tmp_path, inputs="labels", targets="photo")) == [[101, 102, 103], [1, 2, 3]]
    assert levels(opened(tmp_path, inputs="photo", targets="other")) == [[1, 2, 3], [7, 8, 9]]
    assert levels(opened(tmp_path, inputs="blurred", targets="photo")) == [[1, 2, 3], [1, 2, 3]]
    assert "has the image columns photo, labels, other, which do not say" in refused(tmp_path)
    assert "has no 'photos' among its image columns (photo, labels, other)" in refused(
        tmp_path, inputs="photos", targets="labels"
    )
    for given in ({"inputs": "photo"}, {"targets": "photo"}, {"inputs": "photo", "targets": "photo"}):
        assert "does not name two sides; name both or neither" in refused(tmp_path, **given)


def test_two_columns_of_usual_names_are_found(tmp_path):
    write_table(tmp_path / "train.parquet", target=[1, 2], input=[101, 102])
    assert levels(opened(tmp_path)) == [[101, 102], [1, 2]]


@pytest.mark.parametrize("kind", ["folder", "parquet"])
def test_pictures_side_by_side(kind, save, tmp_path):
    wide = [np.concatenate([ramp(start=start), ramp(start=start)[::-1]], axis=1) for start in (0, 30)]
    if kind == "folder":
        for number, picture in enumerate(wide):
            save(f"train/{number}.png", picture)
    else:
        write_table(tmp_path / "train.parquet", image=wide)
    for given in ({}, {"inputs": "left", "targets": "right"}):
        batch = opened(tmp_path, **given).batch(torch.arange(2))
        for number, picture in enumerate(wide):
            expected = torch.from_numpy(picture / 127.5 - 1).float()
            torch.testing.assert_close(batch["inputs"][number, 0], expected[:, :16])
            torch.testing.assert_close(batch["images"][number, 0], expected[:, 16:])
    swapped = opened(tmp_path, inputs="right", targets="left").batch(torch.arange(2))
    assert torch.equal(swapped["inputs"], batch["images"]) and torch.equal(swapped["images"], batch["inputs"])


def test_one_picture_that_is_not_twice_as_wide_as_high_is_named(save, tmp_path):
    for number in range(40):
        save(f"{number:02}.png", ramp(16, 32 if number < 39 else 33))
    message = refused(tmp_path)
    assert "39.png is 33x16, not twice as wide as high; give two squares side by side" in message
    assert "skip_bad" not in message and message.endswith("of pairs no picture can be left out")


def test_a_picture_on_its_side_is_as_wide_as_it_is_shown(save, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # stored high, shown wide
    save("0.jpg", Image.fromarray(ramp(32, 16)), exif=exif)
    assert len(opened(tmp_path)) == 1
    save("0.jpg", Image.fromarray(ramp(16, 32)), exif=exif)
    assert "holds single pictures, not pairs; write inputs=left targets=right" in refused(tmp_path)


def slowly_blurred(image):
    """Means of 4x4 pixels and their bilinear enlargement, pixel by pixel."""
    size = len(image)
    small = np.array(
        [[image[4 * y : 4 * y + 4, 4 * x : 4 * x + 4].mean() for x in range(size // 4)] for y in range(size // 4)]
    )
    result = np.empty_like(image)
    for y in range(size):
        for x in range(size):
            places = [min(max((place + 0.5) / 4 - 0.5, 0), size // 4 - 1) for place in (y, x)]
            (top, left), (down, right) = [int(place) for place in places], [place - int(place) for place in places]
            bottom, far = min(top + 1, size // 4 - 1), min(left + 1, size // 4 - 1)
            upper = (1 - right) * small[top, left] + right * small[top, far]
            lower = (1 - right) * small[bottom, left] + right * small[bottom, far]
            result[y, x] = (1 - down) * upper + down * lower
    return result


@pytest.mark.parametrize("channels_last", [False, True])
def test_blurred_is_what_it_says(channels_last, save, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    save("0.png", pixels)
    batch = opened(tmp_path, inputs="blurred").batch(torch.tensor([0]), channels_last=channels_last)
    for channel in range(3):
        expected = slowly_blurred(pixels[..., channel] / 127.5 - 1)
        torch.testing.assert_close(batch["inputs"][0, channel].double(), torch.from_numpy(expected), atol=1e-6, rtol=0)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    assert all(images.is_contiguous(memory_format=layout) for images in batch.values())


def test_digits_are_blurred_by_default():
    pairs = opened("digits@test", size=32)
    assert (len(pairs), pairs.name, pairs.split, pairs.image_size, pairs.image_channels, pairs.input_channels) == (
        297,
        "digits",
        "test",
        32,
        1,
        1,
    )
    batch = pairs.batch(torch.arange(3))
    assert batch["images"].shape == batch["inputs"].shape == (3, 1, 32, 32) and not torch.equal(
        batch["images"], batch["inputs"]
    )
    assert torch.equal(
        batch["inputs"], opened("digits@test", size=32, inputs="blurred").batch(torch.arange(3))["inputs"]
    )
    assert side_splits("digits") == ["train", "test"]
    assert "digits has no 'A' among its image columns (none)" in refused("digits", inputs="A", targets="B")
    assert "digits image 0 is 10x10, not twice as wide as high" in refused("digits", inputs="left", targets="right")
    assert refused("digits", image_channels=1, input_channels=3).startswith(
        "input_channels=3 is not possible with inputs=blurred"
    )
    assert refused("digits", input_channels=2).startswith("input_channels=2 is not allowed; use 1 (grey), 3 (RGB)")


def test_both_sides_are_mirrored_alike(save, tmp_path):
    save("A/0.png", ramp())
    save("A/1.png", ramp(start=20))
    save("B/0.png", ramp(start=5))
    save("B/1.png", ramp(start=25))
    pairs = opened(tmp_path, flip=True)
    assert len(pairs) == 4
    batch = pairs.batch(torch.tensor([0, 1, 2, 3, 2]))
    for images in batch.values():
        assert torch.equal(images[2:4], images[:2].flip(3)) and torch.equal(images[4], images[2])
    torch.testing.assert_close(
        batch["images"][2] - batch["inputs"][2], torch.full((1, 16, 16), 5 / 127.5), atol=1e-6, rtol=0
    )
    with pytest.raises(IndexError):
        pairs.batch(torch.tensor([4]))


def test_each_side_has_its_own_channels(save, tmp_path):
    save("A/0.png", 5)
    save("B/0.png", (10, 20, 30))
    pairs = opened(tmp_path)
    assert (pairs.input_channels, pairs.image_channels) == (1, 3)
    assert {name: images.shape[1] for name, images in pairs.batch(torch.tensor([0])).items()} == {
        "images": 3,
        "inputs": 1,
    }
    forced = opened(tmp_path, input_channels=3, image_channels=1)
    assert (forced.input_channels, forced.image_channels) == (3, 1)


def test_the_fingerprint_is_that_of_both_sides(save, tmp_path):
    save("A/0.png", 5)
    save("B/0.png", 6)
    first = opened(tmp_path).fingerprint
    assert opened(tmp_path).fingerprint == first
    others = {opened(tmp_path, inputs="B", targets="A").fingerprint, opened(tmp_path, inputs="blurred").fingerprint}
    save("A/0.png", 7)
    assert len({first, *others, opened(tmp_path).fingerprint}) == 4


def test_bad_pictures_cannot_be_left_out(save, tmp_path):
    save("A/0.png", 5)
    save("B/0.png", 6)
    assert refused(tmp_path, size=32).endswith("use image_size=16 or less: of pairs no picture can be left out")
    assert len(opened(tmp_path, size=32, upscale=True)) == 1
    (tmp_path / "A/0.png").write_bytes(b"nothing")
    assert refused(tmp_path).endswith(
        "A/0.png cannot be read (not a picture); remove it: of pairs no picture can be left out"
    )


def test_sides_of_unequal_length_are_no_pairs():
    sides = [
        ImageDataset(np.zeros((count, 4, 4, 1), np.uint8), None, None, "made", "train", str(count)) for count in (2, 3)
    ]
    with pytest.raises(ValueError, match="made has 3 inputs but 2 targets in its split train"):
        PairedDataset(sides[0], sides[1])


def test_the_facades(real_data):
    folder = real_data("facades")
    pairs = opened(f"{folder}@test", size=32, inputs="labels", targets="photo")
    assert (len(pairs), pairs.input_channels, pairs.image_channels) == (106, 3, 3)
    batch = pairs.batch(torch.arange(106))
    corners = batch["inputs"][:, :, 0, 0]  # flat colours of the label maps: few; photographs have many
    assert len(corners.unique(dim=0)) < len(batch["images"][:, :, 0, 0].unique(dim=0))
    assert side_splits(folder, "labels", "photo") == ["train", "test"]
