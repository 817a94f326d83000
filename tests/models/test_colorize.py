"""CIE Lab of known colours, and colours that leave the lightness."""

from __future__ import annotations

import pytest
import torch

from hf_genimg import ColorizeGenerator
from hf_genimg.layers.lab import lab_to_rgb, rgb_to_lab


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 255, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((255, 255, 255), (100.0, 0.0, 0.0)),
        ((0, 0, 0), (0.0, 0.0, 0.0)),
        ((119, 119, 119), (50.03, 0.0, 0.0)),
    ],
)
def test_lab_of_known_colours(colour: tuple[int, ...], expected: tuple[float, ...]) -> None:
    image = torch.tensor(colour).view(1, 3, 1, 1) / 127.5 - 1
    torch.testing.assert_close(rgb_to_lab(image).flatten(), torch.tensor(expected), atol=0.03, rtol=0)


def test_lab_gives_back_the_image() -> None:
    images = noise(2, 3, 8, 8)
    torch.testing.assert_close(lab_to_rgb(rgb_to_lab(images)), images, atol=1e-4, rtol=0)


def test_gradients_are_finite_at_black_and_white() -> None:
    images = torch.tensor([-1.0, 1.0]).view(2, 1, 1, 1).repeat(1, 3, 2, 2).requires_grad_()
    lab_to_rgb(rgb_to_lab(images)).sum().backward()
    assert images.grad.isfinite().all()


def test_the_lightness_stays_and_colour_is_added() -> None:
    torch.manual_seed(0)
    network, inputs = ColorizeGenerator(16, width=4).eval(), noise(1, 1, 16, 16) / 3
    made = network(inputs)
    assert made.shape == (1, 3, 16, 16) and made.abs().max() <= 1
    grey, lab = rgb_to_lab(inputs.expand(-1, 3, -1, -1)), rgb_to_lab(made)
    torch.testing.assert_close(lab[:, :1], grey[:, :1], atol=0.05, rtol=0)
    assert lab[:, 1:].abs().max() > 0.5 > grey[:, 1:].abs().max()
    made.mean().backward()
    assert all(weights.grad is not None for weights in network.parameters())


def test_other_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="use input_channels=1, image_channels=3"):
        ColorizeGenerator(input_channels=3)
