"""Grad-CAM against the equations of its paper, computed plainly."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import hf_genimg
from hf_genimg.pipelines.grad_cam import grad_cam


@pytest.fixture
def lenet() -> hf_genimg.ImageClassificationPipeline:
    torch.manual_seed(0)
    return hf_genimg.ImageClassificationPipeline(hf_genimg.LeNetClassifier(image_size=16, num_classes=3))


def test_it_is_the_papers_equations(lenet: hf_genimg.ImageClassificationPipeline) -> None:
    network, images = lenet.classifier.eval(), torch.rand(2, 1, 16, 16) * 2 - 1
    with torch.no_grad():
        maps = network.second(F.max_pool2d(network.first(images).relu(), 2))

    def score(maps: torch.Tensor, number: int, label: int) -> float:
        with torch.no_grad():
            flat = F.max_pool2d(maps.double().relu(), 2).flatten(1)
            return float(network.double().head(network.hidden(flat))[number, label])

    for label in (0, 2):
        expected = []
        for number in range(2):
            weights = []
            for channel in range(maps.shape[1]):  # eq. 1: the mean of the gradient, by differences
                gradient = np.zeros(maps.shape[2:])
                for place in np.ndindex(*gradient.shape):
                    higher, lower = maps.double(), maps.double()
                    higher[number, channel][place] += 1e-4
                    lower[number, channel][place] -= 1e-4
                    gradient[place] = (score(higher, number, label) - score(lower, number, label)) / 2e-4
                weights.append(gradient.mean())
            heat = np.maximum(sum(w * m for w, m in zip(weights, maps[number].numpy(), strict=True)), 0)  # eq. 2
            expected.append(heat)
        network.float()
        large = F.interpolate(torch.tensor(np.stack(expected))[:, None], (16, 16), mode="bilinear")[:, 0]
        large = large / large.amax((1, 2), keepdim=True).clamp(min=1e-12)
        torch.testing.assert_close(grad_cam(lenet, images, label).double(), large, atol=1e-4, rtol=1e-4)


def test_the_likeliest_class_is_explained_unless_one_is_given(lenet: hf_genimg.ImageClassificationPipeline) -> None:
    images = torch.rand(3, 1, 16, 16) * 2 - 1
    best = lenet.probabilities(images).argmax(1)
    found = grad_cam(lenet, images)
    assert torch.equal(found, grad_cam(lenet, images, best)) and found.shape == (3, 16, 16)
    assert float(found.min()) >= 0 and float(found.max()) == 1
    assert all(weight.grad is None for weight in lenet.classifier.parameters()) and not images.requires_grad


@pytest.mark.parametrize("label", [3, -1, 0.5])
def test_what_is_no_class_is_refused(lenet: hf_genimg.ImageClassificationPipeline, label: float) -> None:
    with pytest.raises(ValueError, match="are no classes; give integers from 0 to 2"):
        grad_cam(lenet, torch.zeros(1, 1, 16, 16), label)


def test_maps_of_a_residual_network_are_of_the_images_size() -> None:
    torch.manual_seed(0)
    pipe = hf_genimg.ImageClassificationPipeline(hf_genimg.ResNetClassifier(image_size=16, image_channels=1, width=4))
    heat = grad_cam(pipe, torch.rand(1, 1, 16, 16))
    assert heat.shape == (1, 16, 16) and bool(torch.isfinite(heat).all())
