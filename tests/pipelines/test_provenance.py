"""Every PNG says what made it, and nothing about the machine it was made on."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from hf_genimg import ImageGenerationPipeline
from hf_genimg.pipelines.provenance import folder_name, hub_origin, read_provenance, save_png

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def chunks(path: Path) -> dict[str, str]:
    with Image.open(path) as image:
        return dict(image.text)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_round_trip(tmp_path, mode):
    note = {"model": "a/b", "seed": 2**62, "settings": {"name": "Ünïcode ☃"}}
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)).convert(mode)
    path = save_png(image, tmp_path / "x.png", note)
    assert read_provenance(path) == note
    with Image.open(path) as written:
        assert np.array_equal(np.asarray(written), np.asarray(image)) and written.mode == mode
    assert chunks(path)["Source"] == "AI-generated"
    assert chunks(path)["Software"].startswith("hf_genimg")
    assert "digitalsourcetype/trainedAlgorithmicMedia<" in chunks(path)["XML:com.adobe.xmp"]
    assert [file.name for file in tmp_path.iterdir()] == ["x.png"]


def test_an_image_brings_the_provenance_that_its_pipeline_gave_it(tmp_path, colour):
    images = colour(2, seed=5).images
    for image, seed in zip(images, (5, 6), strict=True):
        assert read_provenance(save_png(image, tmp_path / f"{seed}.png"))["seed"] == seed
    with pytest.raises(ValueError, match="no provenance"):
        save_png(Image.new("L", (4, 4)), tmp_path / "x.png")


def test_nothing_is_overwritten_unless_asked(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(b"precious")
    with pytest.raises(FileExistsError, match="exists already") as error:
        save_png(Image.new("L", (4, 4)), path, {})
    assert path.read_bytes() == b"precious" and "\n" not in str(error.value)
    save_png(Image.new("L", (4, 4)), path, {"a": 1}, overwrite=True)
    assert read_provenance(path) == {"a": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["x.png"]


def test_a_file_that_appears_while_the_image_is_made_is_not_overwritten_either(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "hf_genimg.pipelines.provenance.check_png_path", lambda path, _: path
    )  # as if it had looked before
    (tmp_path / "x.png").write_bytes(b"precious")
    with pytest.raises(FileExistsError, match="exists already"):
        save_png(Image.new("L", (4, 4)), tmp_path / "x.png", {})
    assert (tmp_path / "x.png").read_bytes() == b"precious"
    assert [file.name for file in tmp_path.iterdir()] == ["x.png"]


def test_of_several_writers_one_wins_and_no_rest_remains(tmp_path):
    outcomes: list[str] = []

    def write(number: int) -> None:
        try:
            save_png(Image.new("L", (64, 64)), tmp_path / "x.png", {"writer": number})
            outcomes.append("written")
        except FileExistsError:
            outcomes.append("refused")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused"] * 7 + ["written"]
    assert [file.name for file in tmp_path.iterdir()] == ["x.png"]


def test_a_write_that_fails_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        save_png(Image.new("L", (4, 4)), tmp_path / "x.png", {})
    assert list(tmp_path.iterdir()) == []


def test_names_that_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match=r"ends in \.png"):
        save_png(Image.new("L", (4, 4)), tmp_path / "x.jpg", {})
    with pytest.raises(FileNotFoundError, match="create it first"):
        save_png(Image.new("L", (4, 4)), tmp_path / "none" / "x.png", {})


def test_files_without_provenance(tmp_path):
    Image.new("L", (4, 4)).save(tmp_path / "plain.png")
    Image.new("L", (4, 4)).save(tmp_path / "plain.jpg")
    for number, text in enumerate(("{", "[1]", "7")):
        info = PngInfo()
        info.add_text("hf_genimg", text)
        Image.new("L", (4, 4)).save(tmp_path / f"{number}.png", pnginfo=info)
    for path in list(tmp_path.iterdir()):
        assert read_provenance(path) is None
    (tmp_path / "text.png").write_text("not an image")
    with pytest.raises(ValueError, match="cannot be read as an image"):
        read_provenance(tmp_path / "text.png")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        read_provenance(tmp_path / "none.png")


def test_a_local_model_is_called_by_its_folder_and_no_path_leaks(tmp_path, colour):
    directory = tmp_path / "secret" / "my-run" / "pipeline"
    colour.save_pretrained(directory)
    loaded = ImageGenerationPipeline.from_pretrained(directory)
    assert loaded.provenance()["model"] == "my-run"
    path = loaded.save_grid(tmp_path / "grid.png", 4)
    assert b"secret" not in path.read_bytes() and str(tmp_path).encode() not in path.read_bytes()
    assert "secret" not in json.dumps(loaded(1).images[0].info)
    loaded.save_pretrained(tmp_path / "again")
    assert "secret" not in (tmp_path / "again" / "model_index.json").read_text()
    assert folder_name("/data/other") == "other"
    assert folder_name(None) == "unsaved" and colour.provenance()["model"] == "unsaved"


def test_the_revision_of_a_local_model_is_what_sha256sum_prints(tmp_path, colour):
    colour.generator.to(memory_format=torch.channels_last)
    colour.save_pretrained(tmp_path)
    digest = hashlib.sha256((tmp_path / "generator" / "diffusion_pytorch_model.safetensors").read_bytes()).hexdigest()
    assert colour.revision == digest[:12]
    assert ImageGenerationPipeline.from_pretrained(tmp_path).revision == digest[:12]


def test_the_revision_follows_the_weights_and_is_computed_once(colour, monkeypatch):
    first = colour.revision
    calls = []
    original = hashlib.sha256
    monkeypatch.setattr("hashlib.sha256", lambda *args: calls.append(1) or original(*args))
    assert colour.revision == first and not calls
    with torch.no_grad():
        next(colour.generator.parameters()).add_(1e-3)
    assert colour.revision != first and len(calls) == 1
    statistics = next(colour.generator.buffers())
    second = colour.revision
    statistics.add_(1)
    assert colour.revision != second
    third = colour.revision
    colour(3, seed=1)
    assert colour.revision == third and len(calls) == 2


def test_a_model_from_the_hub_is_its_id_and_commit_until_it_is_trained_on(tmp_path, colour):
    snapshot = tmp_path / "hub" / "models--owner--name" / "snapshots" / COMMIT
    colour.save_pretrained(snapshot)
    loaded = ImageGenerationPipeline.from_pretrained(snapshot)
    assert (loaded.provenance()["model"], loaded.revision) == ("owner/name", COMMIT)
    loaded.to(torch.float16)
    assert loaded.revision == COMMIT
    around = ImageGenerationPipeline(loaded.generator)  # as a warm start does
    assert around.provenance()["model"] == "unsaved" and around.revision != COMMIT
    with torch.no_grad():
        next(loaded.generator.parameters()).add_(1)
    assert loaded.revision != COMMIT and re.fullmatch("[0-9a-f]{12}", loaded.revision)


def test_hub_origin():
    network = f"/home/me/.cache/hub/models--owner--na.me-x/snapshots/{COMMIT}/generator"
    assert hub_origin("owner/na.me-x", network) == ("owner/na.me-x", COMMIT)
    assert hub_origin(network.replace("/", "\\").removesuffix("\\generator"), network.replace("/", "\\")) == (
        "owner/na.me-x",
        COMMIT,
    )
    assert hub_origin("runs/mine/pipeline", network) is None
    assert hub_origin(None, network) is None
    assert hub_origin("owner/na.me-x", "owner/na.me-x/generator") is None  # a local folder that is called like an id


def test_save_grid(tmp_path, vae):
    path = vae.save_grid(tmp_path / "grid.png", 5, seed=3)
    images = vae(5, seed=3).images
    with Image.open(path) as grid:
        assert grid.size == (3 * 66, 2 * 66) and grid.mode == "L"  # 8 pixels, enlarged 8 times, and a gap
        pixels = np.asarray(grid)
    for number, image in enumerate(images):
        row, column = divmod(number, 3)
        cell = pixels[row * 66 + 1 : row * 66 + 65, column * 66 + 1 : column * 66 + 65]
        assert np.array_equal(cell, np.asarray(image).repeat(8, axis=0).repeat(8, axis=1))
    assert (pixels[66:, 132:] == 255).all() and (pixels[0] == 255).all()
    note = read_provenance(path)
    assert (note["seed"], note["num_images"], note["truncation"], note["revision"]) == (3, 5, 1.0, vae.revision)
    with pytest.raises(FileExistsError):
        vae.save_grid(path, 5)
    vae.save_grid(path, 2, overwrite=True)
    assert read_provenance(path)["num_images"] == 2


def test_save_grid_looks_at_the_path_first(tmp_path, colour, monkeypatch):
    monkeypatch.setattr(type(colour), "_forward", lambda *_: pytest.fail("the network ran"))
    (tmp_path / "x.png").touch()
    with pytest.raises(FileExistsError):
        colour.save_grid(tmp_path / "x.png")
    with pytest.raises(ValueError, match=r"\.png"):
        colour.save_grid(tmp_path / "x.jpg")


def test_large_images_are_not_enlarged_and_labels_are_noted(tmp_path, conditional):
    with Image.open(conditional.save_grid(tmp_path / "x.png", 4, class_labels=[0, 1, 2, 3])) as grid:
        assert grid.size == (132, 132) and grid.mode == "RGB"
    assert read_provenance(tmp_path / "x.png")["class_labels"] == [0, 1, 2, 3]
