"""CycleGAN and CUT: their terms by hand, where gradients flow, the pools, and the contrastive loss in closed form."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from hf_genimg import CycleGANDiscriminator, CycleGANGenerator
from hf_genimg.losses.adversarial import gan_loss
from hf_genimg.losses.contrastive import patch_nce
from hf_genimg.models._patches import PatchProjector
from hf_genimg.objectives.base import Step
from hf_genimg.objectives.contrastive import ContrastiveTranslation
from hf_genimg.objectives.cycle_consistency import CycleConsistency

Networks = dict[str, torch.nn.Module]
SHAPE = (1, 16, 16)


@pytest.fixture
def batch() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {name: torch.rand(2, *SHAPE, generator=generator) * 2 - 1 for name in ("images", "inputs")}


@pytest.fixture
def networks() -> Networks:
    torch.manual_seed(0)
    return {
        "generator": CycleGANGenerator(16, 1, 1, 2, 1),
        "reverse_generator": CycleGANGenerator(16, 1, 1, 2, 1),
        "discriminator": CycleGANDiscriminator(16, 1, 2, 1),
        "reverse_discriminator": CycleGANDiscriminator(16, 1, 2, 1),
        "projector": PatchProjector([1, 4, 8, 8], 4),
    }


def cycle(pool_size: int = 0) -> CycleConsistency:
    return CycleConsistency(gan_loss("least_squares"), (SHAPE, SHAPE), 2, pool_size)


def test_the_translators_terms_are_those_of_the_authors_code(networks: Networks, batch: dict) -> None:
    there, back = networks["generator"], networks["reverse_generator"]
    terms = cycle().translators(networks, batch)
    images, inputs = there(batch["inputs"]), back(batch["images"])
    l1 = torch.nn.functional.l1_loss
    expected = {
        "adversarial": (networks["discriminator"](images) - 1).square().mean(),
        "reverse_adversarial": (networks["reverse_discriminator"](inputs) - 1).square().mean(),
        "cycle": 10 * l1(there(inputs), batch["images"]),
        "reverse_cycle": 10 * l1(back(images), batch["inputs"]),
        "identity": 5 * l1(there(batch["images"]), batch["images"]),
        "reverse_identity": 5 * l1(back(batch["inputs"]), batch["inputs"]),
    }
    assert terms.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(terms[name], value)


def test_discriminators_are_halved_and_leave_the_translators_alone(networks: Networks, batch: dict) -> None:
    terms = cycle().discriminators(networks, batch)
    fake = networks["generator"](batch["inputs"])
    real = networks["discriminator"](batch["images"])
    torch.testing.assert_close(terms["real"], (real - 1).square().mean() / 4)
    torch.testing.assert_close(terms["fake"], networks["discriminator"](fake).square().mean() / 4)
    sum(terms.values()).backward()
    assert all(weights.grad is None for weights in networks["generator"].parameters())
    assert all(weights.grad is not None for weights in networks["reverse_discriminator"].parameters())


def test_the_pools_fill_with_each_discriminator_step_and_are_saved(networks: Networks, batch: dict) -> None:
    objective = cycle(pool_size=4)
    objective.begin(replace(Step(), batch_size=2, player="discriminators"))
    with torch.no_grad():
        objective.discriminators(networks, batch)
        expected = networks["reverse_generator"](batch["images"])
    objective.update("translators", networks)
    assert objective.pools[1].held == 0
    objective.update("discriminators", networks)
    assert objective.pools[1].held == 2 and torch.equal(objective.pools[1].images[:2], expected)
    other = cycle(pool_size=4)
    other.load_state_dict(objective.state_dict())
    assert torch.equal(other.pools[0].images, objective.pools[0].images)


def test_patch_nce_in_closed_form() -> None:
    same = torch.eye(4)[None]  # four patches at right angles
    expected = -math.log(math.e ** (1 / 0.07) / (math.e ** (1 / 0.07) + 3))
    assert patch_nce(same, same).item() == pytest.approx(expected, abs=1e-6)
    assert patch_nce(same, same.roll(1, 1)).item() == pytest.approx(expected + 1 / 0.07, rel=1e-4)
    alike = torch.ones(2, 4, 4) / 2
    assert patch_nce(alike, alike).item() == pytest.approx(math.log(4))


def test_cut_trains_generator_and_projector_together(networks: Networks, batch: dict) -> None:
    objective = ContrastiveTranslation(gan_loss("least_squares"), patches=16)
    terms = objective.generator(networks, batch)
    assert set(terms) == {"adversarial", "nce", "identity_nce"}
    sum(terms.values()).backward()
    for name in ("generator", "projector"):
        assert all(weights.grad is not None for weights in networks[name].parameters()), name
    alone = ContrastiveTranslation(gan_loss("least_squares"), patches=16, nce_weight=10, identity_weight=0)
    assert set(alone.generator(networks, batch)) == {"adversarial", "nce"}


def test_of_an_image_and_itself_every_patch_is_found(networks: Networks, batch: dict) -> None:
    """With untrained features patches are alike; the same patch is still nearest to itself."""
    objective = ContrastiveTranslation(gan_loss("least_squares"), patches=16)
    itself = objective.contrast(networks, batch["inputs"], batch["inputs"])
    other = objective.contrast(networks, batch["inputs"], batch["images"])
    assert itself < other
    assert objective.held_out(networks, batch)["nce"].isfinite()
