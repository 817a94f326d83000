"""mixed_precision=auto: bf16 where the device has it, said in log and metadata, and kept on resume."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from hf_genimg.recipes import recipe_class
from hf_genimg.training import precision
from hf_genimg.training.loop import train
from hf_genimg.training.recipe import Recipe

Tiny = Callable[..., Recipe]
Tensors = Callable[[Path], dict[str, torch.Tensor]]


@pytest.mark.parametrize(("has", "taken"), [(True, "bf16"), (False, "no")])
def test_the_device_chooses_and_the_run_says_what(
    tiny: Tiny, tmp_path: Path, tensors_of: Tensors, monkeypatch: pytest.MonkeyPatch, has: bool, taken: str
) -> None:
    monkeypatch.setattr(precision, "bf16_is_quicker", lambda: has)
    chosen, named = tmp_path / "auto", tmp_path / "named"
    train(tiny("mlp_gan", mixed_precision="auto"), chosen, progress=False)
    train(tiny("mlp_gan", mixed_precision=taken), named, progress=False)
    one, other = tensors_of(chosen), tensors_of(named)
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())
    assert json.loads((chosen / "machine.json").read_text())["mixed_precision"] == taken
    assert json.loads((chosen / "recipe.json").read_text())["fields"]["mixed_precision"] == "auto"
    lines = [json.loads(line) for line in (chosen / "log.jsonl").read_text().splitlines()]
    assert [line["mixed_precision"] for line in lines if "images_per_second" in line].count(taken) > 0


@pytest.mark.parametrize("began", [True, False])
def test_a_resumed_run_keeps_what_it_began_with(
    tiny: Tiny, tmp_path: Path, tensors_of: Tensors, monkeypatch: pytest.MonkeyPatch, began: bool
) -> None:
    recipe: Any = tiny("mlp_gan", mixed_precision="auto")
    monkeypatch.setattr(precision, "bf16_is_quicker", lambda: began)
    train(recipe, tmp_path / "whole", progress=False)
    train(recipe, tmp_path / "parts", stop_at=recipe.images // 2, progress=False)
    monkeypatch.setattr(precision, "bf16_is_quicker", lambda: not began)  # another machine
    train(recipe, tmp_path / "parts", progress=False)
    whole, parts = tensors_of(tmp_path / "whole"), tensors_of(tmp_path / "parts")
    assert all(torch.equal(tensor, parts[name]) for name, tensor in whole.items())


def test_an_unknown_precision_is_refused_and_auto_with_privacy() -> None:
    with pytest.raises(ValueError, match="mixed_precision=bf8 is not known; use one of no, bf16, fp16, auto"):
        recipe_class("mlp_gan")(mixed_precision="bf8").check()
    with pytest.raises(ValueError, match="mixed_precision"):
        recipe_class("dcgan")(mixed_precision="auto", dp_noise=1.0, normalization="group").check()
