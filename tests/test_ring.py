"""The ring of Gaussians: what counts as covered, and what the collapse doctor says of planted generators."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def ring() -> ModuleType:
    sys.path.insert(0, str(FOLDER))
    try:
        spec = importlib.util.spec_from_file_location("benchmarks_ring", FOLDER / "ring.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(FOLDER))
    return module


@pytest.mark.parametrize("kept", [1, 3, 7, 8])
def test_lost_modes_are_counted_and_raise_an_alarm(ring: ModuleType, kept: int) -> None:
    torch.manual_seed(0)
    points = ring.centres()[torch.randint(kept, (2000,))] + ring.SPREAD * torch.randn(2000, 2)
    found = ring.diagnosed(points, ring.ring(2000))
    assert ring.covered(points) == kept
    assert [mode for mode in found.lost if mode < ring.MODES] == list(range(kept, ring.MODES))
    assert bool(found.alarms) == (kept < ring.MODES)


def test_points_between_the_modes_cover_none(ring: ModuleType) -> None:
    torch.manual_seed(0)
    points = 0.5 * torch.randn(2000, 2)
    assert ring.covered(points) == 0
    assert ring.diagnosed(points, ring.ring(2000)).alarms


def test_a_setting_changes_networks_rates_and_batch(ring: ModuleType) -> None:
    """Each field gives other weights after two steps, and every step is watched."""
    steps = []
    plain = ring.trained("unrolled", 0, 2, watch=lambda step, generator: steps.append((step, type(generator))))
    assert steps == [(1, ring.Generator), (2, ring.Generator)]
    for field, value in {"generator_rate": 1e-3, "discriminator_rate": 1e-4, "batch": 64, "cosine": False}.items():
        other = ring.trained("unrolled", 0, 2, ring.Setting(**{field: value}))
        assert not torch.equal(plain.layers[4].weight, other.layers[4].weight), field
    smooth = ring.trained("unrolled", 0, 0, ring.Setting("tanh"))
    points = torch.randn(2, ring.LATENTS)
    assert (smooth.layers[:4](points).abs() <= 1).all()
    assert not (plain.layers[:4](points).abs() <= 1).all()


@pytest.mark.parametrize("loss", ["plain", "r3gan", "unrolled", "unrolled_minimax"])
def test_a_generator_learns_from_every_loss(ring: ModuleType, loss: str) -> None:
    before, after = ring.trained(loss, 0, 0), ring.trained(loss, 0, 2)
    again = ring.trained(loss, 0, 2)
    assert any(not torch.equal(one, two) for one, two in zip(before.parameters(), after.parameters(), strict=True))
    assert all(torch.equal(one, two) for one, two in zip(after.parameters(), again.parameters(), strict=True))
