"""Every conditional generator that says so mixes classes: all weight on one is that one, and between two lies something
else.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import hf_genimg
from hf_genimg.pipelines.provenance import KEY

TINY = {
    "CGANGenerator": {"image_size": 16, "latent_dim": 4, "width": 4, "num_classes": 3},
    "CGANMLPGenerator": {"image_size": 8, "latent_dim": 4, "width": 8, "num_classes": 3},
    "ACGANGenerator": {"image_size": 16, "latent_dim": 4, "width": 4, "num_classes": 3},
    "ACGANCIFARGenerator": {"image_size": 32, "latent_dim": 4, "width": 4, "num_classes": 3},
    "InfoGANGenerator": {"image_size": 16, "latent_dim": 4, "width": 4, "num_classes": 3, "codes": 1},
    "SNGANGenerator": {"image_size": 32, "latent_dim": 4, "width": 4, "num_classes": 3},
    "SAGANGenerator": {"image_size": 32, "latent_dim": 4, "width": 4, "num_classes": 3},
    "BigGANGenerator": {"image_size": 32, "latent_dim": 4, "width": 4, "num_classes": 3, "class_dim": 4},
    "BigGANDeepGenerator": {"image_size": 32, "latent_dim": 4, "width": 4, "num_classes": 3, "class_dim": 4},
    "ProjectedGANGenerator": {"image_size": 16, "latent_dim": 4, "width": 4, "num_classes": 3},
    "R3GANGenerator": {"image_size": 16, "latent_dim": 4, "width": 16, "num_classes": 3},
}


@pytest.fixture(params=TINY)
def pipe(request: pytest.FixtureRequest) -> hf_genimg.ImageGenerationPipeline:
    torch.manual_seed(0)
    network = getattr(hf_genimg, request.param)(**TINY[request.param])
    for weight in network.parameters():
        torch.nn.init.normal_(weight, 0, 0.3)  # those of a fresh network ignore their class, some of them
    return hf_genimg.ImageGenerationPipeline(network)


def made(pipe: hf_genimg.ImageGenerationPipeline, labels: object) -> np.ndarray:
    return pipe(2, seed=5, class_labels=labels, output_type="np").images


def test_all_weight_on_one_class_is_that_class(pipe: hf_genimg.ImageGenerationPipeline) -> None:
    assert pipe.capabilities.soft_labels
    for label in range(3):
        weights = torch.nn.functional.one_hot(torch.tensor(label), 3).float()
        assert np.array_equal(made(pipe, weights), made(pipe, label))
        assert np.array_equal(made(pipe, weights.expand(2, 3)), made(pipe, label))
    half = made(pipe, [0.5, 0.5, 0.0])
    assert not np.allclose(half, made(pipe, 0), atol=1e-4) and not np.allclose(half, made(pipe, 1), atol=1e-4)
    nearer = made(pipe, [0.9, 0.1, 0.0])
    assert np.abs(nearer - made(pipe, 0)).mean() < np.abs(nearer - made(pipe, 1)).mean()


def test_mixtures_are_recorded_in_the_image_and_bad_ones_refused(pipe: hf_genimg.ImageGenerationPipeline) -> None:
    mixed = pipe(seed=1, class_labels=[0.25, 0, 0.75])
    assert mixed.class_labels == [[0.25, 0, 0.75]]
    assert '"class_label": {"0": 0.25, "2": 0.75}' in mixed.images[0].info[KEY]
    assert len(pipe.interpolate([1, 2], 3, class_labels=[[0.5, 0.5, 0], [0, 0, 1.0]])) == 3
    for bad, message in (
        ([0.5, 0.5], r"weights of classes, \[N, 3\]"),
        ([0.5, 0.6, 0], "sum to 1"),
        ([1.5, -0.5, 0], "below 0"),
        (0.5, "weights"),
    ):
        with pytest.raises(ValueError, match=message):
            pipe(class_labels=bad)
    with pytest.raises(ValueError, match="num_images is 2, the length of class_labels is 1"):
        pipe(2, class_labels=[[1.0, 0, 0]])


def test_a_model_that_cannot_mix_says_so() -> None:
    class Table(hf_genimg.CGANGenerator):
        mixes_labels = False

    pipe = hf_genimg.ImageGenerationPipeline(Table(**TINY["CGANGenerator"]))
    assert pipe.capabilities.num_classes == 3 and not pipe.capabilities.soft_labels
    with pytest.raises(ValueError, match="this model mixes no classes"):
        pipe(class_labels=[0.5, 0.5, 0])
