"""Conversion at the edges, and encode, decode and reconstruct."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image

from hf_genimg.data.decode import Decoding, decode
from hf_genimg.data.source import Picture
from hf_genimg.pipelines.images import convert, prepare, to_uint8


def test_every_level_survives_the_round_trip_and_the_formula_is_exact():
    levels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    assert torch.equal(to_uint8(levels.float() / 127.5 - 1), levels.permute(0, 2, 3, 1))
    images = torch.empty(3, 3, 40, 40).uniform_(-1.2, 1.2)
    expected = ((images + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)
    assert torch.equal(to_uint8(images), expected)
    assert torch.equal(to_uint8(images.to(memory_format=torch.channels_last)), expected)
    assert torch.equal(convert(images, "pt"), ((images + 1) / 2).clamp(0, 1))


def test_images_larger_than_a_chunk_and_batches_of_several_chunks():
    images = torch.empty(5, 3, 300, 300).uniform_(-1, 1)
    assert torch.equal(to_uint8(images), ((images + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1))


def test_the_images_given_are_not_written_to():
    images = torch.empty(2, 3, 8, 8).uniform_(-1, 1)
    before = images.clone()
    for kind in ("pil", "np", "pt", "uint8"):
        convert(images, kind)
    assert torch.equal(images, before)


def pictures() -> dict[str, Image.Image]:
    noise = np.random.default_rng(0).integers(0, 256, (30, 41, 4), dtype=np.uint8)
    turned = Image.fromarray(noise[..., :3])
    turned.getexif()[0x0112] = 6
    return {
        "RGB": Image.fromarray(noise[..., :3]),
        "RGBA": Image.fromarray(noise),
        "LA": Image.fromarray(noise).convert("LA"),
        "L": Image.fromarray(noise[..., 0]),
        "P": Image.fromarray(noise[..., :3]).quantize(16),
        "I;16": Image.fromarray(noise[..., 0].astype(np.uint16) * 257),
        "turned": turned,
    }


@pytest.mark.parametrize("name", list(pictures()))
@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_become_what_training_data_becomes(tmp_path, name, channels):
    path = tmp_path / "x.png"
    picture = pictures()[name]
    picture.save(path, exif=picture.getexif())
    expected = decode(Picture(str(path), path), Decoding(16, channels))
    prepared = prepare(Image.open(path), 16, channels)
    assert torch.equal(to_uint8(prepared)[0], torch.tensor(expected))
    assert prepared.shape == (1, channels, 16, 16) and prepared.dtype == torch.float32


def test_transparency_is_white_and_orientation_is_applied():
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    assert torch.equal(prepare(clear, 8, 3), torch.ones(1, 3, 8, 8))
    half = Image.new("L", (8, 8))
    half.paste(255, (0, 0, 8, 4))  # white above
    half.getexif()[0x0112] = 3  # upside down
    assert prepare(half, 8, 1)[0, 0, 0, 0] == -1


def test_encode_takes_a_picture_a_list_or_a_tensor(vae):
    images = torch.empty(5, 1, 8, 8).uniform_(-1, 1)
    latents = vae.encode(images)
    with torch.no_grad():
        assert torch.equal(latents, vae.autoencoder.encode(images).mean)
    assert latents.shape == (5, 4) and not latents.requires_grad
    torch.testing.assert_close(vae.encode(images, max_batch_size=2), latents)
    levels = convert(images, "pil")
    torch.testing.assert_close(vae.encode(levels), latents, atol=0.02, rtol=0)
    torch.testing.assert_close(vae.encode(levels[0]), latents[:1], atol=0.02, rtol=0)


def test_reconstruct_is_encode_then_decode(vae):
    images = torch.empty(5, 1, 8, 8).uniform_(-1, 1)
    with torch.no_grad():
        expected = (vae.autoencoder(images) + 1) / 2
    torch.testing.assert_close(vae.reconstruct(images, "pt", max_batch_size=2), expected)
    torch.testing.assert_close(vae.decode(vae.encode(images), "pt"), expected)
    made = vae.reconstruct(convert(images, "pil"))
    assert [image.mode for image in made] == ["L"] * 5
    assert json.loads(made[0].info["hf_genimg"])["reconstructed"] is True


def test_reconstruct_works_in_half_precision_and_leaves_modes(vae):
    vae.to(torch.bfloat16)
    vae.autoencoder.train()
    assert vae.reconstruct(torch.zeros(2, 1, 8, 8), "np").shape == (2, 8, 8, 1)
    assert vae.autoencoder.training


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.zeros(1, 3, 8, 8), r"takes float \[N, 1, 8, 8\]"),
        (torch.zeros(1, 8, 8), r"torch.float32 \[1, 8, 8\]"),
        (torch.zeros(0, 1, 8, 8), r"\[0, 1, 8, 8\]"),
        (torch.zeros(1, 1, 8, 8, dtype=torch.uint8), "torch.uint8"),
        (torch.full((1, 1, 8, 8), 255.0), "values from 255 to 255"),
        (torch.full((1, 1, 8, 8), float("nan")), "values from nan"),
        ([], "an empty list"),
        ("cat.png", "images is str"),
        (["cat.png"], "a list with str"),
        (Image.new("F", (8, 8)), "floating point"),
    ],
)
def test_bad_images(vae, images, message):
    for call in (vae.encode, vae.reconstruct):
        with pytest.raises(ValueError, match=message) as error:
            call(images)
        assert "\n" not in str(error.value)


def test_bad_arguments_of_decode_and_reconstruct(vae):
    with pytest.raises(ValueError, match=r"latents is torch.float32 \[2, 3\]"):
        vae.decode(torch.zeros(2, 3))
    with pytest.raises(ValueError, match="output_type='jpg'"):
        vae.decode(torch.zeros(2, 4), "jpg")
    with pytest.raises(ValueError, match="output_type='jpg'"):
        vae.reconstruct(torch.zeros(2, 1, 8, 8), "jpg")
    with pytest.raises(ValueError, match="max_batch_size=0"):
        vae.encode(torch.zeros(2, 1, 8, 8), max_batch_size=0)
    with pytest.raises(ValueError, match=r"latents is torch.float32 \[0, 4\]"):
        vae.decode(torch.zeros(0, 4))
