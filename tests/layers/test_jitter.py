"""Jitter: small, per image, repeatable, and within range."""

from __future__ import annotations

import torch

from hf_genimg.layers.jitter import jitter, shift_together


def test_each_image_is_moved_on_its_own_and_stays_in_range() -> None:
    torch.manual_seed(0)
    one = torch.full((1, 1, 28, 28), -1.0)
    one[:, :, 10:18, 12:16] = 1
    images = one.expand(64, -1, -1, -1)
    moved = jitter(images)
    assert moved.shape == images.shape and moved.min() >= -1 and moved.max() <= 1
    assert len({image.numpy().tobytes() for image in moved}) == 64
    ink = (moved + 1).sum((1, 2, 3)) / (one + 1).sum()
    assert ink.min() > 0.6 and ink.max() < 1.6, "changed beyond small"
    columns = torch.arange(28.0)
    centres = ((moved + 1).sum((1, 2)) * columns).sum(1) / (moved + 1).sum((1, 2, 3))
    assert centres.std() > 0.5 and (centres - 13.5).abs().max() < 6


def test_equal_seeds_give_equal_images() -> None:
    images = torch.rand(4, 3, 16, 16) * 2 - 1
    made = [(torch.manual_seed(seed), jitter(images))[1] for seed in (1, 1, 2)]
    assert torch.equal(made[0], made[1]) and not torch.equal(made[0], made[2])


def test_both_sides_of_a_pair_are_shifted_alike_by_whole_pixels() -> None:
    torch.manual_seed(0)
    images = torch.rand(32, 1, 16, 16)
    inputs = torch.cat([images, -images], dim=1)
    moved_inputs, moved = shift_together(inputs, images, 3)
    assert torch.equal(moved_inputs, torch.cat([moved, -moved], dim=1))
    padded = torch.nn.functional.pad(images, (3,) * 4, mode="reflect")
    windows = [[padded[:, :, y : y + 16, x : x + 16] for x in range(7)] for y in range(7)]
    found = [
        [(y, x) for y in range(7) for x in range(7) if torch.equal(windows[y][x][number], moved[number])]
        for number in range(32)
    ]
    assert all(len(places) == 1 for places in found), "not a window of the padded image"
    assert {y for ((y, _),) in found} == set(range(7)) == {x for ((_, x),) in found}
