"""Small families of every kind, each a user's recipe in one file (`tests/families`): exact resume, one process equal to
two, a pipeline that loads and runs. None of them edits a file of the package.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

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
