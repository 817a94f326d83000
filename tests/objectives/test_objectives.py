"""Objectives: the terms they name, and where their gradients flow."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

import hf_genimg
from hf_genimg.losses.adversarial import GAN_LOSSES, gan_loss, non_saturating, saturating
from hf_genimg.objectives.adversarial import Adversarial
from hf_genimg.objectives.variational import Variational

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


@pytest.mark.parametrize("game", list(GAN_LOSSES))
@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_gradients_reach_only_the_player(
    game: str, player: str, networks: Networks, batch: dict[str, torch.Tensor]
) -> None:
    only(networks, player)
    terms = getattr(Adversarial(gan_loss(game)), player)(networks, batch)
    sum(terms.values()).backward()
    for name, network in networks.items():
        if name == player:
            assert len(gradients(network)) == len(list(network.parameters()))
            assert all(gradient.abs().sum() > 0 for gradient in gradients(network)[:1])
        else:
            assert gradients(network) == []


def test_games_against_probabilities() -> None:
    on_real, on_fake = torch.tensor([0.3, -1.0]), torch.tensor([2.0, -0.4])
    game = non_saturating()
    terms = game.discriminator(on_real, on_fake)
    torch.testing.assert_close(terms["real"], -on_real.sigmoid().log().mean())
    torch.testing.assert_close(terms["fake"], -(1 - on_fake.sigmoid()).log().mean())
    torch.testing.assert_close(game.generator(None, on_fake)["adversarial"], -on_fake.sigmoid().log().mean())
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
def test_games_against_sums_by_hand(name: str) -> None:
    real, fake = [0.3, -1.0, 2.5, 0.9], [2.0, -0.4, -3.0, 0.1]
    game = gan_loss(name)
    terms = (
        game.discriminator(torch.tensor(real), torch.tensor(fake)),
        game.generator(torch.tensor(real), torch.tensor(fake)),
    )
    for term, by_hand in zip(terms, BY_HAND[name], strict=True):
        assert sum(term.values()).item() == pytest.approx(by_hand(real, fake), rel=1e-6)


def test_every_game_is_checked() -> None:
    assert set(GAN_LOSSES) == {"non_saturating", "saturating", *BY_HAND}


def test_the_saturating_generator_has_no_gradient_where_the_discriminator_is_sure() -> None:
    sure = torch.tensor([-20.0], requires_grad=True)
    saturating().generator(None, sure)["adversarial"].backward()
    assert sure.grad.abs() < 1e-6
    sure.grad = None
    non_saturating().generator(None, sure)["adversarial"].backward()
    assert sure.grad.abs() > 0.99


def test_a_round_has_n_critic_turns_of_the_discriminator() -> None:
    assert Adversarial(non_saturating(), n_critic=3).players == ("discriminator",) * 3 + ("generator",)
    with pytest.raises(ValueError, match="n_critic=0 must be from 1 to 100"):
        Adversarial(non_saturating(), n_critic=0)


def test_an_unknown_game_names_those_there_are() -> None:
    with pytest.raises(
        ValueError,
        match="loss='hinges' is not known; use one of non_saturating, saturating, least_squares, hinge, ",
    ):
        gan_loss("hinges")


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_beta_weighs_the_divergence_and_nothing_else(likelihood: str, batch: dict[str, torch.Tensor]) -> None:
    networks = {"autoencoder": hf_genimg.MLPVAE(image_size=8, latent_dim=3, width=8)}
    terms = {}
    for beta in (1.0, 4.0):
        torch.manual_seed(1)
        terms[beta] = Variational(likelihood, beta).autoencoder(networks, batch)
    torch.testing.assert_close(terms[4.0]["kl"], 4 * terms[1.0]["kl"])
    torch.testing.assert_close(terms[4.0]["reconstruction"], terms[1.0]["reconstruction"])


def test_the_bound_is_what_its_definition_says(batch: dict[str, torch.Tensor]) -> None:
    networks = {"autoencoder": hf_genimg.MLPVAE(image_size=8, latent_dim=3, width=8)}
    torch.manual_seed(5)
    measured = Variational(beta=7.0).held_out(networks, batch)
    torch.manual_seed(5)
    vae, images = networks["autoencoder"], batch["images"]
    posterior = vae.encode(images)
    latents = posterior.mean + (posterior.logvar / 2).exp() * torch.randn(6, 3)
    by_hand = F.binary_cross_entropy(torch.sigmoid(vae.logits(latents)), (images + 1) / 2, reduction="sum") / 6
    by_hand = by_hand + 0.5 * (posterior.mean**2 + posterior.logvar.exp() - 1 - posterior.logvar).sum() / 6
    torch.testing.assert_close(measured["negative_elbo"], by_hand)


def test_bad_settings_of_a_vae() -> None:
    with pytest.raises(ValueError, match="likelihood='laplace' is not known; use one of bernoulli, gaussian"):
        Variational("laplace")
    with pytest.raises(ValueError, match="sigma=0"):
        Variational("gaussian", sigma=0)
