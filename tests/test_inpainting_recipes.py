"""Recipes of inpainting: a pixel-loss twin without a discriminator, from which the GAN may begin."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest

import hf_genimg
from hf_genimg.recipes.context_encoder import ContextEncoder
from hf_genimg.recipes.gated_inpainting import GatedInpaintingRecipe


@pytest.mark.parametrize("recipe", [ContextEncoder, GatedInpaintingRecipe])
def test_the_gan_begins_with_its_pixel_loss_twin(recipe: type, tmp_path: Path) -> None:
    twin = recipe(adversarial_weight=0).smoke()
    hf_genimg.train(twin, tmp_path / "twin")
    pipe = hf_genimg.load(tmp_path / "twin")
    assert pipe.discriminator is None
    line = json.loads((tmp_path / "twin/log.jsonl").read_text().splitlines()[-1])
    assert not any("real" in name or "adversarial" in name for name in line)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*tensors taken, .* left as they were: discriminator")
        hf_genimg.train(recipe(init=str(tmp_path / "twin")).smoke(), tmp_path / "gan")
    assert hf_genimg.load(tmp_path / "gan").discriminator is not None
