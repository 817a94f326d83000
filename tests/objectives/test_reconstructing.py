"""FastGAN's objective: who learns from what, and that the weight of reconstructions does not depend on the batch."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import hf_genimg
from hf_genimg.losses.adversarial import gan_loss, hinge, jittered_hinge
from hf_genimg.objectives.base import Step
from hf_genimg.objectives.reconstructing import Reconstructing


class Squared(nn.Module):
    """The mean squared difference of each pair, which a perceptual distance is in pixels."""

    def forward(self, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return (images - targets).square().mean((1, 2, 3))


@pytest.fixture
def networks() -> dict[str, nn.Module]:
    torch.manual_seed(0)
    generator, discriminator = hf_genimg.FastGANGenerator(16, 1, 4, 4), hf_genimg.FastGANDiscriminator(16, 1, 4)
    return {"generator": generator, "discriminator": discriminator, "distance": Squared()}


def terms_of(
    player: str, networks: dict[str, nn.Module], images: torch.Tensor, objective: Reconstructing
) -> dict[str, torch.Tensor]:
    objective.begin(Step(player=player))
    return getattr(objective, player)(networks, {"images": images})


def learners(networks: dict[str, nn.Module]) -> set[str]:
    return {name for name, network in networks.items() if any(p.grad is not None for p in network.parameters())}


def test_each_player_learns_alone_and_the_second_image_reaches_the_generator(networks: dict[str, nn.Module]) -> None:
    images, objective = torch.rand(4, 1, 16, 16) * 2 - 1, Reconstructing(loss=hinge())
    terms = terms_of("discriminator", networks, images, objective)
    assert list(terms) == ["real", "fake", "reconstruction"]
    sum(terms.values()).backward()
    assert learners(networks) == {"discriminator"}
    assert all(p.grad is not None for p in networks["discriminator"].parameters()), "a decoder does not learn"
    networks["discriminator"].requires_grad_(False).zero_grad()
    terms = terms_of("generator", networks, images, objective)
    assert list(terms) == ["adversarial"]
    terms["adversarial"].backward()
    assert learners(networks) == {"generator"}
    assert networks["generator"].small.parametrizations.weight.original.grad.abs().sum() > 0


def test_the_reconstruction_is_eight_times_the_sum_of_mean_distances(networks: dict[str, nn.Module]) -> None:
    images, networks["discriminator"] = torch.rand(2, 1, 16, 16) * 2 - 1, networks["discriminator"].eval()
    objective = Reconstructing(loss=hinge())
    torch.manual_seed(3)
    found = terms_of("discriminator", networks, images, objective)["reconstruction"]
    possible = []
    for quarter in range(4):
        pairs = networks["discriminator"].with_reconstructions(images, quarter)[1]
        possible.append(8 * sum((made - target).square().mean() for made, target in pairs.values()))
    assert any(torch.isclose(found, each) for each in possible)
    torch.manual_seed(3)
    twice = terms_of("discriminator", networks, torch.cat([images, images]), objective)["reconstruction"]
    assert any(torch.isclose(twice, each) for each in possible)


def test_held_out_terms_and_no_reconstruction(networks: dict[str, nn.Module]) -> None:
    batch, objective = {"images": torch.rand(2, 1, 16, 16) * 2 - 1}, Reconstructing(loss=hinge(), weight=0)
    with torch.no_grad():
        assert list(Reconstructing(loss=hinge()).held_out(networks, batch)) == ["real", "fake"]
    assert list(terms_of("discriminator", networks, batch["images"], objective)) == ["real", "fake"]
    with pytest.raises(ValueError, match="reconstruction=-1 must be at least 0"):
        Reconstructing(loss=hinge(), weight=-1)


def test_jittered_margins_lie_between_those_of_two_hinges() -> None:
    logits = torch.linspace(-2, 2, 101)
    terms = jittered_hinge().discriminator(logits, logits)
    for name, sign in (("real", -1), ("fake", 1)):
        low, high = (torch.relu(margin + sign * logits).mean() for margin in (0.8, 1.0))
        assert low < terms[name] < high
    with pytest.raises(ValueError, match="label_smoothing=0.1 cannot go with loss=jittered_hinge"):
        gan_loss("jittered_hinge", 0.1)
