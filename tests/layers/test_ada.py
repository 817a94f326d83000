"""Adaptive augmentation: each change against a slow or closed form in float64, and the controller against the rule
written out.
"""

from __future__ import annotations

import math

import pytest
import torch

from hf_genimg.layers import ada
from hf_genimg.layers.ada import GROUPS, AdaptiveAugment, RisingAugment

ALWAYS = torch.ones(())


def pictures(channels: int = 3, size: int = 8, count: int = 6) -> torch.Tensor:
    return (
        torch.rand(count, channels, size, size, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1
    )


def fix(monkeypatch: pytest.MonkeyPatch, *, normal: float = 0.0, uniform: float = 0.0) -> None:
    """Every normal and every uniform number is this one."""
    monkeypatch.setattr(ada, "normal", lambda images: torch.full((len(images),), normal))
    monkeypatch.setattr(ada, "uniform", lambda images, low, high: torch.full((len(images),), uniform))


@pytest.mark.parametrize("groups", [*GROUPS, "blit,geometry,color"])
@pytest.mark.parametrize("channels", [1, 3])
def test_probability_zero_changes_nothing_and_one_changes_each_image_on_its_own(groups: str, channels: int) -> None:
    torch.manual_seed(0)
    augment, images = AdaptiveAugment(groups), pictures(channels, count=1).float().repeat(64, 1, 1, 1).requires_grad_()
    torch.testing.assert_close(augment(images), images, atol=1e-6, rtol=0)
    augment.probability.fill_(1)
    changed = augment(images)
    assert len({image.detach().numpy().tobytes() for image in changed}) > 30
    changed.sum().backward()
    assert images.grad.abs().sum() > 0


def test_a_change_comes_as_often_as_its_probability_says() -> None:
    torch.manual_seed(0)
    images = pictures(count=1).float().repeat(4000, 1, 1, 1)
    moved = (ada.contrast(images, torch.tensor(0.3)) != images).flatten(1).any(1).float().mean()
    assert abs(moved - 0.3) < 0.03


def test_whole_pixels_against_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    images, shifts = pictures(size=16), torch.tensor([-0.125, -0.06, 0.0, 0.03, 0.1, 0.125], dtype=torch.float64)
    monkeypatch.setattr(ada, "uniform", lambda *_: shifts)
    moved = ada.whole_pixels(images, ALWAYS)
    for n, shift in enumerate((shifts * 16).round().int().tolist()):
        for y in range(16):
            for x in range(16):
                row, column = (-p if p < 0 else 30 - p if p > 15 else p for p in (y + shift, x + shift))
                assert torch.equal(moved[n, :, y, x], images[n, :, row, column])


def test_mirror_and_quarter_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    images = pictures()
    for quarters in range(4):
        fix(monkeypatch, uniform=quarters + 0.5)
        assert torch.equal(ada.quarter_turns(images, ALWAYS), images.rot90(quarters, (2, 3)))
    fix(monkeypatch, uniform=0.2)
    assert torch.equal(ada.mirror(images, ALWAYS), images.flip(3))
    fix(monkeypatch, uniform=0.7)
    assert torch.equal(ada.mirror(images, ALWAYS), images)


def test_cutout_takes_a_square_from_the_images_that_are_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    images = torch.ones(6, 1, 8, 8)
    chosen = torch.tensor([True, False] * 3)
    monkeypatch.setattr(ada, "chosen_images", lambda *_: chosen)
    for index, image in enumerate(ada.cutout(images, ALWAYS)):
        gone = (image[0] == 0).nonzero()
        if index % 2:
            assert not len(gone)
        else:
            sides = gone.amax(0) - gone.amin(0) + 1
            assert len(gone) == sides.prod() and sides.min() >= 2 and sides.max() <= 4, (
                "a rectangle: half a side, less where it is outside"
            )


def test_a_part_may_have_less_of_the_probability(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}
    monkeypatch.setattr(
        ada,
        "GROUPS",
        {name: (lambda images, p, name=name: seen.update({name: p.item()}) or images,) for name in GROUPS},
    )
    augment = RisingAugment("blit,color:0.5,cutout:.25", lambda updates: torch.tensor(0.8))
    augment(pictures())
    assert seen == {"blit": pytest.approx(0.8), "color": pytest.approx(0.4), "cutout": pytest.approx(0.2)}


def test_a_rising_probability_follows_its_course() -> None:
    augment = RisingAugment("blit", lambda updates: (updates / 4).clamp(max=1))
    probabilities = [augment.probability.item()]
    for _ in range(6):
        augment.observe(torch.ones(4))
        augment.move()
        probabilities.append(augment.probability.item())
    assert probabilities == [0, 0.25, 0.5, 0.75, 1, 1, 1]


@pytest.mark.parametrize("groups", ["blit,colour", "color:2", "color:x", "color:0.5.5"])
def test_parts_that_cannot_be(groups: str) -> None:
    with pytest.raises(ValueError, match="augmentation"):
        RisingAugment(groups, lambda updates: updates)


def test_two_eighth_turns_are_a_quarter_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    fix(monkeypatch, uniform=math.pi / 4)
    turned = ada.geometry(pictures(), ALWAYS)
    torch.testing.assert_close(turned, pictures().rot90(1, (2, 3)), atol=1e-5, rtol=0)


def test_shift_and_scale_against_their_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(
        ada.F,
        "affine_grid",
        lambda matrix, size, align_corners: seen.append(matrix) or torch.zeros(6, 8, 8, 2).double(),
    )
    fix(monkeypatch, normal=1.0)
    ada.geometry(pictures(), ALWAYS)
    scale, stretch = 2**0.2, 2**0.2
    expected = torch.tensor(
        [[scale * stretch, 0, 0.25 * scale * stretch], [0, scale / stretch, 0.25 * scale / stretch]]
    ).expand(6, 2, 3)
    torch.testing.assert_close(seen[0].float(), expected)


def test_colours_against_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    images, grey = pictures(), pictures().mean(1, keepdim=True)
    fix(monkeypatch, normal=0.5, uniform=0.4)
    torch.testing.assert_close(ada.brightness(images, ALWAYS), images + 0.1)
    torch.testing.assert_close(ada.contrast(images, ALWAYS), images * 2**0.25)
    torch.testing.assert_close(ada.saturation(images, ALWAYS), grey + (images - grey) * 2**0.5)
    axis = torch.full((3,), 1 / math.sqrt(3), dtype=torch.float64)
    mirrored = torch.eye(3, dtype=torch.float64) - 2 * torch.outer(axis, axis)
    torch.testing.assert_close(ada.luma_flip(images, ALWAYS), torch.einsum("ij,njhw->nihw", mirrored, images))
    cross = torch.tensor([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]], dtype=torch.float64)
    turn = torch.linalg.matrix_exp(0.4 * cross)
    torch.testing.assert_close(ada.hue(images, ALWAYS), torch.einsum("ij,njhw->nihw", turn, images))


