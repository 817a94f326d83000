"""Objectives: the terms they name, and where their gradients flow."""

from __future__ import annotations

import math

import pytest
import torch

import hf_genimg
from hf_genimg.losses.adversarial import GAN_LOSSES, gan_loss, non_saturating, saturating
from hf_genimg.objectives.adversarial import Adversarial

Networks = dict[str, torch.nn.Module]


@pytest.fixture
def networks() -> Networks:
    torch.manual_seed(0)
    return {
        "generator": hf_genimg.MLPGANGenerator(image_size=8, latent_dim=4, width=8),
        "discriminator": hf_genimg.MLPGANDiscriminator(image_size=8, width=8),
    }


@pytest.fixture
def batch() -> dict[str, torch.Tensor]:
    return {"images": torch.rand(6, 1, 8, 8) * 2 - 1}


def gradients(network: torch.nn.Module) -> list[torch.Tensor]:
    return [p.grad for p in network.parameters() if p.grad is not None]


def only(networks: Networks, trained: str) -> None:
    for name, network in networks.items():
        network.requires_grad_(name == trained)


@pytest.mark.parametrize("loss", list(GAN_LOSSES))
@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_gradients_reach_only_the_player(
    loss: str, player: str, networks: Networks, batch: dict[str, torch.Tensor]
) -> None:
    only(networks, player)
    terms = getattr(Adversarial(gan_loss(loss)), player)(networks, batch)
    sum(terms.values()).backward()
    for name, network in networks.items():
        if name == player:
            assert len(gradients(network)) == len(list(network.parameters()))
            assert all(gradient.abs().sum() > 0 for gradient in gradients(network)[:1])
        else:
            assert gradients(network) == []


def test_losses_against_probabilities() -> None:
    on_real, on_fake = torch.tensor([0.3, -1.0]), torch.tensor([2.0, -0.4])
    loss = non_saturating()
    terms = loss.discriminator(on_real, on_fake)
    torch.testing.assert_close(terms["real"], -on_real.sigmoid().log().mean())
    torch.testing.assert_close(terms["fake"], -(1 - on_fake.sigmoid()).log().mean())
    torch.testing.assert_close(loss.generator(None, on_fake)["adversarial"], -on_fake.sigmoid().log().mean())
    torch.testing.assert_close(
        saturating().generator(None, on_fake)["adversarial"], (1 - on_fake.sigmoid()).log().mean()
    )


BY_HAND = {  # (terms of the discriminator, of the generator), number by number
    "least_squares": (
        lambda r, f: sum((x - 1) ** 2 / 2 for x in r) / len(r) + sum(x**2 / 2 for x in f) / len(f),
        lambda r, f: sum((x - 1) ** 2 / 2 for x in f) / len(f),
    ),
    "hinge": (
        lambda r, f: sum(max(0, 1 - x) for x in r) / len(r) + sum(max(0, 1 + x) for x in f) / len(f),
        lambda r, f: -sum(f) / len(f),
    ),
    "wasserstein": (lambda r, f: sum(f) / len(f) - sum(r) / len(r), lambda r, f: -sum(f) / len(f)),
    "relativistic": (
        lambda r, f: sum(math.log(1 + math.exp(-(x - y))) for x, y in zip(r, f, strict=True)) / len(r),
        lambda r, f: sum(math.log(1 + math.exp(-(y - x))) for x, y in zip(r, f, strict=True)) / len(r),
    ),
}


@pytest.mark.parametrize("name", list(BY_HAND))
def test_losses_against_sums_by_hand(name: str) -> None:
    real, fake = [0.3, -1.0, 2.5, 0.9], [2.0, -0.4, -3.0, 0.1]
    loss = gan_loss(name)
    terms = (
        loss.discriminator(torch.tensor(real), torch.tensor(fake)),
        loss.generator(torch.tensor(real), torch.tensor(fake)),
    )
    for term, by_hand in zip(terms, BY_HAND[name], strict=True):
        assert sum(term.values()).item() == pytest.approx(by_hand(real, fake), rel=1e-6)


def test_the_jittered_hinge_has_margins_between_08_and_1() -> None:
    loss, levels = gan_loss("jittered_hinge"), torch.zeros(20_000)
    torch.manual_seed(0)
    for term in loss.discriminator(levels, levels).values():
        assert term.item() == pytest.approx(0.9, abs=2e-3)
    outside = loss.discriminator(torch.tensor([1.0, 0.0]), torch.tensor([-1.0, -1.0]))
    assert 0.4 <= outside["real"].item() <= 0.5 and outside["fake"].item() == 0
    assert loss.generator(None, torch.tensor([2.0, -1.0]))["adversarial"].item() == -0.5


def test_every_loss_is_checked() -> None:
    assert set(GAN_LOSSES) == {"non_saturating", "saturating", "jittered_hinge", *BY_HAND}


def test_the_saturating_generator_has_no_gradient_where_the_discriminator_is_sure() -> None:
    sure = torch.tensor([-20.0], requires_grad=True)
    saturating().generator(None, sure)["adversarial"].backward()
    assert sure.grad.abs() < 1e-6
    sure.grad = None
    non_saturating().generator(None, sure)["adversarial"].backward()
    assert sure.grad.abs() > 0.99


def test_a_training_step_has_n_critic_updates_of_the_discriminator() -> None:
    assert Adversarial(non_saturating(), n_critic=3).players == ("discriminator",) * 3 + ("generator",)
    with pytest.raises(ValueError, match="n_critic=0 must be from 1 to 100"):
        Adversarial(non_saturating(), n_critic=0)


def test_an_unknown_loss_names_those_there_are() -> None:
    with pytest.raises(
        ValueError,
        match="loss='hinges' is not known; use one of non_saturating, saturating, least_squares, hinge, ",
    ):
        gan_loss("hinges")
