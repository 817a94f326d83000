"""A run's folder: what it refuses, and that it touches nothing when it does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from hf_genimg.training.loop import train
from hf_genimg.training.recipe import Recipe
from hf_genimg.training.run_directory import RunDirectory

Tiny = Callable[..., Recipe]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_file_is_no_run(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(ValueError, match="notes is a file"):
        train(tiny(), tmp_path / "notes", progress=False)
    assert contents(tmp_path) == {"notes": b"mine"}


def test_a_folder_of_other_things_is_no_run(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter").write_text("mine")
    with pytest.raises(ValueError, match="holds files but no run"):
        train(tiny(), tmp_path / "thesis", progress=False)
    assert contents(tmp_path) == {"thesis/chapter": b"mine"}


def test_an_empty_folder_will_do(tiny: Tiny, tmp_path: Path) -> None:
    train(tiny(), tmp_path, progress=False)
    assert (tmp_path / "recipe.json").exists()


def test_another_recipe_is_refused_by_its_fields(tiny: Tiny, tmp_path: Path) -> None:
    train(tiny(), tmp_path / "run", progress=False)
    before = contents(tmp_path)
    with pytest.raises(
        ValueError,
        match=r"begun with another recipe: learning_rate=0.1 \(was 0.0002\), n_critic=2 \(was 1\); use the same",
    ):
        train(tiny(learning_rate=0.1, n_critic=2), tmp_path / "run", progress=False)
    with pytest.raises(ValueError, match="is a run of mlp_gan, not of mlp_vae"):
        train(tiny("mlp_vae"), tmp_path / "run", progress=False)
    assert contents(tmp_path) == before


def test_length_and_logging_may_change_unless_the_schedule_hangs_on_the_length(tiny: Tiny, tmp_path: Path) -> None:
    train(tiny(), tmp_path / "run", progress=False)
    RunDirectory(
        tmp_path / "run", tiny(images=128, log_images=7, sample_images=9, snapshot_images=11, evaluate_images=13)
    )
    train(tiny(schedule="linear"), tmp_path / "decayed", progress=False)
    with pytest.raises(ValueError, match=r"images=128 \(was 64\)"):
        RunDirectory(tmp_path / "decayed", tiny(schedule="linear", images=128))
    train(tiny(schedule="linear", schedule_images=32), tmp_path / "ended", progress=False)
    RunDirectory(tmp_path / "ended", tiny(schedule="linear", schedule_images=32, images=128))


def test_other_pictures_under_the_same_name_are_refused(tiny: Tiny, tmp_path: Path) -> None:
    from PIL import Image

    (tmp_path / "photos").mkdir()
    for number in range(10):
        Image.new("L", (16, 16), number).save(tmp_path / f"photos/{number}.png")
    recipe = tiny(data=str(tmp_path / "photos"))
    train(recipe, tmp_path / "run", stop_at=16, progress=False)
    Image.new("L", (16, 16), 200).save(tmp_path / "photos/3.png")
    with pytest.raises(ValueError, match="the pictures in data=.* are not those that this run began with"):
        train(recipe, tmp_path / "run", progress=False)


def test_a_state_of_another_version_is_refused(tiny: Tiny, tmp_path: Path) -> None:
    train(tiny(), tmp_path / "run", stop_at=32, callbacks=[], progress=False)
    file = tmp_path / "run/state/32/state.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": 0}))
    (tmp_path / "run/state/current").write_text("32")  # without the checksum of what was there
    with pytest.raises(ValueError, match="was trained by another version of hf_genimg"):
        train(tiny(), tmp_path / "run", progress=False)


def test_fewer_images_than_a_batch_are_refused(tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="data=digits has 1500 images, fewer than batch_size=2000"):
        train(tiny(batch_size=2000, micro_batch_size=None), tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_a_line_that_a_kill_cut_short_is_dropped(tiny: Tiny, tmp_path: Path) -> None:
    train(tiny(), tmp_path / "run", stop_at=32, progress=False)
    with (tmp_path / "run/log.jsonl").open("a") as log:
        log.write('{"images": 40, "generator/ad')
    train(tiny(), tmp_path / "run", progress=False)
    records = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    assert [record["images"] for record in records if "generator/adversarial" in record] == [16, 32, 48, 64]


@pytest.mark.parametrize("line", ["null", "{}", "[1]", '{"images": "x"}', "\x00", "[" * 100_000])
def test_a_damaged_line_ends_the_log(line: str, tiny: Tiny, tmp_path: Path) -> None:
    train(tiny(), tmp_path / "run", stop_at=32, progress=False)
    with (tmp_path / "run/log.jsonl").open("a") as log:
        log.write(f"{line}\n")
    with pytest.warns(UserWarning, match=r"line \d+ of .*log.jsonl is damaged; it and what came after it are left out"):
        train(tiny(), tmp_path / "run", progress=False)
    records = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    assert [record["images"] for record in records if "generator/adversarial" in record] == [16, 32, 48, 64]


def test_a_run_killed_before_it_began_is_a_fresh_one(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    for name in (".lock", ".recipe.json.partial"):
        (tmp_path / "run" / name).touch()
    train(tiny(images=8), tmp_path / "run", callbacks=[], progress=False)


@pytest.mark.parametrize("content", ["[1, 2]", '{"dish": "soup"}', '{"recipe": "dcgan", "fields": 5}', "not json"])
def test_the_recipe_of_somebody_else_is_no_run(content: str, tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "recipe.json").write_text(content)
    with pytest.raises(ValueError, match="its recipe.json is not one of hf_genimg"):
        train(tiny(), tmp_path, progress=False)
    assert contents(tmp_path) == {"recipe.json": content.encode()}


def test_fields_that_came_or_went_are_named(tiny: Tiny, tmp_path: Path) -> None:
    train(tiny(images=8), tmp_path / "run", callbacks=[], progress=False)
    file = tmp_path / "run/recipe.json"
    saved = json.loads(file.read_text())
    del saved["fields"]["generator_width"], saved["fields"]["lecam"]
    file.write_text(json.dumps({**saved, "fields": {**saved["fields"], "dropout": 0.5}}))
    with pytest.raises(
        ValueError, match=r"dropout=absent \(was 0.5\), lecam=0.1 \(was absent\), generator_width=8 \(was absent\);"
    ):
        RunDirectory(tmp_path / "run", tiny(images=8, lecam=0.1))


def test_a_run_goes_on_with_shared_fields_that_came_after_it(
    tiny: Tiny, tmp_path: Path, tensors_of: Callable[[Path], dict[str, torch.Tensor]]
) -> None:
    train(tiny("wgan_gp"), tmp_path / "whole", progress=False)
    train(tiny("wgan_gp"), tmp_path / "run", stop_at=32, progress=False)
    file = tmp_path / "run/recipe.json"
    saved = json.loads(file.read_text())
    del saved["fields"]["schedule_images"], saved["fields"]["lecam"]
    file.write_text(json.dumps(saved))
    train(tiny("wgan_gp"), tmp_path / "run", progress=False)
    resumed, whole = tensors_of(tmp_path / "run"), tensors_of(tmp_path / "whole")
    assert resumed.keys() == whole.keys() != set()
    assert all(torch.equal(tensor, whole[name]) for name, tensor in resumed.items())
    del saved["fields"]["gradient_penalty"]  # which the family sets: a run without it was another one
    file.write_text(json.dumps(saved))
    with pytest.raises(ValueError, match=r"recipe: gradient_penalty=10.0 \(was absent\);"):
        RunDirectory(tmp_path / "run", tiny("wgan_gp"))


def test_a_pipeline_caught_between_its_two_names_is_put_back(tiny: Tiny, tmp_path: Path) -> None:
    train(tiny(), tmp_path / "run", stop_at=32, progress=False)
    directory = RunDirectory(tmp_path / "run", tiny())
    directory.pipeline.rename(tmp_path / "run/.pipeline.old")
    directory.recover_pipeline()
    assert (directory.pipeline / "model_index.json").exists()
    assert not (tmp_path / "run/.pipeline.old").exists()


def test_named_directions_stay_until_the_weights_change(tiny: Tiny, tmp_path: Path) -> None:
    """The same command again saves the same pipeline; further training saves another one."""
    run = tmp_path / "run"
    pipe = train(tiny(), run, stop_at=32, progress=False)
    (run / "pipeline/directions.safetensors").write_bytes(b"of these weights")
    RunDirectory(run, tiny()).replace_pipeline(pipe)
    assert (run / "pipeline/directions.safetensors").read_bytes() == b"of these weights"
    next(pipe.network.parameters()).data += 1
    with pytest.warns(UserWarning, match="found for other weights and are left out"):
        RunDirectory(run, tiny()).replace_pipeline(pipe)
    assert not (run / "pipeline/directions.safetensors").exists()


def test_a_kill_between_the_renames_never_leaves_neither(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    pipe = train(tiny(), tmp_path / "run", stop_at=32, progress=False)
    directory, plain = RunDirectory(tmp_path / "run", tiny()), Path.rename

    def deadly(self: Path, target: Path) -> Path:
        if self.name == ".pipeline.new":
            raise Killed
        return plain(self, target)

    monkeypatch.setattr(Path, "rename", deadly)
    for _ in range(2):
        with pytest.raises(Killed):
            directory.replace_pipeline(pipe)
    monkeypatch.undo()
    directory.recover_pipeline()
    assert (directory.pipeline / "model_index.json").exists()


def test_rewinding_removes_half_written_samples_and_keeps_the_users_own(tiny: Tiny, tmp_path: Path) -> None:
    train(tiny(), tmp_path / "run", stop_at=32, progress=False)
    samples = tmp_path / "run/samples"
    for name in (".000000000064.png.ab12", "000000000064.png", "favourite.png"):
        (samples / name).touch()
    RunDirectory(tmp_path / "run", tiny()).rewind(32)
    assert sorted(file.name for file in samples.iterdir()) == ["000000000032.png", "favourite.png"]


def test_a_path_through_a_file_is_refused_before_any_work(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(ValueError, match="notes is a file, and a run needs a folder"):
        RunDirectory(tmp_path / "notes/run", tiny())
