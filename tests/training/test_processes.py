"""Two processes over gloo: the parameters of one, exact resumption, and an end to all when one dies."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from hf_genimg.recipes import recipe_names
from hf_genimg.training.checkpoint import current_checkpoint
from hf_genimg.training.device import make_accelerator
from hf_genimg.training.loop import train
from hf_genimg.training.noise import is_noisy
from hf_genimg.training.processes import Processes, micro_batch_size

WALK = Path(__file__).with_name("walk.py")
TensorsOf = Callable[[Path], dict[str, torch.Tensor]]
_spec = importlib.util.spec_from_file_location("walk", WALK)
walk = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(walk)


def launch(folder: Path, *cases: str, processes: int = 2) -> subprocess.CompletedProcess[str]:
    """Run walk.py in `processes` processes."""
    # ACCELERATE_USE_CPU is not needed: the trainer itself says so where there is no accelerator.
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        f"--nproc_per_node={processes}",
        str(WALK),
        str(folder),
        *cases,
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)


# One recipe for each thing that processes must agree on: batch norm; spectral norm and classes; an auxiliary
# classifier; labels that the objective samples; annealing; a discriminator that is unrolled; pairs; no adversary.
FAST = ["dcgan", "biggan", "acgan", "infogan", "beta_vae", "unrolled_gan", "pix2pix", "classifier"]
NAMES = [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in recipe_names()]


@pytest.fixture(scope="module")
def launched_others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The other recipes, likewise."""
    folder = tmp_path_factory.mktemp("others")
    result = launch(folder, *(name for name in recipe_names() if name not in FAST))
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture
def trained(name: str, request: pytest.FixtureRequest) -> Path:
    """The run directory of recipe `name`, by two processes."""
    return request.getfixturevalue("launched" if name in (*FAST, "composed") else "launched_others") / name


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The run directory of a recipe, by this process, trained once."""
    folder = tmp_path_factory.mktemp("alone")

    def run(name: str) -> Path:
        if not (folder / name).exists():
            train(walk.cases()[name], folder / name, progress=False)
        return folder / name

    return run


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recipes trained by two processes in one launch."""
    folder = tmp_path_factory.mktemp("launched")
    result = launch(folder, *FAST, "composed", "halves")
    assert result.returncode == 0, result.stderr
    return folder


# A bias of keys has no gradient but rounding, because softmax ignores what all keys have in common. Biases of vqgan
# that begin at 0 are still small.
ROUNDING, WITHOUT_GRADIENT = {"vqgan": 1e-5}, "to_k.bias"


@pytest.mark.parametrize("name", [*NAMES, "composed"])
def test_two_processes_train_the_parameters_of_one(
    name: str, trained: Path, alone: Callable[[str], Path], tensors_of: TensorsOf
) -> None:
    one, two = tensors_of(alone(name)), tensors_of(trained)
    assert one.keys() == two.keys()
    for key, expected in one.items():
        unlike = ("running_mean", "running_var", WITHOUT_GRADIENT)
        if key.startswith(("networks", "objective")) and not key.endswith(unlike):
            difference = (two[key].double() - expected.double()).norm()
            assert difference <= ROUNDING.get(name, 1e-6) * expected.double().norm(), (key, difference)


@pytest.mark.parametrize("name", NAMES)
def test_two_processes_leave_one_run_directory(
    name: str, trained: Path, alone: Callable[[str], Path], log_of: Callable[[Path], Any]
) -> None:
    assert {entry.name for entry in alone(name).iterdir()} == {entry.name for entry in trained.iterdir()}
    for one, two in zip(log_of(alone(name)), log_of(trained), strict=True):
        assert one.keys() == two.keys()
        assert two == pytest.approx(one, rel=1e-3)


def test_two_processes_resume_exactly(launched: Path, tensors_of: TensorsOf) -> None:
    whole, resumed = tensors_of(launched / "dcgan"), tensors_of(launched / "halves")
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)


