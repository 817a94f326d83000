"""What the Generate tab does, without a page."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
import torch
from PIL import Image

import hf_genimg
from hf_genimg.demo.handlers import Settings, generate, save_all, save_one
from hf_genimg.demo.models import Shelf
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
    near, far = made(shelf, seed=5, like=2, strength=0.1, count=6), made(shelf, seed=5, like=2, strength=1.0, count=6)
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
    asked = Settings(seed=9, count=4, truncation=0.7, mix=0.25, like=2)
    query = dict(part.split("=") for part in asked.query.split("&"))
    assert Settings.of_query(query) == asked
    assert Settings.of_query({"seed": "x", "count": "999", "mix": "nan", "truncation": "0.5", "evil": "1"}) == Settings(
        truncation=0.5
    )
