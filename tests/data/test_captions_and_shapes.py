"""Captions, how other shapes become square, random crops, and the range of levels."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from hf_genimg.data import open_dataset, open_pairs, open_picture


def opened(source, **options):
    return open_dataset(source, **{"image_size": 16, "progress": False} | options)


def png(level, size=(16, 16)):
    stream = io.BytesIO()
    Image.new("L", size, level).save(stream, "PNG")
    return stream.getvalue()


def lengths(texts):
    """The simplest tokenizer: how long each text is."""
    return torch.tensor([[len(text)] for text in texts])


@pytest.mark.parametrize("column", ["text", "caption", "prompt"])
def test_captions_in_a_column(tmp_path, column):
    cells = [{"bytes": png(level), "path": None} for level in range(3)]
    pq.write_table(
        pa.table({"image": cells, column: ["a", "bb", "ccc"], "other": ["x"] * 3}), tmp_path / "train.parquet"
    )
    dataset = opened(tmp_path, captions=True, tokenize=lengths, flip=True)
    assert dataset.conditions == ("text",) and [list(texts) for texts in dataset.captions] == [["a"], ["bb"], ["ccc"]]
    assert dataset.batch(torch.tensor([2, 0, 4]))["text"].tolist() == [[3], [1], [2]]  # 4 is 1, mirrored
    assert [list(texts) for texts in opened(tmp_path, text_column="other").captions] == [["x"]] * 3
    assert opened(tmp_path).captions is None and opened(tmp_path).conditions == ()
    with pytest.raises(ValueError, match="has captions but no tokenizer; use with_tokenizer"):
        opened(tmp_path, captions=True).batch(torch.tensor([0]))
    with pytest.raises(ValueError, match="has no captions in its split train; give a column `text`"):
        opened("digits", captions=True)


def test_several_captions_of_one_picture_are_drawn_by_seed(save, tmp_path):
    for name in "ab":
        save(f"{name}.png", 5)
        (tmp_path / f"{name}.txt").write_text(f"{name}\n{name * 2}\n\n{name * 3}\n")
    dataset = opened(tmp_path, captions=True).with_tokenizer(lengths)
    assert list(dataset.captions[1]) == ["b", "bb", "bbb"]
    indices = torch.zeros(90, dtype=torch.int64)
    chosen = dataset.batch(indices, seeds=torch.arange(90))["text"][:, 0]
    assert set(chosen.tolist()) == {1, 2, 3}
    assert torch.equal(chosen, dataset.batch(indices, seeds=torch.arange(90))["text"][:, 0])
    assert dataset.batch(indices)["text"].unique().tolist() == [1]
    (tmp_path / "b.txt").unlink()
    with pytest.raises(ValueError, match=r"b\.png has no caption \(1 such\); add some, or remove it"):
        opened(tmp_path, captions=True)


def test_bad_pictures_take_their_captions_with_them(save, tmp_path):
    for name in "abc":
        save(f"{name}.png", 5)
        (tmp_path / f"{name}.txt").write_text(name)
    (tmp_path / "b.png").write_bytes(b"")
    for _ in range(2):  # the second from the cache
        with pytest.warns(UserWarning, match="1 of 3 pictures"):
            assert [list(texts) for texts in opened(tmp_path, captions=True, skip_bad=True).captions] == [["a"], ["c"]]


def stripes(height, width):
    """Black, grey and white thirds along the longer side."""
    levels = np.zeros((height, width), np.uint8)
    longer = max(height, width)
    place = np.arange(longer) * 3 // longer * 127
    return (levels + (place[None, :] if width > height else place[:, None])).astype(np.uint8)


@pytest.mark.parametrize("turned", [False, True])
def test_what_becomes_of_other_shapes(save, tmp_path, turned):
    levels = stripes(16, 48)
    save("a.png", levels.T.copy() if turned else levels)
    found = {fit: opened(tmp_path, fit=fit) for fit in ("crop", "pad", "stretch")}
    images = {
        fit: dataset.images[0, ..., 0].T if turned else dataset.images[0, ..., 0] for fit, dataset in found.items()
    }
    assert (images["crop"] == 127).all()
    assert np.abs(images["stretch"][8, [0, 8, 15]] - np.array([0, 127, 254.0])).max() < 9
    assert (images["pad"][[0, 15]] == 255).all() and np.abs(
        images["pad"][8, [1, 8, 14]] - np.array([0, 127, 254.0])
    ).max() < 9
    assert len({dataset.fingerprint for dataset in found.values()}) == 3
    with pytest.raises(ValueError, match="fit='squeeze' is not known; use one of crop, pad, stretch"):
        opened(tmp_path, fit="squeeze")


def test_a_picture_is_large_enough_for_pad_by_its_longer_side(save, tmp_path):
    save("a.png", stripes(8, 24))
    assert len(opened(tmp_path, fit="pad")) == 1
    with pytest.raises(ValueError, match="smaller than image_size=16"):
        opened(tmp_path, fit="stretch")


def ramp(height, width):
    return (np.arange(height)[:, None] * 3 + np.arange(width)[None]).astype(np.uint8)


def test_random_crops_by_seed_and_the_centre_without(save, tmp_path):
    save("a.png", ramp(40, 60))
    save("b.png", ramp(20, 16))
    dataset = opened(tmp_path, random_crop=True)
    assert (len(dataset), dataset.image_size, dataset.image_channels) == (2, 16, 1)
    whole = [torch.from_numpy(ramp(*size) / 127.5 - 1).float() for size in ((40, 60), (20, 16))]
    centre = dataset.batch(torch.tensor([0, 1]))["images"][:, 0]
    torch.testing.assert_close(centre, torch.stack([whole[0][12:28, 22:38], whole[1][2:18]]))
    seeds = torch.arange(100) - 50
    cut = dataset.batch(torch.zeros(100, dtype=torch.int64), seeds=seeds)["images"]
    again = dataset.batch(torch.zeros(3, dtype=torch.int64), seeds=seeds[[7, 50, 99]])["images"]
    assert torch.equal(cut[[7, 50, 99]], again)
    corners = ((cut[:, 0, 0, 0] + 1) * 127.5).round()
    assert corners.min() < 15 and corners.max() > 90  # 0 to 24 * 3 + 44
    for image, corner in zip(cut[:, 0], corners, strict=True):
        torch.testing.assert_close(image, (torch.from_numpy(ramp(16, 16)) + corner) / 127.5 - 1, atol=1e-6, rtol=0)
    assert np.array_equal(dataset.images[0:2][1], ramp(20, 16)[2:18, :, None]) and dataset.images.shape == (
        2,
        16,
        16,
        1,
    )


def test_random_crops_come_from_a_bounded_size(save, tmp_path):
    save("a.png", np.full((300, 500), 9, np.uint8))
    assert opened(tmp_path, random_crop=True).images.sizes.tolist() == [[64, 107]]
    assert opened(tmp_path, random_crop=True, crop_from=20).images.sizes.tolist() == [[20, 33]]
    assert opened(tmp_path, random_crop=True, crop_from=400).images.sizes.tolist() == [[300, 500]]
    assert opened("digits@test", random_crop=True, crop_from=20).images.sizes[0].tolist() == [20, 20]
    for options, part in (
        ({"crop_from": 20}, "crop_from=20 needs random_crop=true"),
        ({"random_crop": True, "crop_from": 8}, "crop_from=8 is below image_size=16"),
        ({"random_crop": True, "fit": "pad"}, "random_crop=true cuts squares, so fit=pad is not possible"),
    ):
        with pytest.raises(ValueError, match=part):
            opened(tmp_path, **options)


def test_pairs_are_cropped_alike(save, tmp_path):
    for number, size in enumerate(((32, 48), (40, 16))):
        save(f"A/{number}.png", ramp(*size))
        save(f"B/{number}.png", ramp(*size) + 20)
    pairs = open_pairs(tmp_path, image_size=16, random_crop=True, flip=True, progress=False)
    batch = pairs.batch(torch.tensor([0, 1, 2, 3] * 8), seeds=torch.arange(32))
    torch.testing.assert_close(
        batch["images"] - batch["inputs"], torch.full((32, 1, 16, 16), 20 / 127.5), atol=1e-6, rtol=0
    )
    assert len(batch["images"][::4].unique(dim=0)) > 4
    save("B/1.png", ramp(40, 17))
    with pytest.raises(ValueError, match="the inputs and targets differ in shape, so no random crops of both belong"):
        open_pairs(tmp_path, image_size=16, random_crop=True, progress=False)


def test_smaller_inputs_are_cropped_where_their_targets_are(save, tmp_path):
    large = np.kron(np.arange(12 * 18, dtype=np.uint8).reshape(12, 18), np.ones((4, 4), np.uint8))
    save("B/0.png", large)
    save("A/0.png", large[::4, ::4].copy())
    pairs = open_pairs(tmp_path, image_size=16, input_size=4, random_crop=True, progress=False)
    batch = pairs.batch(torch.zeros(20, dtype=torch.int64), seeds=torch.arange(20))
    assert torch.equal(batch["images"][:, :, ::4, ::4], batch["inputs"]) and len(batch["inputs"].unique(dim=0)) > 4


def test_degraded_random_crops(save, tmp_path):
    save("0.png", np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8))
    pairs = open_pairs(tmp_path, image_size=16, inputs="downscale:2", random_crop=True, progress=False)
    batch = pairs.batch(torch.zeros(9, dtype=torch.int64), seeds=torch.arange(9))
    assert batch["inputs"].shape == (9, 3, 8, 8) and len(batch["images"].unique(dim=0)) == 9


def test_twelve_bits_are_named_and_scaled(save, tmp_path):
    levels = (np.arange(256, dtype=np.uint16) * 16).reshape(16, 16)
    save("a.png", levels)
    save("b.png", levels // 4)
    expected = "has 16 bits a level but none above 4080, so the images are nearly black; set max_level=4095 for 12 bits"
    for _ in range(2):  # the second from the cache
        with pytest.warns(UserWarning, match=expected):
            assert opened(tmp_path).images.max() == 16
    images = opened(tmp_path, max_level=4095).images
    assert (
        np.array_equal(images[0, ..., 0], np.rint(levels.astype(float) * 255 / 4095)) and images[1].max() == 64
    )  # one rule for all
    with pytest.warns(UserWarning, match="has levels up to 4080; all above max_level=1000 are white"):
        assert opened(tmp_path, max_level=1000).images[0].max() == 255
    with pytest.raises(ValueError, match="max_level=0 is not allowed; use 1 to 65535"):
        opened(tmp_path, max_level=0)


def test_a_bound_on_pixels(save, tmp_path):
    save("a.png", np.zeros((40, 50), np.uint8))
    with pytest.raises(ValueError, match=r"50x40 exceeds the limit of max_pixels=1999\); remove it or set a larger"):
        opened(tmp_path, max_pixels=1999)
    assert len(opened(tmp_path, max_pixels=2000)) == 1
    save("b.png", np.zeros((16, 16), np.uint8))
    assert len(opened(tmp_path, skip_bad=True)) == 2
    with pytest.warns(UserWarning, match="1 of 2 pictures"):  # though the same was decoded under another bound
        assert len(opened(tmp_path, skip_bad=True, max_pixels=1999)) == 1
    with pytest.raises(ValueError, match="max_pixels=0 is not allowed; use 1 to"):
        opened(tmp_path, max_pixels=0)


@pytest.mark.parametrize("kind", ["jpg", "webp", "png"])
def test_broken_exif_is_ignored(save, tmp_path, kind):
    path = save(f"a.{kind}", (200, 100, 50), exif=b"Exif\0\0junkjunkjunk")
    assert np.abs(opened(tmp_path).images[0, 0, 0].astype(int) - [200, 100, 50]).max() < 4
    assert open_picture(path).size == (16, 16)


def test_open_picture_is_upright_once(save, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    levels = np.zeros((16, 32), np.uint8)
    levels[:8] = 255
    path = save("a.png", levels, exif=exif)
    picture = open_picture(path)
    assert picture.size == (16, 32) and np.array_equal(np.asarray(picture), np.rot90(levels, -1))
    assert dict(picture.getexif()) == {} and "exif" not in picture.info
    assert np.array_equal(np.asarray(open_picture(path.read_bytes())), np.asarray(picture))


def test_open_picture_refuses_in_one_line(save, tmp_path):
    Image.new("RGB", (16, 16)).save(tmp_path / "a.eps")
    (tmp_path / "a.eps").rename(tmp_path / "a.png")
    save("b.png", np.zeros((40, 50), np.uint8))
    (tmp_path / "c.png").symlink_to("/dev/zero")
    for name, part in (("a.png", "not a picture"), ("b.png", "exceeds the limit"), ("c.png", "not a regular file")):
        with pytest.raises(ValueError, match=f"{name} is not a picture that can be read .*{part}") as caught:
            open_picture(tmp_path / name, max_pixels=1000)
        assert "\n" not in str(caught.value)
    with pytest.raises(FileNotFoundError, match="nowhere.png does not exist"):
        open_picture(tmp_path / "nowhere.png")
    with pytest.raises(ValueError, match="the file is not a picture that can be read"):
        open_picture(b"")


def test_open_picture_keeps_the_texts(save):
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    texts.add_text("note", "hello")
    assert open_picture(save("a.png", 5, pnginfo=texts)).info["note"] == "hello"
