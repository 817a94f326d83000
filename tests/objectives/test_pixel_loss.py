"""Restoration by regression: both sides are augmented alike, and held-out terms are in decibels."""

from __future__ import annotations

import pytest
import torch

from hf_genimg import MSRResNetGenerator
from hf_genimg.objectives.pixel_loss import PixelLoss


def batch() -> dict[str, torch.Tensor]:
    images = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return {"images": images, "inputs": images[..., ::2, ::2]}


def test_gradients_reach_the_network_and_the_loss_is_the_distance() -> None:
    network = MSRResNetGenerator(8, 1, 1, 4, 1, 2)
    terms = PixelLoss("l1").generator({"generator": network}, batch())
    expected = (network(batch()["inputs"]) - batch()["images"]).abs().mean()
    torch.testing.assert_close(terms["l1"], expected)
    terms["l1"].backward()
    assert all(weights.grad is not None for weights in network.parameters())


def test_both_sides_are_augmented_alike() -> None:
    seen = {}

    def remember(inputs: torch.Tensor, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        seen.update(inputs=inputs, images=images)
        return inputs.flip(-1), images.flip(-1)

    network = MSRResNetGenerator(8, 1, 1, 4, 1, 2)
    plain = PixelLoss("l2").generator({"generator": network}, batch())
    flipped = PixelLoss("l2", remember).generator({"generator": network}, batch())
    assert torch.equal(seen["images"], batch()["images"]) and flipped["l2"] != plain["l2"]


def test_held_out_terms_compare_with_inputs_of_the_same_shape_only() -> None:
    objective, pairs = PixelLoss("psnr"), batch()
    assert set(objective.held_out({"generator": MSRResNetGenerator(8, 1, 1, 4, 1, 2)}, pairs)) == {"l1", "psnr"}
    same = {**pairs, "inputs": pairs["images"] + 0.2}
    identity = torch.nn.Identity()
    identity.conditions = ("inputs",)
    identity.forward = lambda inputs: inputs
    found = objective.held_out({"generator": identity}, same)
    assert found["psnr"].item() == pytest.approx(20.0, abs=1e-3) and found["psnr_of_inputs"] == found["psnr"]


def test_unknown_distances_are_named() -> None:
    with pytest.raises(ValueError, match="loss=l3 is not known; use one of l1, l2, charbonnier, psnr"):
        PixelLoss("l3")
