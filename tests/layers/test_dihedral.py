"""The symmetries of the square: eight, each with its inverse, and the same for both sides of a pair."""

from __future__ import annotations

import torch

from hf_genimg.layers.dihedral import dihedral, turn_together, undone


def test_there_are_eight_and_each_can_be_undone() -> None:
    image = torch.arange(18.0).view(1, 2, 3, 3)
    turned = [dihedral(image, number) for number in range(8)]
    assert len({tuple(each.flatten().tolist()) for each in turned}) == 8
    for number, each in enumerate(turned):
        assert torch.equal(undone(each, number), image)


def test_both_sides_of_a_pair_turn_alike_and_pairs_turn_on_their_own() -> None:
    torch.manual_seed(0)
    inputs = torch.rand(1, 1, 3, 3).repeat(64, 1, 1, 1)
    images = torch.nn.functional.interpolate(inputs, scale_factor=2)
    turned_inputs, turned_images = turn_together(inputs, images)
    assert torch.equal(torch.nn.functional.interpolate(turned_inputs, scale_factor=2), turned_images)
    assert len({tuple(each.flatten().tolist()) for each in turned_inputs}) == 8
