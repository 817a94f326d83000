"""Small families of every kind, each a user's recipe in one file (`tests/families`): exact resume, one process equal to
two, a pipeline that loads and runs. None of them edits a file of the package.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

import hf_genimg
from hf_genimg.recipes import recipe_class
from hf_genimg.training.loop import train

from .training.test_processes import launch

FILES = {file.stem: file for file in sorted((Path(__file__).parent / "families").glob("[a-z]*.py"))}
every_family = pytest.mark.parametrize("name", FILES)


def smoke(name: str) -> Any:
    return recipe_class(FILES[name])().smoke().override(images=80)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every family, trained by one process."""
    folder = tmp_path_factory.mktemp("one")
    for name in FILES:
        train(smoke(name), folder / name, progress=False)
    return folder


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every family, trained by two processes in one launch."""
    folder = tmp_path_factory.mktemp("two")
    result = launch(folder, *map(str, FILES.values()))
    assert result.returncode == 0, result.stderr
    return folder


@every_family
def test_a_resumed_run_is_uninterrupted(name: str, finished: Path, tensors_of: Callable, tmp_path: Path) -> None:
    train(smoke(name), tmp_path / name, stop_at=24, progress=False)
    train(smoke(name), tmp_path / name, progress=False)
    whole, resumed = tensors_of(finished / name), tensors_of(tmp_path / name)
    assert whole.keys() == resumed.keys()
    assert [key for key in whole if not torch.equal(whole[key], resumed[key])] == []


@every_family
def test_two_processes_train_the_parameters_of_one(
    name: str, finished: Path, launched: Path, tensors_of: Callable
) -> None:
    one, two = tensors_of(finished / name), tensors_of(launched / name)
    assert one.keys() == two.keys()
    for key, expected in one.items():
        if key.startswith(("networks", "objective")) and not key.endswith(("running_mean", "running_var")):
            difference = (two[key].double() - expected.double()).norm()
            assert difference <= 1e-6 * expected.double().norm(), (key, difference)


@every_family
def test_its_pipeline_is_saved_and_loaded(name: str, finished: Path) -> None:
    pipe = hf_genimg.load(finished / name)
    assert type(pipe).__module__ == "hf_genimg"
    for network in pipe.components.values():
        assert not isinstance(network, torch.nn.Module) or all(torch.isfinite(p).all() for p in network.parameters())


def test_a_growing_generator_samples_at_its_finished_resolution(finished: Path) -> None:
    pipe = hf_genimg.load(finished / "growing")
    assert pipe.generator.alpha == 1 and pipe(2, seed=0, output_type="pt").images.shape[-1] == 16


def test_a_growing_generator_grows_in_the_averages_too(tmp_path: Path) -> None:
    train(smoke("growing"), tmp_path / "run", stop_at=32, callbacks=[], progress=False)
    assert 0 < hf_genimg.load(tmp_path / "run").generator.alpha < 1


def test_a_codebook_moves_once_per_update_from_all_images(finished: Path) -> None:
    before = recipe_class(FILES["codebook"])().smoke().override(image_channels=1)
    torch.manual_seed(0)
    codebook = before.models()["autoencoder"].codebook.train()
    vectors, start = torch.randn(12, 4), codebook.vectors.clone()
    sums = codebook.sums.clone()
    for part in vectors.split(4):
        codebook(part)
    assert torch.equal(codebook.vectors, start), "nothing moves in a forward"
    codebook.after_update()
    nearest = torch.cdist(vectors, start).argmin(1)
    for code in range(16):
        mine = vectors[nearest == code]
        expected = 0.9 * sums[code] + 0.1 * torch.cat([mine.sum(0), torch.tensor([float(len(mine))])])
        torch.testing.assert_close(codebook.vectors[code], expected[:4] / expected[4])


def test_a_pool_moves_in_the_order_of_the_whole_batch() -> None:
    from hf_genimg.objectives.base import Step
    from hf_genimg.objectives.image_pool import ImagePool

    pool = ImagePool(4, (1, 1, 1), batch_size=6)
    for first in (0, 6, 12, 18):
        images = torch.arange(first, first + 6.0).view(6, 1, 1, 1)
        before, shown, slots = pool.images.flatten().clone(), [], []
        pool.gathered.zero_()
        for offset in (0, 2, 4):
            shown += pool.query(images[offset : offset + 2], Step(offset=offset, batch_size=6)).flatten().tolist()
        slots = [int(slot) - 1 for slot in pool.gathered[:, 0]]
        for image, seen, slot in zip(images.flatten().tolist(), shown, slots, strict=True):
            assert seen == (image if slot < 0 else before[slot])
        expected, held = before.tolist(), int(pool.held)
        for image, slot in zip(images.flatten().tolist(), slots, strict=True):
            place = held if slot < 0 and held < 4 else slot
            held += slot < 0 and held < 4
            if place >= 0:
                expected[place] = image
        pool.update()
        assert pool.images.flatten().tolist() == expected and pool.held == held == 4
    assert any(slot >= 0 for slot in slots), "half of a full pool's images are earlier ones"


def test_translators_of_every_kind_give_pictures_of_any_size(finished: Path) -> None:
    picture = Image.new("L", (37, 23), 90)
    assert hf_genimg.load(finished / "unpaired")(picture, reverse=True).images[0].size == (37, 23)
    assert hf_genimg.load(finished / "upscaler")(picture).images[0].size == (74, 46)
    mask = Image.new("L", (37, 23))
    mask.paste(255, (5, 5, 15, 12))
    filled = hf_genimg.load(finished / "filler")(picture, mask=mask).images[0]
    known = [filled.getpixel((x, y)) for x in range(37) for y in range(23) if not mask.getpixel((x, y))]
    assert set(known) == {90}, "known pixels come back as they were"
    styled = hf_genimg.load(finished / "style")(picture, style=Image.new("L", (40, 40), 200), strength=0.5).images[0]
    assert styled.size == (37, 23)


def test_a_class_and_a_seed_choose_among_the_translations_of_an_image(finished: Path) -> None:
    pipe, picture = hf_genimg.load(finished / "bicycle"), Image.new("L", (21, 18), 90)
    able = pipe.capabilities
    assert able.latents and able.num_classes == 10 and able.any_size
    asked = {"output_type": "pt", "class_labels": 3}
    several = pipe([picture] * 3, seed=5, **asked)
    assert several.seeds == [5, 6, 7] and several.class_labels == [3, 3, 3] and len(several.images.unique(dim=0)) == 3
    torch.testing.assert_close(pipe(picture, seed=6, **asked).images, several.images[1:2])
    one_by_one = pipe([picture] * 3, seed=5, max_batch_size=1, tile_size=16, **asked).images
    torch.testing.assert_close(one_by_one, several.images)
    latents = torch.stack([torch.randn(2, generator=torch.Generator().manual_seed(seed)) for seed in (5, 6, 7)])
    torch.testing.assert_close(pipe([picture] * 3, latents=latents, **asked).images, several.images)
    other = pipe(picture, seed=6, output_type="pt", class_labels="4").images
    assert not torch.allclose(other, several.images[1:2], atol=1e-4)
    noted = json.loads(pipe([picture] * 2, seed=5, class_labels=[3, 4]).images[1].info["hf_genimg"])
    assert noted["seed"] == 6 and noted["class_label"] == 4


def test_what_a_translator_does_not_take_is_refused(finished: Path) -> None:
    bicycle, upscaler = (hf_genimg.load(finished / name) for name in ("bicycle", "upscaler"))
    picture = Image.new("L", (16, 16))
    for pipe, given, line in (
        (bicycle, {}, "SmallBicycle is conditioned on a class; give class_labels= as well"),
        (bicycle, {"class_labels": 10}, "class_labels holds 10, which is no class"),
        (bicycle, {"class_labels": 1, "latents": torch.zeros(2, 2)}, "num_images is 1, the length of latents is 2"),
        (bicycle, {"class_labels": 1, "latents": torch.zeros(1, 3)}, r"give a float tensor \[N, 2\]"),
        (bicycle, {"class_labels": 1, "seed": -1}, "seed=-1 is not possible"),
        (upscaler, {"seed": 1}, "seed is given, but SmallUpscaler samples nothing"),
        (upscaler, {"class_labels": 1}, "class_labels is given, but this model is unconditional"),
    ):
        with pytest.raises(ValueError, match=line):
            pipe(picture, **given)


def test_text_decides_the_image_and_a_seed_names_it(finished: Path) -> None:
    pipe = hf_genimg.load(finished / "text")
    one, other = (pipe(f"a digit {word}", seed=3, output_type="pt").images for word in ("one", "nine"))
    assert not torch.equal(one, other)
    both = pipe(["a digit nine", "a digit one"], seed=2, output_type="pt").images
    torch.testing.assert_close(both[1:], one)


def test_a_seed_names_an_image_of_a_prior(finished: Path) -> None:
    pipe = hf_genimg.load(finished / "prior")
    several = pipe(4, seed=5, output_type="pt").images
    torch.testing.assert_close(pipe(1, seed=7, output_type="pt").images, several[2:3])
    assert pipe.capabilities.prior and len(several.unique(dim=0)) > 1


def test_frozen_networks_are_not_trained_and_must_stay_the_same(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = json.loads(next((finished / "prior/state").glob("*/state.json")).read_text())
    assert set(facts["frozen"]) == {"first_stage"} and len(facts["frozen"]["first_stage"]) == 64
    kind = recipe_class(FILES["prior"])
    train(smoke("prior"), tmp_path / "run", stop_at=24, progress=False)

    def others(self: Any) -> dict[str, torch.nn.Module]:
        first_stage = plain(self)["first_stage"]
        torch.nn.init.zeros_(first_stage.levels)
        return {"first_stage": first_stage}

    plain = kind.frozen
    monkeypatch.setattr(kind, "frozen", others)
    with pytest.raises(ValueError, match="the frozen network first_stage is not the one that"):
        train(kind().smoke().override(images=80), tmp_path / "run", progress=False)


def test_data_without_a_condition_is_refused_before_any_work(tmp_path: Path) -> None:
    from dataclasses import replace as with_fields

    kind = recipe_class(FILES["filler"])
    with pytest.raises(ValueError, match="filler is conditioned on mask, and data=digits has inputs beside its images"):
        train(with_fields(kind().smoke(), inputs="blur:2"), tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()
