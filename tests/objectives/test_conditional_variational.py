"""The conditional VAE: the class reaches encoder and decoder, and what a style is written in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image

import hf_genimg
from hf_genimg.objectives.base import Step
from hf_genimg.objectives.conditional import ConditionalVariational
from hf_genimg.objectives.variational import Variational
from hf_genimg.pipelines.reconstruction import ImageReconstructionPipeline
from hf_genimg.training.recipe import Recipe


@pytest.fixture
def autoencoder() -> hf_genimg.CVAE:
    torch.manual_seed(0)
    network = hf_genimg.CVAE(image_size=8, latent_dim=3, num_classes=4, width=8)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return network


def test_the_bound_is_that_of_a_network_with_the_class_filled_in(autoencoder: hf_genimg.CVAE) -> None:
    """Of one class, the class is a bias: an MLPVAE with it has the same bound."""
    plain = hf_genimg.MLPVAE(image_size=8, latent_dim=3, width=8)
    state = autoencoder.state_dict()
    for ours, theirs, size in (("encoder.0", "encoder.1", 64), ("decoder.0", "decoder.0", 3)):
        weight = state[f"{ours}.weight"]
        state[f"{theirs}.weight"], state[f"{theirs}.bias"] = (
            weight[:, :size],
            state[f"{ours}.bias"] + weight[:, size + 2],
        )
    state.pop("encoder.0.weight"), state.pop("encoder.0.bias")
    plain.load_state_dict(state)
    batch = {"images": torch.rand(5, 1, 8, 8) * 2 - 1, "labels": torch.full((5,), 2)}
    terms = []
    for objective, network in ((ConditionalVariational(), autoencoder), (Variational(), plain)):
        objective.begin(Step())
        torch.manual_seed(0)
        terms.append({**objective.autoencoder({"autoencoder": network}, batch)})
        torch.manual_seed(0)
        terms[-1] |= objective.held_out({"autoencoder": network}, batch)
    torch.testing.assert_close(terms[0], terms[1])


def test_the_class_reaches_both_halves(autoencoder: hf_genimg.CVAE) -> None:
    image, latents = torch.rand(1, 1, 8, 8), torch.randn(1, 3)
    zero, one = torch.tensor([0]), torch.tensor([1])
    assert not torch.allclose(autoencoder.encode(image, zero).mean, autoencoder.encode(image, one).mean)
    assert not torch.allclose(autoencoder.decode(latents, zero), autoencoder.decode(latents, one))
    weights = torch.tensor([[0.0, 1.0, 0.0, 0.0]])
    torch.testing.assert_close(autoencoder.decode(latents, weights), autoencoder.decode(latents, one))
    with pytest.raises(ValueError, match="this network is conditional"):
        autoencoder.encode(image)


def test_the_pipeline_encodes_and_reconstructs_with_classes(autoencoder: hf_genimg.CVAE, tmp_path: Path) -> None:
    pipe = ImageReconstructionPipeline(autoencoder.eval())
    images = torch.rand(3, 1, 8, 8) * 2 - 1
    latents = pipe.encode(images, class_labels=[0, 1, 2])
    torch.testing.assert_close(latents, autoencoder.encode(images, torch.arange(3)).mean)
    made = pipe.reconstruct(images, "uint8", class_labels=[0, 1, 2])
    assert torch.equal(made, pipe.decode(latents, "uint8", class_labels=[0, 1, 2]))
    assert not torch.equal(made, pipe.reconstruct(images, "uint8", class_labels=3))
    with pytest.raises(ValueError, match="CVAE is conditioned on classes; give class_labels as well"):
        pipe.encode(images)
    with pytest.raises(ValueError, match="images and latents are both given, or none"):
        pipe.save_analogies(tmp_path / "grid.png")
    plain = ImageReconstructionPipeline(hf_genimg.MLPVAE(image_size=8, latent_dim=3, width=8))
    with pytest.raises(ValueError, match="MLPVAE is not conditioned on classes"):
        plain.save_analogies(tmp_path / "grid.png", images)
    grid = Image.open(pipe.save_analogies(tmp_path / "grid.png", images, class_labels=[0, 1, 2]))
    cell = 64 + 2
    assert grid.size == (5 * cell, 3 * cell) and "AI" in str(grid.info)
    expected = pipe.decode(latents[1:2], class_labels=[3])[0].resize((64, 64), Image.Resampling.NEAREST)
    assert grid.crop((4 * cell + 1, cell + 1, 5 * cell - 1, 2 * cell - 1)).tobytes() == expected.tobytes()


def test_a_recipe_without_classes_is_refused(tiny: Callable[..., Recipe]) -> None:
    with pytest.raises(ValueError, match="conditional=False leaves nothing to condition on; use mlp_vae"):
        tiny("cvae", conditional=False).check()
