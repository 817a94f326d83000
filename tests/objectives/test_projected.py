"""Projected GAN's objective: a loss of feature maps, whose network nobody trains."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import hf_genimg
from hf_genimg.features import load_features
from hf_genimg.losses.adversarial import hinge
from hf_genimg.objectives.base import Step
from hf_genimg.objectives.projected import Projected
from hf_genimg.objectives.regularizers import Consistency, LeCam, TopK, ZeroCenteredPenalty


@pytest.fixture
def networks() -> dict[str, nn.Module]:
    torch.manual_seed(0)
    maps = {"taps": ["first", "second"], "in_channels": [6, 16], "sides": [28, 10], "width": 2, "mixing_channels": 4}
    return {
        "generator": hf_genimg.ProjectedGANGenerator(16, 1, 4, width=2),
        "discriminator": hf_genimg.ProjectedGANDiscriminator("digits", 28, **maps),
        "features": load_features("digits"),
    }


def with_gradients(networks: dict[str, nn.Module]) -> set[str]:
    return {name for name, network in networks.items() if any(p.grad is not None for p in network.parameters())}


def test_the_discriminator_learns_from_maps_and_the_generator_through_them(networks: dict[str, nn.Module]) -> None:
    batch, objective = {"images": torch.rand(4, 1, 16, 16) * 2 - 1}, Projected(hinge())
    sum(objective.discriminator(networks, batch).values()).backward()
    assert with_gradients(networks) == {"discriminator"}
    networks["discriminator"].requires_grad_(False).zero_grad()
    sum(objective.generator(networks, batch).values()).backward()
    assert with_gradients(networks) == {"generator"}


def test_the_loss_is_the_mean_over_all_logits(networks: dict[str, nn.Module]) -> None:
    networks = {name: network.eval() for name, network in networks.items()}
    images = torch.rand(4, 1, 16, 16) * 2 - 1
    logits = networks["discriminator"](list(networks["features"](images).values()))
    assert logits.shape == (4, 16 + 16)
    found, terms = Projected(hinge()).logits(networks, images, {})
    assert terms == {} and found.dtype == torch.float32
    torch.testing.assert_close(found, logits.flatten())
    held_out = Projected(hinge()).held_out(networks, {"images": images})
    torch.testing.assert_close(held_out["real"], torch.relu(1 - logits).mean())


def test_regularizers_see_the_same_logits(networks: dict[str, nn.Module]) -> None:
    batch = {"images": torch.rand(4, 1, 16, 16) * 2 - 1}
    parts = [ZeroCenteredPenalty(1.0, on="real"), LeCam(0.1), Consistency(lambda images: -images, real=1.0)]
    objective = Projected(hinge(), [*parts, TopK(0.5, 1)])
    terms = objective.discriminator(networks, batch)
    assert list(terms) == ["real", "fake", "r1", "lecam", "consistency_real"]
    assert terms["r1"] > 0 and terms["consistency_real"] > 0
    objective.update("discriminator", networks)
    assert objective.generator(networks, batch)["adversarial"].isfinite()


@pytest.mark.parametrize("penalty", [[], [ZeroCenteredPenalty(1.0, on="fake")]], ids=["plain", "penalty"])
def test_the_generator_learns_from_the_maps_of_the_discriminators_update(
    networks: dict[str, nn.Module], penalty: list[nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gradient is that of a forward of its own, and the features of these images are computed once."""
    batch, seen = {"images": torch.rand(4, 1, 16, 16) * 2 - 1}, []
    feature_maps = networks["features"].feature_maps
    monkeypatch.setattr(networks["features"], "feature_maps", lambda *maps: seen.append(1) or feature_maps(*maps))
    gradients, forwards = {}, {}
    for reuse in (True, False):
        objective = Projected(hinge(), penalty)
        torch.manual_seed(1)
        objective.begin(Step(player="discriminator", reuse=reuse))
        sum(objective.discriminator(networks, batch).values()).backward()
        assert with_gradients(networks) == {"discriminator"}
        networks["discriminator"].zero_grad()
        seen.clear()
        objective.begin(Step(player="generator", turn=1, reuse=reuse))
        objective.generator(networks, batch)["adversarial"].backward()
        gradients[reuse] = [parameter.grad.clone() for parameter in networks["generator"].parameters()]
        forwards[reuse] = len(seen)
        for network in networks.values():
            network.zero_grad()
    torch.testing.assert_close(gradients[True], gradients[False])
    assert forwards == {True: 0, False: 1}
