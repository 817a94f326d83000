"""Pixel losses against closed forms."""

from __future__ import annotations

import math

import pytest
import torch

from hf_genimg.losses.pixels import PIXEL_LOSSES, psnr


def test_psnr_of_a_known_error() -> None:
    images = torch.zeros(2, 3, 4, 4)
    targets = torch.stack([torch.full((3, 4, 4), 0.2), torch.zeros(3, 4, 4)])
    expected = [-10 * math.log10(0.01 + 1e-8), 80.0]  # 0.2 on [-1, 1] is 0.1 on [0, 1]
    torch.testing.assert_close(psnr(images, targets), torch.tensor(expected))
    torch.testing.assert_close(PIXEL_LOSSES["psnr"](images, targets), torch.tensor(-sum(expected) / 2))


@pytest.mark.parametrize(("name", "expected"), [("l1", 0.3), ("l2", 0.09), ("charbonnier", math.sqrt(0.09 + 1e-6))])
def test_of_a_constant_difference(name: str, expected: float) -> None:
    images = torch.rand(2, 1, 3, 3)
    assert PIXEL_LOSSES[name](images, images + 0.3).item() == pytest.approx(expected, rel=1e-5)
