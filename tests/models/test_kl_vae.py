"""The KL autoencoder is diffusers' AutoencoderKL, both ways, and theirs works in our pipeline, scores and studio."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import AutoencoderKL

import hf_genimg
from hf_genimg import KLVAE, ImageReconstructionPipeline
from hf_genimg.demo.handlers import generate
from hf_genimg.demo.models import Shelf
from hf_genimg.demo.settings import Settings
from hf_genimg.recipes import recipe_class

TINY = {"image_size": 16, "image_channels": 1, "latent_dim": 64, "width": 4, "multipliers": [1, 2], "groups": 2}
THEIRS = {
    "in_channels": 1,
    "out_channels": 1,
    "down_block_types": ("DownEncoderBlock2D",) * 2,
    "up_block_types": ("UpDecoderBlock2D",) * 2,
    "block_out_channels": (4, 8),
    "norm_num_groups": 2,
    "latent_channels": 3,
    "sample_size": 16,
}


def public(config: Any) -> dict[str, Any]:
    return {key: value for key, value in config.items() if not key.startswith("_")}


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(3, 1, 16, 16, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("mixing", [True, False])
def test_diffusers_has_the_same_network(mixing: bool, images: torch.Tensor, tmp_path: Path) -> None:
    torch.manual_seed(0)
    ours = KLVAE(**{**TINY, "latent_dim": 128}, mixing=mixing, scaling_factor=0.5, shift_factor=0.25).eval()
    ours.to_diffusers().save_pretrained(tmp_path)
    theirs = AutoencoderKL.from_pretrained(tmp_path)
    with torch.no_grad():
        posterior, expected = ours.encode(images), theirs.encode(images).latent_dist
        for name in ("mean", "logvar"):
            torch.testing.assert_close(getattr(posterior, name), getattr(expected, name).flatten(1))
        torch.testing.assert_close(ours.decode(posterior.mean), theirs.decode(expected.mean).sample.clamp(-1, 1))
    back = KLVAE.from_diffusers(theirs)
    assert public(back.config) == public(ours.config) and (theirs.config.scaling_factor, back.side) == (0.5, 8)
    assert all(torch.equal(tensor, back.state_dict()[key]) for key, tensor in ours.state_dict().items())


def test_theirs_works_in_pipeline_scores_and_studio(images: torch.Tensor, tmp_path: Path) -> None:
    torch.manual_seed(0)
    theirs = AutoencoderKL(**THEIRS)
    ImageReconstructionPipeline(KLVAE.from_diffusers(theirs)).save_pretrained(tmp_path / "model")
    pipe = hf_genimg.load(tmp_path / "model")
    with torch.no_grad():
        expected = theirs.encode(images).latent_dist.mean
    torch.testing.assert_close(pipe.encode(images), expected.flatten(1))
    report = hf_genimg.evaluate(tmp_path / "model", "digits@test", metrics=["kid"], num=200, progress=False)
    assert report.scores["kid"].value > 0 and report.protocol["num_fake"] == 200
    model = Shelf(pipe).find("")
    assert model.capabilities.encode and model.latent_dim == 3 * 8 * 8
    (image,) = list(generate(model, Settings(seed=7, count=1)))[-1]
    assert image.tobytes() == pipe(1, seed=7).images[0].tobytes()


def test_samples_are_scaled_as_diffusers_scales_latents() -> None:
    plain, scaled = KLVAE(**TINY), KLVAE(**TINY, scaling_factor=0.5, shift_factor=1.0)
    latents = [each.sample_latents(2, torch.Generator().manual_seed(3)) for each in (plain, scaled)]
    torch.testing.assert_close((latents[1] - 1) * 0.5, latents[0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mid_block_add_attention": False}, "other layers than a KLVAE: mid_block_add_attention=False"),
        ({"down_block_types": ("AttnDownEncoderBlock2D",) * 2}, "other layers than a KLVAE: encoder.down_blocks"),
        ({"use_quant_conv": False}, "other layers than a KLVAE: another form of its images or of its latents"),
        ({"block_out_channels": (4, 6)}, r"other layers than a KLVAE: \[4, 6\]"),
    ],
)
def test_other_models_of_diffusers_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        KLVAE.from_diffusers(AutoencoderKL(**{**THEIRS, **changes}))


def test_what_does_not_go_together_is_refused() -> None:
    for changes, message in (
        ({"image_size": 15}, "image_size=15 must be a multiple of 2"),
        ({"groups": 3}, "width=4 must be a multiple of groups=3"),
        ({"latent_dim": 33}, "latent_dim=33 must be a multiple of 64, for maps of 8"),
    ):
        with pytest.raises(ValueError, match=message):
            KLVAE(**{**TINY, **changes})
    recipe = recipe_class("kl_vae")
    with pytest.raises(ValueError, match="likelihood=bernoulli needs log-odds"):
        recipe(likelihood="bernoulli").check()
    with pytest.raises(ValueError, match="multipliers=1,x must be whole numbers above 0"):
        recipe(multipliers="1,x").check()