def test_a_run_goes_on_with_another_number_of_processes(launched: Path, tensors_of: TensorsOf, tmp_path: Path) -> None:
    train(walk.cases()["dcgan"], tmp_path / "run", progress=False, stop_at=72)
    result = launch(tmp_path / "run", "on")
    assert result.returncode == 0, result.stderr
    whole, resumed = tensors_of(launched / "dcgan"), tensors_of(tmp_path / "run")
    for key in whole:
        if key.startswith("networks") and key.endswith("weight"):
            assert (resumed[key] - whole[key]).norm() <= 1e-6 * whole[key].norm(), key


@pytest.mark.parametrize(
    ("how", "message"),
    [("killed", "SIGKILL"), pytest.param("raises", "the planted failure of process 1", marks=pytest.mark.slow)],
)
def test_a_process_that_dies_ends_all(how: str, message: str, tmp_path: Path) -> None:
    began = time.monotonic()
    result = launch(tmp_path / "run", how)
    assert result.returncode != 0
    assert time.monotonic() - began < 60
    assert message in result.stderr
    state = current_checkpoint(tmp_path / "run/state")
    assert state.name == "96"  # the checkpoint that was due when the process died
    assert all(torch.isfinite(t).all() for file in state.glob("*.safetensors") for t in load_file(file).values())


def test_processes_with_unlike_recipes_are_refused(tmp_path: Path) -> None:
    result = launch(tmp_path / "run", "unlike")
    assert result.returncode != 0
    assert "is not the same in all 2 processes" in result.stderr
    assert not (tmp_path / "run").exists()


def test_a_launch_that_accelerate_did_not_join_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "OMPI_COMM_WORLD_SIZE", "3")
    monkeypatch.setattr("hf_genimg.training.device.Accelerator", lambda **_: SimpleNamespace(num_processes=1))
    with pytest.raises(ValueError, match="3 processes were launched, but Accelerate joined 1"):
        make_accelerator("no")


@pytest.mark.parametrize("kind", ["DEEPSPEED", "FSDP", "MEGATRON_LM", "PARALLELISM_CONFIG"])
def test_sharding_is_refused(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, f"ACCELERATE_USE_{kind}", "true")
    with pytest.raises(ValueError, match=f"{kind}, which serves one network"):
        make_accelerator("no")


def test_micro_batches_are_shared_evenly_and_in_order() -> None:
    shares = []
    for index in range(3):
        processes = Processes(SimpleNamespace(num_processes=3, process_index=index, is_main_process=index == 0))
        shares += processes.share(6)
    assert shares == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("batch", "micro", "processes", "size"),
    [(64, None, 1, 64), (64, None, 8, 8), (64, 8, 8, 8), (64, 4, 8, 4), (64, 16, 1, 16)],
)
def test_the_micro_batch_is_the_share_unless_it_is_named(
    tiny: Any, batch: int, micro: int | None, processes: int, size: int
) -> None:
    assert micro_batch_size(tiny(batch_size=batch, micro_batch_size=micro), processes) == size


@pytest.mark.parametrize(
    ("batch", "micro", "processes", "rule"),
    [
        (64, None, 3, "use a multiple of 3"),
        (64, 32, 4, "in micro-batches of 32 .* use a multiple of 128"),
        (4, None, 8, "multiple of 8"),
    ],
)
def test_a_batch_that_cannot_be_shared_is_refused(
    tiny: Any, batch: int, micro: int | None, processes: int, rule: str
) -> None:
    with pytest.raises(ValueError, match=rule):
        micro_batch_size(tiny(batch_size=batch, micro_batch_size=micro), processes)


@pytest.mark.parametrize(("name", "noisy"), [("fastgan", False), ("fastgan_paper", True), ("pix2pix", True)])
def test_networks_with_noise_or_dropout_run_anew_for_each_player(name: str, noisy: bool) -> None:
    """Of two parts of a batch, the second would otherwise have other noise in one process than in two."""
    recipe = walk.cases()[name].override(image_channels=1)
    assert is_noisy(recipe.models()["generator"]) == noisy
