"""Levels, modes, orientation, crop and size, through the public door."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from hf_genimg.data import open_dataset


def opened(folder, size=16, **options):
    return open_dataset(folder, image_size=size, progress=False, **options)


def only(folder, size=16, **options):
    (image,) = opened(folder, size, **options).images
    return np.asarray(image)


def test_all_levels_pass_unchanged(save, tmp_path):
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    save("a.png", levels)
    assert np.array_equal(only(tmp_path)[..., 0], levels)


@pytest.mark.parametrize("extension", ["jpg", "JPEG", "png", "webp", "bmp", "gif", "tif", "TIFF"])
def test_extensions_in_any_case(save, tmp_path, extension):
    save(f"a.{extension}", (200, 100, 50))
    assert np.abs(only(tmp_path, image_channels=3).astype(int) - [200, 100, 50]).max() <= 3


def test_first_frame_of_a_gif(save, tmp_path):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    save("a.gif", frames[0], save_all=True, append_images=frames[1:])
    assert np.array_equal(only(tmp_path)[0, 0], [255, 0, 0])


@pytest.mark.parametrize(
    ("mode", "channels"), [("1", 1), ("L", 1), ("LA", 1), ("I;16", 1), ("RGB", 3), ("RGBA", 3), ("P", 3)]
)
def test_channels_of_the_data(save, tmp_path, mode, channels):
    save("a.png", Image.new(mode, (16, 16)))
    assert opened(tmp_path).image_channels == channels


def test_one_colour_picture_among_the_first_32_makes_colour(save, tmp_path):
    for index in range(31):
        save(f"{index:02}.png", 10)
    save("31.png", (1, 2, 3))
    dataset = opened(tmp_path)
    assert dataset.images.shape == (32, 16, 16, 3)
    assert dataset.images[0, 0, 0].tolist() == [10, 10, 10]
    assert dataset.images[31, 0, 0].tolist() == [1, 2, 3]


def test_one_colour_picture_anywhere_makes_colour_unless_grey_is_asked_for(save, tmp_path):
    for index in range(40):
        save(f"{index:02}.png", 10)
    assert opened(tmp_path).image_channels == 1
    save("40.png", (255, 0, 0))
    for _ in range(2):  # the second time from the index
        assert opened(tmp_path).image_channels == 3
    assert opened(tmp_path, image_channels=1).images[40, 0, 0, 0] == 76  # ITU-R 601: 0.299 * 255


@pytest.mark.parametrize("channels", [1, 3])
def test_channels_asked_for(save, tmp_path, channels):
    save("a.png", (50, 50, 50))
    image = only(tmp_path, image_channels=channels)
    assert image.shape == (16, 16, channels) and (image == 50).all()


def test_alpha_lies_over_white(save, tmp_path):
    save("a.png", Image.new("RGBA", (16, 16), (200, 0, 0, 0)))
    save("b.png", Image.new("RGBA", (16, 16), (255, 0, 0, 128)))
    save("c.png", Image.new("LA", (16, 16), (0, 0)))
    images = opened(tmp_path).images
    assert images[:, 0, 0].tolist() == [[255, 255, 255], [255, 127, 127], [255, 255, 255]]


def test_grey_with_alpha_stays_exact(save, tmp_path):
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    save("a.png", Image.merge("LA", (Image.fromarray(levels), Image.new("L", (16, 16), 255))))
    assert np.array_equal(only(tmp_path)[..., 0], levels)


def test_transparent_palette_entry_lies_over_white(save, tmp_path):
    image = Image.new("P", (16, 16), 1)
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.paste(0, (0, 0, 8, 16))
    save("a.png", image, transparency=0)
    assert only(tmp_path)[0, [0, 15]].tolist() == [[255, 255, 255], [40, 50, 60]]


def test_16_bit_grey_is_scaled_to_the_nearest_level(save, tmp_path):
    levels = (np.arange(256, dtype=np.uint16) * 257).reshape(16, 16)
    save("exact.png", levels)
    save("high.tif", np.minimum(levels.astype(int) + 128, 65535).astype(np.uint16))
    save("low.tif", np.maximum(levels.astype(int) - 128, 0).astype(np.uint16))
    for image in opened(tmp_path).images:
        assert np.array_equal(image[..., 0].ravel(), np.arange(256))


def test_cmyk_is_converted(save, tmp_path):
    save("a.jpg", Image.new("CMYK", (16, 16), (0, 255, 255, 0)), quality=100)
    assert np.abs(only(tmp_path)[0, 0].astype(int) - [255, 0, 0]).max() <= 8


def test_exif_orientation_is_honoured(save, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees clockwise to show
    levels = np.zeros((16, 16), dtype=np.uint8)
    levels[:8] = 255
    save("a.png", levels, exif=exif)
    assert np.array_equal(only(tmp_path)[..., 0], np.rot90(levels, -1))


def test_exif_orientation_comes_before_the_size_check(save, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    save("a.png", Image.new("L", (10, 20)), exif=exif)
    with pytest.raises(ValueError, match=r"a\.png is 20x10, smaller"):
        opened(tmp_path, 16)


@pytest.mark.parametrize("axis", [0, 1])
def test_the_centre_square_is_kept(save, tmp_path, axis):
    levels = np.repeat(np.repeat(np.uint8([[0, 255, 0]]), 16, axis=0), [8, 16, 8], axis=1)
    save("a.png", levels if axis else levels.T.copy())
    assert (only(tmp_path) == 255).all()


def test_resize_is_antialiased(save, tmp_path):
    save("a.png", (np.indices((128, 128)).sum(axis=0) % 2 * 255).astype(np.uint8))
    image = only(tmp_path, 16)[2:-2, 2:-2].astype(int)
    assert np.abs(image - 127).max() <= 2


def test_no_resize_where_none_is_needed(save, tmp_path):
    levels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    save("a.png", levels)
    assert np.array_equal(only(tmp_path), levels)


def test_too_small_is_an_error_unless_upscale(save, tmp_path):
    path = save("a.png", np.full((20, 30), 7, dtype=np.uint8))
    with pytest.raises(ValueError) as caught:
        opened(tmp_path, 32)
    assert str(caught.value) == (
        f"{path} is 30x20, smaller than image_size=32; "
        "set upscale=true, use image_size=20 or less, or set skip_bad=true to leave such pictures out"
    )
    assert (only(tmp_path, 32, upscale=True) == 7).all()


def test_truncated_picture_is_named_on_one_line(save, tmp_path):
    save("a.png")
    path = save("b.png", np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    path.write_bytes(path.read_bytes()[:-3000])
    save("c.png")
    with pytest.raises(ValueError) as caught:
        opened(tmp_path)
    message = str(caught.value)
    assert message.startswith(f"{path} cannot be read (") and "skip_bad=true" in message and "\n" not in message


def test_not_a_picture_is_named(save, tmp_path):
    (tmp_path / "a.jpg").write_text("hello")
    with pytest.raises(ValueError, match=r"a\.jpg cannot be read \(not a picture\); remove it, or set skip_bad=true"):
        opened(tmp_path)


def test_other_formats_are_not_opened_whatever_their_name(tmp_path):
    Image.new("RGB", (16, 16)).save(tmp_path / "a.eps")
    (tmp_path / "a.eps").rename(tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"a\.png cannot be read \(not a picture\)"):
        opened(tmp_path)


def test_unreachable_file_is_a_bad_picture(save, tmp_path):
    save("a.png")
    (tmp_path / "b.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(ValueError, match=r"b\.png cannot be read \(.*No such file"):
        opened(tmp_path)


def test_skip_bad_leaves_out_every_kind(save, tmp_path):
    for index in range(5):
        save(f"good{index}.png", 50 * index)
    (tmp_path / "empty.png").touch()
    save("good2small.png", np.zeros((4, 4), dtype=np.uint8))
    save("zfloat.tif", np.zeros((16, 16), dtype=np.float32))
    for _ in range(2):  # the second is cached
        expected = r"^3 of 8 pictures of .* were left out: .*empty\.png cannot.* \| .*4x4.* \| .*floating"
        with pytest.warns(UserWarning, match=expected) as record:
            dataset = opened(tmp_path, skip_bad=True)
        assert len(record) == 1 and "\n" not in str(record[0].message)
        assert dataset.skipped == 3 and len(dataset) == 5
        assert dataset.images[:, 0, 0, 0].tolist() == [0, 50, 100, 150, 200]


def test_all_bad_is_an_error(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.png").touch()
    with pytest.raises(
        ValueError, match=r"^none of the 2 pictures of .* can be used; the first: .*a\.png cannot be read"
    ):
        opened(tmp_path, skip_bad=True)


def bomb(width: int, height: int) -> bytes:
    """A PNG header that promises width x height pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize("width", [10_000, 30_000])  # where Pillow would warn, where it raises
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_decompression_bomb_is_a_bad_picture(save, tmp_path, width):
    save("good.png")
    (tmp_path / "bomb.png").write_bytes(bomb(width, 10_000))
    with pytest.raises(ValueError, match=r"bomb\.png cannot be read \(.*pixels"):
        opened(tmp_path)
    with pytest.warns(UserWarning, match="1 of 2 pictures"):
        assert len(opened(tmp_path, skip_bad=True)) == 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's remarks on the damage
def test_no_damage_escapes_as_another_error(kind):
    from hf_genimg.data.decode import BadPicture, Decoding, decode
    from hf_genimg.data.source import Picture

    random = np.random.default_rng(0)
    stream = io.BytesIO()
    Image.fromarray(random.integers(0, 256, (24, 24, 3), dtype=np.uint8)).save(stream, kind)
    bad = 0
    for turn in range(60):
        content = bytearray(stream.getvalue())
        if turn % 2:
            content = content[: random.integers(len(content))]
        for place in random.integers(0, max(1, len(content)), 5 if content else 0):
            content[place] = random.integers(256)
        try:
            decode(Picture("it", bytes(content)), Decoding(16, 3))
        except BadPicture as error:
            bad += 1
            assert str(error).startswith("it ") and "\n" not in str(error)
    assert bad > 5
