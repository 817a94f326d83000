"""DiffAugment against slow loops."""

from __future__ import annotations

import pytest
import torch

from hf_genimg.layers import diff_augment as module
from hf_genimg.layers.diff_augment import POLICIES, brightness, contrast, cutout, diff_augment, saturation, translation


def pictures(channels: int = 3, size: int = 16, count: int = 64) -> torch.Tensor:
    return torch.rand(count, channels, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_translation_against_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    images, shifts = pictures(size=12), iter([])
    rows, columns = torch.randint(-2, 3, (64,)), torch.randint(-2, 3, (64,))
    shifts = iter([rows, columns])
    bounds = []
    monkeypatch.setattr(module, "random_integers", lambda _, low, high: bounds.append((low, high)) or next(shifts))
    moved = translation(images)
    assert bounds == [(-2, 2), (-2, 2)]  # an eighth of 12 pixels, rounded
    for n, (dy, dx) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        for y in range(12):
            for x in range(12):
                inside = 0 <= y + dy < 12 and 0 <= x + dx < 12
                expected = images[n, :, y + dy, x + dx] if inside else torch.zeros(3)
                assert torch.equal(moved[n, :, y, x], expected)


def test_cutout_against_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    images = pictures(size=8, count=9)
    centres = iter([torch.arange(9), torch.arange(8, -1, -1)])
    monkeypatch.setattr(module, "random_integers", lambda *_: next(centres))
    cut = cutout(images)
    for n in range(9):
        for y in range(8):
            for x in range(8):
                hole = n - 2 <= y < n + 2 and 8 - n - 2 <= x < 8 - n + 2
                assert torch.equal(cut[n, :, y, x], torch.zeros(3) if hole else images[n, :, y, x])


def test_colours_against_their_definitions(monkeypatch: pytest.MonkeyPatch) -> None:
    images = pictures(count=3)
    factors = torch.tensor([0.0, 0.5, 1.5]).view(3, 1, 1, 1)
    asked = []
    monkeypatch.setattr(module, "uniform", lambda _, low, high: asked.append((low, high)) or factors)
    torch.testing.assert_close(brightness(images), images + factors)
    torch.testing.assert_close(saturation(images)[0], images[0].mean(0, keepdim=True).expand(3, 16, 16))
    torch.testing.assert_close(contrast(images)[0], images[0].mean().expand(3, 16, 16))
    for change, mean in ((saturation, images.mean(1, keepdim=True)), (contrast, images.mean((1, 2, 3), keepdim=True))):
        torch.testing.assert_close(change(images), mean + factors * (images - mean))
    assert asked[:3] == [(-0.5, 0.5), (0, 2), (0.5, 1.5)]


def test_grey_images_have_no_saturation() -> None:
    torch.testing.assert_close(saturation(pictures(channels=1)), pictures(channels=1))


@pytest.mark.parametrize("policy", [*POLICIES, "color,translation,cutout"])
def test_each_image_draws_its_own_change_and_gradients_pass(policy: str) -> None:
    torch.manual_seed(0)
    images = pictures(channels=1)[:1].expand(64, 1, 16, 16).clone().requires_grad_()
    changed = diff_augment(policy)(images)
    assert changed.shape == images.shape
    assert len({image.detach().numpy().tobytes() for image in changed}) > 15
    changed.sum().backward()
    assert images.grad.abs().sum() > 0


def test_unknown_parts_are_named() -> None:
    with pytest.raises(
        ValueError, match="diff_augment='color,blur' has no part 'blur'; join some of color, translation, cutout"
    ):
        diff_augment("color,blur")
