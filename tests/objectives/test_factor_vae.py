"""FactorVAE: the density ratio finds the total correlation of a Gaussian, and what each player learns from."""

from __future__ import annotations

import math

import pytest
import torch

import hf_genimg
from hf_genimg.losses.adversarial import fake_loss, real_loss
from hf_genimg.objectives.base import Step
from hf_genimg.objectives.factor_vae import Factor, shuffled
from hf_genimg.recipes import recipe_class


def correlated(count: int, correlation: float) -> torch.Tensor:
    first, second = torch.randn(2, count)
    return torch.stack([first, correlation * first + math.sqrt(1 - correlation**2) * second], 1)


def test_shuffling_keeps_each_dimension_and_breaks_what_binds_them() -> None:
    torch.manual_seed(0)
    latents = correlated(2_000, 0.9)
    mixed = shuffled(latents)
    assert torch.equal(mixed.sort(0).values, latents.sort(0).values)
    assert abs(mixed.T.corrcoef()[0, 1]) < 0.08 < latents.T.corrcoef()[0, 1]


def test_the_logit_of_a_trained_discriminator_is_the_total_correlation() -> None:
    """Of a normal distribution with correlation r it is -log(1 - r^2) / 2 nats."""
    torch.manual_seed(0)
    discriminator = hf_genimg.FactorVAEDiscriminator(2, 32)
    optimizer = torch.optim.Adam(discriminator.parameters(), 3e-3)
    for _ in range(400):
        optimizer.zero_grad()
        together, others = correlated(512, 0.8), shuffled(correlated(512, 0.8))
        (real_loss(discriminator(together)) + fake_loss(discriminator(others))).backward()
        optimizer.step()
    with torch.no_grad():
        found = discriminator(correlated(20_000, 0.8)).mean().item()
    assert found == pytest.approx(-0.5 * math.log(1 - 0.8**2), rel=0.25)


def test_each_player_learns_from_its_own_terms() -> None:
    torch.manual_seed(0)
    networks = {
        "autoencoder": hf_genimg.MLPVAE(image_size=8, latent_dim=3, width=8),
        "discriminator": hf_genimg.FactorVAEDiscriminator(3, 8),
    }
    objective = Factor(tc_weight=2.0, kl_warmup_images=100)
    objective.begin(Step(images=50))
    batch = {"images": torch.rand(8, 1, 8, 8) * 2 - 1}
    sum(objective.discriminator(networks, batch).values()).backward()
    assert all(weight.grad is None for weight in networks["autoencoder"].parameters())
    torch.manual_seed(1)
    terms = objective.autoencoder(networks, batch)
    torch.manual_seed(1)
    latents = networks["autoencoder"].encode(batch["images"]).sample()
    torch.testing.assert_close(terms["total_correlation"], 0.5 * 2.0 * networks["discriminator"](latents).mean())
    terms["total_correlation"].backward()
    assert networks["autoencoder"].to_mean.weight.grad.any()


def test_the_recipe_asks_for_batches_that_can_be_halved() -> None:
    with pytest.raises(ValueError, match="batch_size=64 needs micro-batches of at least 4"):
        recipe_class("factor_vae")(micro_batch_size=2).check()
    with pytest.raises(ValueError, match="tc_weight=-1.0 must be at least 0"):
        recipe_class("factor_vae")(tc_weight=-1.0).objective()
