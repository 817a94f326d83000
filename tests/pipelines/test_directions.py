"""Directions of networks whose latents enter in one place, in several, or beside a class."""

from __future__ import annotations

import pytest
import torch

import hf_genimg
from hf_genimg.pipelines.directions import allows_sefa, directions


def pipe(family: str, **settings: object) -> hf_genimg.ImageGenerationPipeline:
    torch.manual_seed(0)
    network = getattr(hf_genimg, family)(image_size=32, image_channels=1, width=4, **settings).eval()
    return hf_genimg.ImageGenerationPipeline(network)


@pytest.mark.parametrize("classes", [0, 3])
def test_latents_that_are_split_over_layers_have_directions_over_all_of_them(classes: int) -> None:
    """BigGAN: the first layer takes a quarter of the latents, each block another."""
    biggan = pipe("BigGANGenerator", latent_dim=8, num_classes=classes, class_dim=4)
    assert not allows_sefa(biggan)
    found = directions(biggan, count=6, samples=64)
    assert found.shape == (6, 8) and torch.allclose(found.norm(dim=1), torch.ones(6), atol=1e-5)
    assert (found[:, 2:].abs() > 0.05).any() and (found[:, :2].abs() > 0.05).any()
    with pytest.raises(ValueError, match="acts on the latents alone"):
        directions(biggan, "sefa")


def test_gains_of_batch_norm_are_no_features() -> None:
    """BigGAN-deep: the second layer with weights computes a gain from latents and class; the next on the way of the
    images is a convolution. Features that are the latents themselves would give a direction for each class.
    """
    deep = pipe("BigGANDeepGenerator", latent_dim=8, num_classes=3, class_dim=4)
    latents = deep.network.sample_latents(5, torch.Generator().manual_seed(1))
    from hf_genimg.pipelines.directions import _trace

    trace = _trace(deep, latents, torch.arange(5) % 3)
    assert trace.second.dim() == 4 and trace.first.shape == (5, 8 + 4)
    assert directions(deep, samples=64).shape == (6, 8)


def test_a_plain_first_layer_gives_both_kinds() -> None:
    dcgan = pipe("DCGANGenerator", latent_dim=8)
    assert allows_sefa(dcgan)
    assert all(directions(dcgan, method, 4, samples=64).shape == (4, 8) for method in ("pca", "sefa"))


def test_a_network_in_training_mode_is_not_changed() -> None:
    torch.manual_seed(0)
    network = hf_genimg.DCGANGenerator(image_size=16, image_channels=1, width=4)
    pipe = hf_genimg.ImageGenerationPipeline(network.train())
    before = {name: each.clone() for name, each in network.state_dict().items()}
    directions(pipe, count=2, samples=8)
    assert network.training and all(torch.equal(each, before[name]) for name, each in network.state_dict().items())