@pytest.mark.parametrize("change", [change for group in GROUPS.values() for change in group])
def test_gradients(change: object) -> None:
    def fixed(images: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(3)
        return change(images, torch.tensor(0.7))

    assert torch.autograd.gradcheck(fixed, (pictures(size=4, count=2).requires_grad_(),))


def test_the_probability_follows_the_rule() -> None:
    """Section 3.1 written out: every 4 updates a step of 4 batches / images, up where the mean sign of 4 updates is
    above the target.
    """
    torch.manual_seed(0)
    augment, expected, signs = AdaptiveAugment("color", target=0.5, images=1000, batch_size=10), 0.0, []
    seen = []
    for update in range(1, 61):
        logits = torch.randn(10) + (2.0 if update < 40 else 0.2)  # then right more often than not, but below the target
        for micro_batch in logits.split(5):
            augment.observe(micro_batch)
        augment.move()
        augment.gathered.zero_()  # as the loop does
        signs += logits.sign().tolist()
        if update % 4 == 0:
            expected = min(1.0, max(0.0, expected + (0.04 if sum(signs) / len(signs) > 0.5 else -0.04)))
            signs = []
        assert augment.measured() == {"augmentation/probability": pytest.approx(expected, abs=1e-6)}
        seen.append(expected)
    assert max(seen) > 0.3 and seen[-1] < max(seen)
    assert set(augment.state_dict()) == {"probability", "updates", "signs"}


def test_unknown_parts_are_named() -> None:
    with pytest.raises(
        ValueError, match="augmentation 'blit,blur' has no part 'blur'; join some of blit, geometry, color, cutout"
    ):
        AdaptiveAugment("blit,blur")
