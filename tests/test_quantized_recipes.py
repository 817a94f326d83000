"""VQ-VAE and its prior: settings that are refused, restarts and averages of the whole batch, one pipeline of both."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import hf_genimg
from hf_genimg.evaluation.sources import ModelImages
from hf_genimg.hub.card import write_card
from hf_genimg.hub.card_facts import facts_of
from hf_genimg.recipes import recipe_class
from hf_genimg.training.loop import train
from hf_genimg.training.recipe import Recipe

GAN = Path(__file__).parents[1] / "model_cards" / "dcgan-digits"


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A first stage, and a prior that was trained on it."""
    folder = tmp_path_factory.mktemp("stages")
    train(recipe_class("vqvae")().smoke(), folder / "first", progress=False)
    recipe = recipe_class("vqvae_prior")(model=str(folder / "first")).smoke()
    train(recipe, folder / "prior", progress=False)
    return folder / "first", folder / "prior"


def test_micro_batches_change_no_code(tiny: Callable[..., Recipe], tensors_of: Callable, tmp_path: Path) -> None:
    """Averages, counts and restarts are of the whole batch, however it is cut."""
    settings = {"restart_below": 0.9, "images": 40, "learning_rate": 1e-4}
    for size in (8, 2):
        train(tiny("vqvae", micro_batch_size=size, **settings), tmp_path / str(size), callbacks=[], progress=False)
    whole, parts = (tensors_of(tmp_path / name) for name in ("8", "2"))
    for name in ("vectors", "sums", "usage.counts"):
        key = f"networks.safetensors:autoencoder/codebook.{name}"
        torch.testing.assert_close(parts[key], whole[key], rtol=1e-4, atol=1e-5)


def test_restarts_bring_dead_codes_back(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    def codes_in_use(share: float) -> float:
        run = tmp_path / str(share)
        settings = {"codebook_size": 32, "images": 320, "restart_below": share}
        train(tiny("vqvae", **settings), run, callbacks=[], progress=False)
        return json.loads((run / "log.jsonl").read_text().splitlines()[-1])["codebook/perplexity"]

    assert codes_in_use(0.1) > 1.5 * codes_in_use(0.0)


def test_the_perplexity_is_in_the_log_and_on_the_card(stages: tuple[Path, Path]) -> None:
    lines = [json.loads(line) for line in (stages[0] / "log.jsonl").read_text().splitlines()]
    assert all(1 <= line["codebook/perplexity"] <= 8 for line in lines if "autoencoder/reconstruction" in line)
    write_card(stages[0])
    assert "codebook perplexity" in (stages[0] / "README.md").read_text()
    assert facts_of(stages[0]).samples is None  # its grids show the data
    assert facts_of(stages[1]).samples is not None


def test_a_seed_names_an_image_of_the_joint_pipeline(stages: tuple[Path, Path]) -> None:
    pipe = hf_genimg.load(stages[1])
    assert pipe.capabilities.prior and pipe.capabilities.num_classes == 10
    together = pipe(4, seed=5, output_type="uint8").images
    assert torch.equal(pipe(1, seed=7, output_type="uint8").images, together[2:3])
    assert torch.equal(pipe(4, seed=5, output_type="uint8", max_batch_size=3).images, together)
    first = hf_genimg.load(stages[0])
    weights = first.autoencoder.state_dict()
    assert all(torch.equal(tensor, weights[key]) for key, tensor in pipe.autoencoder.state_dict().items())
    tokens = pipe.encode(together.permute(0, 3, 1, 2).float() / 127.5 - 1)
    assert tokens.dtype == torch.int64 and tokens.shape == (4, 49)
    pipe.prior.register_to_config(top_k=1)
    same_class = pipe(2, seed=5, class_labels=3, output_type="uint8").images
    assert torch.equal(same_class[0], same_class[1])  # only the most probable token: seeds differ no more


def test_scores_know_the_classes_that_a_prior_was_given(stages: tuple[Path, Path]) -> None:
    pipe = hf_genimg.load(stages[1])
    fakes = ModelImages(pipe, 5, 3, 28, 1)
    assert fakes.labels.tolist() == pipe(5, seed=3).class_labels


def test_what_does_not_go_together_is_refused(stages: tuple[Path, Path], tmp_path: Path) -> None:
    prior, first = recipe_class("vqvae_prior"), recipe_class("vqvae")
    model = str(stages[0])
    for recipe, line in (
        (
            prior(),
            "model=None is no autoencoder to train a prior for; hf-genimg train vqvae, then use model=runs/vqvae",
        ),
        (prior(model=model, image_size=32), f"image_size=32 is not that of model={model}; use 28"),
        (prior(model=model, image_channels=3), f"image_channels=3 is not that of model={model}; use 1"),
        (prior(model=model, top_p=2.0), "top_p=2.0 must be above 0 and at most 1"),
        (prior(model=str(GAN)), "is a ImageGenerationPipeline without autoencoder; use a model that has one"),
        (first(quantizer="8,6,5", codebook_size=9), "codebook_size=9 has no effect with quantizer=8,6,5"),
        (first(quantizer="lloyd"), "quantizer='lloyd' is not known"),
        (first(restart_below=1.0), "restart_below=1.0 from 0 to below 1"),
        (first(image_size=30), "image_size=30 and width=32 must be multiples of 4"),
    ):
        with pytest.raises(ValueError, match=line):
            train(recipe, tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()
    train(recipe_class("mlp_vae")().smoke(), tmp_path / "vae", callbacks=[], progress=False)
    with pytest.raises(ValueError, match="has latents that are no tokens; use a run of vqvae"):
        prior(model=str(tmp_path / "vae")).check()


def test_a_prior_goes_on_only_with_the_same_first_stage(stages: tuple[Path, Path], tmp_path: Path) -> None:
    first = recipe_class("vqvae")(schedule="constant").smoke()
    train(first, tmp_path / "first", callbacks=[], progress=False)
    recipe = recipe_class("vqvae_prior")(model=str(tmp_path / "first")).smoke()
    train(recipe, tmp_path / "prior", callbacks=[], progress=False, stop_at=24)
    train(first.override(images=80), tmp_path / "first", callbacks=[], progress=False)
    with pytest.raises(ValueError, match="the frozen network first_stage is not the one"):
        train(recipe, tmp_path / "prior", callbacks=[], progress=False)


@pytest.mark.parametrize("quantizer", ["loss", "5,4,3"])
def test_other_quantizers_train_and_load(quantizer: str, tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    size = None if "," in quantizer else 8
    train(tiny("vqvae", quantizer=quantizer, codebook_size=size, latent_dim=4), tmp_path, callbacks=[], progress=False)
    pipe = hf_genimg.load(tmp_path)
    assert pipe.autoencoder.config.codebook_size == (60 if size is None else 8)
    assert pipe(2, seed=0, output_type="uint8").images.shape == (2, 28, 28, 1)
