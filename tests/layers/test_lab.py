"""CIELAB against published values, and what is kept where sRGB lacks a colour."""

from __future__ import annotations

import pytest
import torch

from hf_genimg.layers.lab import from_lab, to_lab

# sRGB from 0 to 1 with L, a and b, white at D65: of the corners of sRGB, as scikit-image's rgb2lab gives them.
KNOWN = [
    ((1, 0, 0), (53.2408, 80.0925, 67.2032)),
    ((0, 1, 0), (87.7347, -86.1827, 83.1793)),
    ((0, 0, 1), (32.2970, 79.1875, -107.8602)),
    ((1, 1, 0), (97.1393, -21.5537, 94.4780)),
    ((0.5, 0.5, 0.5), (53.3890, 0.0, 0.0)),
    ((0, 0, 0), (0.0, 0.0, 0.0)),
    ((1, 1, 1), (100.0, 0.0, 0.0)),
]


@pytest.mark.parametrize(("rgb", "expected"), KNOWN)
def test_known_colours(rgb: tuple[float, ...], expected: tuple[float, ...]) -> None:
    image = torch.tensor(rgb, dtype=torch.float32).view(1, 3, 1, 1) * 2 - 1
    assert to_lab(image).flatten().tolist() == pytest.approx(expected, abs=0.03)
    torch.testing.assert_close(from_lab(to_lab(image)), image, rtol=0, atol=1e-3)


def test_grey_has_lightness_alone() -> None:
    grey = torch.linspace(-1, 1, 64).view(1, 1, 8, 8)
    lab = to_lab(grey)
    assert lab.shape == (1, 3, 8, 8) and lab[:, 1:].abs().max() < 1e-3
    torch.testing.assert_close(lab, to_lab(grey.expand(-1, 3, -1, -1)))
    assert (lab[:, 0].flatten().diff() > 0).all()


def test_what_srgb_lacks_keeps_its_lightness_and_hue() -> None:
    torch.manual_seed(0)
    lab = torch.cat([torch.rand(1, 1, 32, 32) * 100, torch.rand(1, 2, 32, 32) * 220 - 110], 1)
    made = from_lab(lab)
    assert made.min() >= -1 and made.max() <= 1
    found = to_lab(made)
    assert (found[:, 0] - lab[:, 0]).abs().max() < 0.01
    share = found[:, 1:].norm(dim=1) / lab[:, 1:].norm(dim=1)
    assert share.max() < 1.001 and share.min() < 0.9, "none was out of sRGB"
    colourful = found[:, 1:].norm(dim=1) > 2
    hues = [torch.atan2(each[:, 2], each[:, 1])[colourful] for each in (found, lab)]
    assert (hues[0] - hues[1]).abs().max() < 0.05


def test_images_come_back_and_gradients_are_finite() -> None:
    torch.manual_seed(0)
    images = torch.rand(2, 3, 16, 16) * 2 - 1
    images[0, :, 0] = -1
    lab = to_lab(images).requires_grad_()
    made = from_lab(lab)
    torch.testing.assert_close(made, images, rtol=0, atol=2e-3)
    made.sum().backward()
    assert lab.grad.isfinite().all()
    images.requires_grad_()
    to_lab(images).sum().backward()
    assert images.grad.isfinite().all()
