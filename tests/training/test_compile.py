"""torch.compile as a field: the same training to rounding, exact resume, and one line where it cannot be."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from hf_genimg.training import device
from hf_genimg.training.loop import train
from hf_genimg.training.recipe import Recipe


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "inductor"))


@pytest.mark.slow  # the C++ compiler takes a minute
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"
)  # inductor's own
def test_a_compiled_run_resumes_exactly_and_trains_the_same(
    tmp_path: Path, tiny: Callable[..., Recipe], tensors_of: Callable[[Path], dict[str, Any]]
) -> None:
    recipe, compiled = tiny("mlp_gan", micro_batch_size=None), tiny("mlp_gan", micro_batch_size=None, compile=True)
    calls = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    train(recipe, tmp_path / "plain", progress=False)
    train(compiled, tmp_path / "whole", progress=False)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] > calls, "nothing was compiled"
    train(compiled, tmp_path / "cut", stop_at=24, progress=False)
    train(compiled, tmp_path / "cut", progress=False)
    plain, whole, cut = (tensors_of(tmp_path / name) for name in ("plain", "whole", "cut"))
    assert whole.keys() == cut.keys() == plain.keys()
    for key, tensor in whole.items():
        assert torch.equal(tensor, cut[key]), key
        if key.startswith("averages"):
            torch.testing.assert_close(tensor, plain[key], rtol=1e-2, atol=2e-3)


def test_second_derivatives_are_refused_before_anything_is_written(tmp_path: Path, tiny: Callable[..., Recipe]) -> None:
    with pytest.raises(ValueError, match="compile=True cannot go with r1"):
        train(tiny("mlp_gan", compile=True, r1=1.0), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_missing_compiler_is_one_line(
    tmp_path: Path, tiny: Callable[..., Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device.shutil, "which", lambda name: None)
    with pytest.raises(ValueError, match="needs a C\\+\\+ compiler"):
        train(tiny("mlp_gan", compile=True), tmp_path / "run")
    assert not (tmp_path / "run").exists()
