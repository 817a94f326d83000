"""Normalization of maps: each image alone with groups, all together with batches."""

from __future__ import annotations

import pytest
import torch

from hf_genimg.layers.normalization import feature_norm


def test_groups_look_at_each_image_alone() -> None:
    maps = torch.randn(3, 12, 4, 4, generator=torch.Generator().manual_seed(0))
    alone = {kind: torch.cat([feature_norm(kind, 12)(image[None]) for image in maps]) for kind in ("batch", "group")}
    torch.testing.assert_close(feature_norm("group", 12)(maps), alone["group"])
    assert not torch.allclose(feature_norm("batch", 12)(maps), alone["batch"])
    assert feature_norm("group", 12).num_groups == 4 and feature_norm("group", 64).num_groups == 8


def test_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="normalization='layer' is not known; use batch or group"):
        feature_norm("layer", 8)
