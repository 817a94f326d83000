"""The page as programs use it: every endpoint by `gradio_client`, against one server."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from PIL import Image

import hf_genimg
from hf_genimg.demo import explore, human, uploads
from hf_genimg.demo.models import Shelf
from hf_genimg.pipelines.named_directions import NamedDirection

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.radial_gradient("L").save(tmp_path / "picture.png")
    return tmp_path / "picture.png"


def pixels(answer: object) -> bytes:
    with Image.open(answer if isinstance(answer, str) else answer["image"]) as image:
        return image.tobytes()


def test_the_same_seed_is_the_same_picture_with_its_provenance(client: object) -> None:
    one, again = (client.predict(seed=7, count=2, api_name="/generate")[0] for _ in range(2))
    assert Path(one[0]["image"]).read_bytes() == Path(again[0]["image"]).read_bytes()
    with Image.open(one[1]["image"]) as image:
        assert json.loads(image.text["hf_genimg"])["seed"] == 8
        assert image.text["Source"] == "AI-generated"
    assert pixels(client.predict(seed=7, count=2, mix=0.5, api_name="/generate")[0][0]) != pixels(one[0])


def test_every_endpoint_answers(client: object, picture: Path) -> None:
    from gradio_client import handle_file

    file = handle_file(str(picture))
    asked = {
        "/generate": {"seed": 1, "count": 3},
        "/more_like_this": {"number": 1, "count": 3},
        "/then": {"query": "seed=1&count=2", "others": ["translator"]},
        "/directions": {"seed": 1, "first": 2},
        "/latent_map": {},
        "/invert": {"picture": file},
        "/on_map": {"x": 1, "y": -1},
        "/walk": {"seeds": "1, 2", "steps": 3},
        "/walk_gif": {"seeds": "1, 2", "steps": 3},
        "/walk_mp4": {"seeds": "1, 2", "steps": 3},
        "/reconstruct": {"model": "vae", "picture": file, "other": None, "between": 0},
        "/translate": {"model": "translator", "picture": file},
        "/classify": {"model": "classifier", "picture": file, "top": 2},
        "/compare": {"one": "gan", "other": "vae", "count": 2},
        "/style_mixing": {"model": "mixer"},
        "/about": {"model": "classifier"},
        "/human_trial": {"rater": ""},
    }
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(endpoints) == {*asked, "/human_answer"}
    for name, arguments in asked.items():
        assert client.predict(api_name=name, **arguments) is not None, name
    *_, trial, _, rater = client.predict("gan", "", api_name="/human_trial")
    feedback = [client.predict("gan", rater, trial, "left", api_name="/human_answer")[3] for _ in range(2)]
    assert "answers." in feedback[0] and feedback[1].startswith("That trial was answered before")


def test_a_hundred_clients_each_get_their_own_answer(client: object, models: list[Path]) -> None:
    gan = hf_genimg.load(models[0])
    expected = {seed: image.tobytes() for seed, image in enumerate(gan(100, seed=0).images)}
    with ThreadPoolExecutor(100) as pool:
        answers = list(
            pool.map(lambda seed: pixels(client.predict(seed=seed, count=1, api_name="/generate")[0][0]), range(100))
        )
    assert answers == list(expected.values())


def test_what_cannot_be_is_refused_in_one_line(client: object, tmp_path: Path) -> None:
    from gradio_client import handle_file
    from gradio_client.exceptions import AppError

    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    huge = tmp_path / "huge.png"
    Image.new("1", (10_000, 10_000)).save(huge)
    for file in (broken, huge):
        with pytest.raises(AppError, match="give a JPEG, PNG, GIF, .* of at most 12 MB and 30 million pixels"):
            client.predict("classifier", handle_file(str(file)), 1, api_name="/classify")
    with pytest.raises(AppError, match="not in the list of choices"):
        client.predict(model="/etc/passwd", api_name="/generate")
    with pytest.raises(AppError, match="is no walk"):
        client.predict(seeds="3", api_name="/walk")


def test_no_file_outside_the_cache_is_served(client: object, models: list[Path]) -> None:
    import httpx

    for path in ("/etc/passwd", str(models[0] / "recipe.json"), "pyproject.toml"):
        assert httpx.get(f"{client.src.rstrip('/')}/gradio_api/file={path}").status_code in (403, 404)


def test_a_rater_who_is_right_seven_times_in_ten_is_measured_so(models: list[Path]) -> None:
    gan = Shelf(models).find("gan")
    answers = human.test_of(gan)
    for number in range(100):
        trial, left, right = human.show(gan, "somebody")
        assert left.size == right.size and left.mode == right.mode and not left.info and not right.info
        wrong = "left" if trial.real_side == "right" else "right"
        answers.answer(trial.id, trial.real_side if number % 10 < 7 else wrong)
    found = answers.results()
    mine = found.raters["somebody"]
    assert mine.value == 0.7 and mine.low < 0.7 < mine.high
    assert "**70%** right" in human.standing(found, "somebody")


def test_directions_and_the_map_move_the_picture(models: list[Path]) -> None:
    for name in ("gan", "vae"):
        model = Shelf(models).find(name)
        assert explore.methods_of(model) == ["pca", "sefa"]
        still = explore.along(model, 3, [0.0] * 6)
        assert still.tobytes() == model.pipe(seed=3).images[0].tobytes()
        for method in explore.methods_of(model):
            assert explore.along(model, 3, [2.0], method).tobytes() != still.tobytes()
        assert explore.on_map(model, 2, 0).tobytes() != explore.on_map(model, -2, 0).tobytes()
        nothing = model.pipe(latents=torch.zeros(1, model.latent_dim)).images[0]
        assert explore.on_map(model, 0, 0).tobytes() != nothing.tobytes()  # no seed samples latents of zero
        middle = explore.latent_map(model).width // 2
        assert explore.place(model, middle, middle) == (0, 0)


def test_named_directions_move_the_picture_as_the_pipeline_does(client: object, of: object) -> None:
    model = of("dcgan-digits")
    assert explore.names_of(model) == ["slant", "thickness"] and explore.names_of(of("gan")) == []
    expected = model.pipe(seed=7, directions={"thickness": 1.5}).images[0]
    assert explore.along(model, 7, [0.0] * 7 + [1.5]).tobytes() == expected.tobytes()
    asked = {"model": "dcgan-digits", "seed": 7, "named_2": 1.5}
    assert pixels(client.predict(**asked, api_name="/directions")) == expected.tobytes()


def test_a_walk_as_gif_goes_there_and_back(models: list[Path], tmp_path: Path) -> None:
    images = list(explore.walk_between(Shelf(models).find("gan"), [1, 2], 5))[-1]
    with Image.open(explore.gif(images, tmp_path)) as film:
        assert film.n_frames == 8
        assert b"AI-generated" in film.info["comment"]


def test_an_upload_goes_through_the_autoencoder(models: list[Path], picture: Path) -> None:
    vae = Shelf(models).find("vae")
    read = uploads.read_upload(picture)
    _, after = uploads.reconstruct(vae, read, [0.0] * 6)
    assert after.resize((16, 16), Image.Resampling.NEAREST).tobytes() == vae.pipe.reconstruct(read)[0].tobytes()
    assert uploads.reconstruct(vae, read, [2.0])[1].tobytes() != after.tobytes()
    vae.pipe.directions = {"up": NamedDirection(torch.ones(2))}
    latents = vae.pipe.edit(vae.pipe.encode(read), {"up": 2.0})
    moved = uploads.reconstruct(vae, read, [0.0] * 6 + [2.0])[1].resize((16, 16), Image.Resampling.NEAREST)
    assert moved.tobytes() == vae.pipe.decode(latents)[0].tobytes() != after.tobytes()
