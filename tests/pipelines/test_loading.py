"""Saved and loaded again, in every way there is, and never through a pickle."""

from __future__ import annotations

import json
import logging
import pickle
from pathlib import Path

import pytest
import torch
from diffusers import DiffusionPipeline

from hf_genimg import DCGANDiscriminator, DCGANGenerator, ImageGenerationPipeline, ImageReconstructionPipeline
from hf_genimg.pipelines.loading import load

WEIGHTS = "diffusion_pytorch_model.safetensors"
PICKLE = "diffusion_pytorch_model.bin"


class Hostile:
    """Unpickled, it leaves a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return (open, (str(self.mark), "w"))


def images(pipeline) -> torch.Tensor:
    return pipeline(3, seed=11, output_type="pt").images


@pytest.fixture
def run(tmp_path, colour) -> Path:
    """A run directory with a pipeline."""
    (tmp_path / "my-run").mkdir()
    (tmp_path / "my-run" / "recipe.json").write_text("{}")
    colour.save_pretrained(tmp_path / "my-run" / "pipeline")
    return tmp_path / "my-run"


WAYS = {
    "load the run": load,
    "load the pipeline": lambda run: load(run / "pipeline"),
    "load a string": lambda run: load(str(run)),
    "generic": lambda run: DiffusionPipeline.from_pretrained(run / "pipeline"),
    "own class": lambda run: ImageGenerationPipeline.from_pretrained(run / "pipeline"),
}


@pytest.mark.parametrize("way", list(WAYS))
def test_loaded_in_every_way_the_images_are_bit_equal(run, colour, way):
    loaded = WAYS[way](run)
    assert type(loaded) is ImageGenerationPipeline and type(loaded.discriminator) is DCGANDiscriminator
    assert ImageGenerationPipeline.__module__ == "hf_genimg"
    assert not loaded.generator.training
    assert torch.equal(images(loaded), images(colour))


def test_the_index_names_the_package_and_never_its_layout(run):
    index = json.loads((run / "pipeline" / "model_index.json").read_text())
    assert index.pop("_diffusers_version")
    assert index == {
        "_class_name": "ImageGenerationPipeline",
        "generator": ["hf_genimg", "DCGANGenerator"],
        "discriminator": ["hf_genimg", "DCGANDiscriminator"],
    }
    assert sorted(path.suffix for path in run.rglob("*") if path.is_file()) == [".json"] * 4 + [".safetensors"] * 2


def test_an_autoencoder_and_a_missing_discriminator(tmp_path, vae, grey):
    vae.save_pretrained(tmp_path / "vae")
    loaded = load(tmp_path / "vae")
    assert type(loaded) is ImageReconstructionPipeline and torch.equal(images(loaded), images(vae))
    grey.save_pretrained(tmp_path / "grey")
    assert load(tmp_path / "grey").discriminator is None
    assert torch.equal(images(load(tmp_path / "grey")), images(grey))


def test_saved_again_it_is_the_same(run, tmp_path):
    load(run).save_pretrained(tmp_path / "again")
    assert torch.equal(images(load(tmp_path / "again")), images(load(run)))


def test_dtype_and_variant(run, tmp_path, colour):
    half = load(run, dtype=torch.float16)
    assert half.dtype == torch.float16
    assert (images(half) - images(colour)).abs().max() < 0.02
    half.save_pretrained(tmp_path / "half", variant="fp16")
    assert (tmp_path / "half" / "generator" / "diffusion_pytorch_model.fp16.safetensors").is_file()
    again = load(tmp_path / "half", variant="fp16", dtype=torch.float16)
    assert torch.equal(images(again), images(half))


def test_loading_moving_and_saving_say_nothing(run, tmp_path, caplog, recwarn):
    library = logging.getLogger("diffusers")  # it does not propagate to the root, where caplog listens
    library.addHandler(caplog.handler)
    try:
        pipeline = load(run, dtype=torch.float16)
        pipeline.to("cpu")
        pipeline.to(torch.bfloat16)
        pipeline.to("cpu", dtype=torch.float16)
        pipeline.save_pretrained(tmp_path / "again")
        DiffusionPipeline.from_pretrained(tmp_path / "again", dtype=torch.float16)
        library.warning("heard")
    finally:
        library.removeHandler(caplog.handler)
    assert [record.getMessage() for record in caplog.records] == ["heard"]
    assert [str(warning.message) for warning in recwarn] == []


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("beside", [True, False], ids=["beside", "in place"])
def test_a_hostile_pickle_is_not_run(run, tmp_path, way, beside):
    mark = tmp_path / "mark"
    folder = run / "pipeline" / "generator"
    hostile = pickle.dumps(Hostile(mark))
    (folder / PICKLE).write_bytes(hostile)
    if beside:
        assert images(WAYS[way](run)).shape == (3, 3, 16, 16)
    else:
        (folder / WEIGHTS).unlink()
        with pytest.raises((OSError, ValueError)):
            WAYS[way](run)
    assert not mark.exists()
    pickle.loads(hostile).close()
    assert mark.exists()  # it is hostile indeed


def test_pickles_are_refused_when_asked_for(run, tmp_path, colour):
    for call in (load, lambda run, **kwargs: DiffusionPipeline.from_pretrained(run / "pipeline", **kwargs)):
        with pytest.raises(ValueError, match="safetensors only"):
            call(run, use_safetensors=False)
    with pytest.raises(ValueError, match="safetensors only"):
        colour.save_pretrained(tmp_path / "x", safe_serialization=False)


def test_a_foreign_class_of_the_same_name_in_diffusers_does_not_matter_to_load(run, monkeypatch):
    monkeypatch.setattr("diffusers.ImageGenerationPipeline", object)
    assert type(load(run)) is ImageGenerationPipeline


def refused(run: Path, tmp_path: Path, case: str) -> tuple[Path | str, str]:
    """Make the case, and return what to load and what the error says."""
    pipeline = run / "pipeline"
    if case == "nothing there":
        return tmp_path / "a" / "b" / "c", "does not exist and is no Hub id"
    if case == "bare name":
        return "my-model", "my-model does not exist and is no Hub id"
    if case == "unfinished run":
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / "recipe.json").write_text("{}")
        return tmp_path / "new", "has not finished its first checkpoint"
    if case == "one network":
        return pipeline / "generator", r"hf_genimg\.DCGANGenerator\.from_pretrained\('.*generator'\)"
    if case == "empty directory":
        (tmp_path / "empty").mkdir()
        return tmp_path / "empty", "neither recipe.json nor model_index.json"
    if case == "pickle file":
        (tmp_path / "model.pth").write_bytes(b"")
        return tmp_path / "model.pth", "is a pickle, which can run code"
    if case == "directory of pickles":
        (tmp_path / "old").mkdir()
        (tmp_path / "old" / "netG.pt").write_bytes(b"")
        return tmp_path / "old", "is a pickle, which can run code"
    if case == "component of pickles":
        (pipeline / "generator" / WEIGHTS).rename(pipeline / "generator" / PICKLE)
        return run, "generator holds its weights as a pickle"
    if case == "another library's":
        (pipeline / "model_index.json").write_text('{"_class_name": "DDPMPipeline"}')
        return run, "is a DDPMPipeline, which is no pipeline of hf_genimg"
    (pipeline / "model_index.json").write_text("{")
    return run, "is damaged"


CASES = (
    "nothing there|bare name|unfinished run|one network|empty directory|pickle file|directory of pickles|"
    "component of pickles"
)


@pytest.mark.parametrize("case", [*CASES.split("|"), "another library's", "damaged index"])
def test_what_cannot_be_loaded_is_one_clear_line(run, tmp_path, case):
    model, message = refused(run, tmp_path, case)
    with pytest.raises((FileNotFoundError, ValueError), match=message) as error:
        load(model)
    assert "\n" not in str(error.value)


def test_a_mistyped_run_is_not_asked_for_on_the_hub(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path.parent)
    monkeypatch.setattr(DiffusionPipeline, "load_config", None)  # where the Hub would be asked
    folder = tmp_path.name
    with pytest.raises(
        FileNotFoundError, match=f"there is nothing at {folder}/my-rum in the folder {folder}; give a run or"
    ):
        load(f"{folder}/my-rum")


@pytest.mark.parametrize("left", [0, 5, 100, None], ids=str)
def test_weights_that_are_cut_off_or_missing_are_one_line(left, run):
    weights = run / "pipeline/generator" / WEIGHTS
    content = weights.read_bytes()
    weights.unlink() if left is None else weights.write_bytes(content[:left])
    with pytest.raises(
        ValueError, match=r"(pipeline|\.safetensors) is damaged \(.*\); save or download the model again"
    ) as error:
        load(run)
    assert "\n" not in str(error.value) and len(str(error.value)) < 600


# hub 2.4 warns of an argument that diffusers 0.42 still passes, on every load from the Hub
@pytest.mark.filterwarnings("ignore:.*local_dir_use_symlinks.*:UserWarning")
def test_a_hub_id_that_the_hub_does_not_give_is_one_line(tmp_path):
    with pytest.raises(
        FileNotFoundError, match="nobody/nothing is no directory here, and the Hub gave no pipeline"
    ) as error:
        load("nobody/nothing", local_files_only=True, cache_dir=tmp_path)
    assert "\n" not in str(error.value)


def test_networks_of_a_pipeline_load_alone(run, colour):
    generator = DCGANGenerator.from_pretrained(run / "pipeline", subfolder="generator")
    assert all(torch.equal(a, b) for a, b in zip(generator.parameters(), colour.generator.parameters(), strict=True))


@pytest.mark.parametrize(("file", "content"), [("model_index.json", "[]"), ("generator/config.json", '{"width": "x"}')])
def test_a_damaged_description_is_one_error(file, content, grey, tmp_path):
    grey.save_pretrained(tmp_path)
    (tmp_path / file).write_text(content)
    with pytest.raises(ValueError, match="is damaged|MLPGANGenerator cannot be loaded from .*generator: "):
        load(tmp_path)
