"""What the Generate tab does, without a page."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

import hf_genimg
from hf_genimg.demo import uploads
from hf_genimg.demo.handlers import generate, save_all, save_one
from hf_genimg.demo.models import Shelf
from hf_genimg.demo.settings import Settings
from hf_genimg.pipelines.images import prepare
from hf_genimg.pipelines.provenance import read_provenance


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    torch.manual_seed(0)
    gan = hf_genimg.ImageGenerationPipeline(hf_genimg.MLPGANGenerator(image_size=16, latent_dim=4, width=16))
    return Shelf(gan)


def made(shelf: Shelf, **settings: object) -> list[Image.Image]:
    return list(generate(shelf.find(""), Settings(**settings)))[-1]


def test_the_images_are_those_of_the_pipeline(shelf: Shelf) -> None:
    ours, plain = made(shelf, seed=7, count=3), shelf.find("").pipe(3, seed=7).images
    assert [image.tobytes() for image in ours] == [image.tobytes() for image in plain]


def test_morphing_begins_at_one_seed_and_ends_at_the_other(shelf: Shelf) -> None:
    first, last = made(shelf, seed=3, count=2), made(shelf, seed=40, count=2)
    ends = made(shelf, seed=3, towards=40, mix=1e-9, count=2), made(shelf, seed=3, towards=40, mix=1.0, count=2)
    assert [image.tobytes() for image in ends[0]] == [image.tobytes() for image in first]
    assert [image.tobytes() for image in ends[1]] == [image.tobytes() for image in last]
    assert made(shelf, seed=3, towards=40, mix=0.5)[0].tobytes() not in (first[0].tobytes(), last[0].tobytes())


def test_neighbours_begin_with_the_image_itself(shelf: Shelf) -> None:
    near, far = (made(shelf, seed=5, like=((2, strength),), count=6) for strength in (0.1, 1.0))
    itself = made(shelf, seed=7, count=1)[0]
    assert near[0].tobytes() == far[0].tobytes() == itself.tobytes()
    distances = [
        [abs(a - b) for a, b in zip(itself.tobytes(), image.tobytes(), strict=True)] for image in (near[3], far[3])
    ]
    assert 0 < sum(distances[0]) < sum(distances[1])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"count": 65}, "count=65 is not possible"),
        ({"seed": -1}, "seed=-1 is not possible"),
        ({"seed": 2**53}, "is not possible"),
        ({"truncation": 3.0}, "truncation=3.0 is not possible"),
        ({"mix": float("nan")}, "mix=nan is not possible"),
        ({"label": 0}, "label=0 is no class of"),
        ({"count": True}, "count=True is not possible"),
    ],
)
def test_a_wish_beyond_the_limits_is_refused_before_any_work(
    shelf: Shelf, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        next(generate(shelf.find(""), Settings(**settings)))


def test_large_images_come_in_parts_and_fewer_at_once() -> None:
    gan = hf_genimg.ImageGenerationPipeline(hf_genimg.MLPGANGenerator(image_size=512, latent_dim=4, width=1))
    model = Shelf(gan).find("")
    assert model.most_images == 16
    parts = list(generate(model, Settings(count=6)))
    assert [len(part) for part in parts] == [4, 6]
    with pytest.raises(ValueError, match="more than 16, the most of one request"):
        next(generate(model, Settings(count=17)))


def test_files_carry_their_provenance(shelf: Shelf, tmp_path: Path) -> None:
    images = made(shelf, seed=11, count=3)
    one = save_one(images, 2, tmp_path)
    assert one.name == "unsaved-seed-13.png"
    assert read_provenance(one)["seed"] == 13
    with zipfile.ZipFile(save_all(images, tmp_path)) as archive:
        assert archive.namelist() == [f"{i:03d}-unsaved-seed-{11 + i}.png" for i in range(3)]
        with Image.open(BytesIO(archive.read("001-unsaved-seed-12.png"))) as image:
            assert json.loads(image.text["hf_genimg"])["seed"] == 12
            assert "trainedAlgorithmicMedia" in image.text["XML:com.adobe.xmp"]


def test_an_address_brings_the_settings_back_and_nonsense_is_left_out() -> None:
    asked = Settings(seed=9, count=4, truncation=0.7, mix=0.25, like=((2, 0.35), (5, 0.2)))
    assert "like=2:0.35,5:0.2" in asked.query and Settings.of_address(asked.query) == asked
    assert Settings.of_address("seed=9&like=2&strength=0.5") == Settings(seed=9, like=((2, 0.5),))
    assert Settings.of_address("like=2").like == ((2, 0.35),)
    for nonsense in ("like=x", "like=2:nan", "like=99", "like=2:0.3:4", f"like={'1,' * 20}"):
        assert Settings.of_address(nonsense) == Settings(), nonsense
    assert Settings.of_query({"seed": "x", "count": "999", "mix": "nan", "truncation": "0.5", "evil": "1"}) == Settings(
        truncation=0.5
    )


def test_more_like_one_of_those_goes_on_from_it_and_never_repeats(shelf: Shelf) -> None:
    once = made(shelf, seed=5, like=((2, 0.5),), count=4)
    chosen = made(shelf, seed=5, like=((2, 0.5), (3, 0.2)), count=4)
    itself = made(shelf, seed=5, like=((2, 0.5), (0, 0.2)), count=4)
    assert chosen[0].tobytes() == once[3].tobytes() and itself[0].tobytes() == once[0].tobytes()
    assert len({image.tobytes() for image in (*once, *chosen[1:], *itself[1:])}) == 4 + 3 + 3


@pytest.mark.parametrize(
    "settings",
    [
        {"like": ((2, 0.5), (3, 0.2)), "mix": 0.3, "towards": 77, "truncation": 0.7},
        {"mix": 0.25, "towards": 9},
        {"like": ((1, 0.35),)},
    ],
)
def test_a_png_says_all_that_made_it(shelf: Shelf, settings: dict[str, Any], tmp_path: Path) -> None:
    images = made(shelf, seed=5, count=4, **settings)
    noted = read_provenance(save_one(images, 2, tmp_path))
    again = list(generate(shelf.find(""), Settings.of_address(noted["settings"])))[-1]
    assert again[noted["number"]].tobytes() == images[2].tobytes() != images[1].tobytes()


@pytest.mark.parametrize("name", ["seed", "count", "truncation", "towards", "mix", "label_mix"])
def test_an_empty_number_is_refused_by_name(shelf: Shelf, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is empty; give an? (integer|number) from 0|count is empty"):
        next(generate(shelf.find(""), Settings(**{name: None})))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_damaged_exif_is_no_damage(format: str, tmp_path: Path) -> None:
    """The pixels are whole; the orientation is what cannot be read."""
    picture = Image.radial_gradient("L").resize((32, 32)).convert("RGB")
    picture.save(tmp_path / "picture", format, exif=b"Exif\0\0junkjunkjunk")
    read = uploads.read_upload(tmp_path / "picture")
    assert read.size == (32, 32) and "exif" not in read.info
    prepare(read, 16, 1)


def test_pictures_lie_as_their_exif_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (32, 16)).save(tmp_path / "picture.jpg", exif=exif)
    assert uploads.read_upload(tmp_path / "picture.jpg").size == (16, 32)
