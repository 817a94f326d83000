"""Objectives of autoencoders: their terms against closed forms, and where their gradients flow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F

import hf_genimg
from hf_genimg.losses.variational import kl_to_standard_normal
from hf_genimg.objectives.base import Objective, Step
from hf_genimg.objectives.deterministic import Regularized, WassersteinAutoencoder, squared_jacobian
from hf_genimg.objectives.disentangling import CapacityAnnealed, InfoVAE, TotalCorrelation
from hf_genimg.objectives.importance import ImportanceWeighted, log_likelihood
from hf_genimg.objectives.likelihoods import LIKELIHOODS, Likelihood
from hf_genimg.objectives.variational import Variational

from .linear import Linear

Batch = dict[str, torch.Tensor]
OBJECTIVES: dict[str, Objective] = {
    "variational": Variational(),
    "capacity": CapacityAnnealed(5.0, 0),
    "total_correlation": TotalCorrelation(100, beta=4.0),
    "info": InfoVAE(0.5, 10.0),
    "importance": ImportanceWeighted(3, 8),
}


@pytest.fixture
def vae() -> torch.nn.Module:
    torch.manual_seed(0)
    return hf_genimg.MLPVAE(image_size=8, latent_dim=3, width=8)


@pytest.fixture
def batch() -> Batch:
    torch.manual_seed(1)
    return {"images": torch.rand(6, 1, 8, 8) * 2 - 1}


def seeded(objective: Objective, networks: dict[str, Any], batch: Batch, player: str = "autoencoder") -> Batch:
    torch.manual_seed(5)
    return getattr(objective, player)(networks, batch)


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_beta_weighs_the_divergence_and_nothing_else(likelihood: str, vae: torch.nn.Module, batch: Batch) -> None:
    one, four = (seeded(Variational(likelihood, beta), {"autoencoder": vae}, batch) for beta in (1.0, 4.0))
    torch.testing.assert_close(four["kl"], 4 * one["kl"])
    torch.testing.assert_close(four["reconstruction"], one["reconstruction"])


def test_the_bound_is_what_its_definition_says(vae: torch.nn.Module, batch: Batch) -> None:
    measured = seeded(Variational(beta=7.0), {"autoencoder": vae}, batch, "held_out")
    torch.manual_seed(5)
    images, posterior = batch["images"], vae.encode(batch["images"])
    latents = posterior.mean + (posterior.logvar / 2).exp() * torch.randn(6, 3)
    by_hand = F.binary_cross_entropy(torch.sigmoid(vae.logits(latents)), (images + 1) / 2, reduction="sum") / 6
    by_hand = by_hand + 0.5 * (posterior.mean**2 + posterior.logvar.exp() - 1 - posterior.logvar).sum() / 6
    torch.testing.assert_close(measured["negative_elbo"], by_hand)


def test_bad_settings() -> None:
    with pytest.raises(ValueError, match="likelihood='laplace' is not known; use one of bernoulli, continuous_bern"):
        Variational("laplace")
    with pytest.raises(ValueError, match="sigma=0"):
        Variational("gaussian", sigma=0)
    with pytest.raises(ValueError, match="sigma=None has no effect on likelihood=bernoulli; use one of gaussian"):
        Variational(sigma=None)
    with pytest.raises(ValueError, match=r"free_bits=-1 .* must be at least 0"):
        Variational(free_bits=-1)
    for kind in (TotalCorrelation, lambda **settings: ImportanceWeighted(2, 2, **settings)):
        with pytest.raises(ValueError, match=r"free_bits=0.5 is not defined"):
            kind(**({"data_size": 9} if kind is TotalCorrelation else {}), free_bits=0.5)


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
def test_gradients_reach_every_weight(objective: Objective, vae: torch.nn.Module, batch: Batch) -> None:
    sum(seeded(objective, {"autoencoder": vae}, batch).values()).backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in vae.parameters())


@pytest.mark.parametrize("objective", [o for n, o in OBJECTIVES.items() if n != "importance"])
def test_the_divergence_rises_with_the_images_and_has_no_effect_on_the_decoder(
    objective: Variational, vae: torch.nn.Module, batch: Batch
) -> None:
    full = seeded(objective, {"autoencoder": vae}, batch)
    objective.kl_warmup_images = 400
    try:
        objective.begin(Step(images=100))
        quarter = seeded(objective, {"autoencoder": vae}, batch)
    finally:
        objective.kl_warmup_images = 0
        objective.begin(Step())
    for name, term in full.items():
        torch.testing.assert_close(quarter[name], term if name == "reconstruction" else term / 4)
    divergence = sum(term for name, term in full.items() if name != "reconstruction")
    grads = torch.autograd.grad(divergence, list(vae.decoder.parameters()), allow_unused=True)
    assert all(gradient is None for gradient in grads)


def test_free_bits_leave_a_small_divergence_alone(vae: torch.nn.Module, batch: Batch) -> None:
    terms = seeded(Variational(beta=2.0, free_bits=50.0), {"autoencoder": vae}, batch)
    assert terms["kl"].item() == pytest.approx(2 * 3 * 50.0)
    terms["kl"].backward()
    assert all(weight.grad is None or not weight.grad.any() for weight in vae.parameters())


def test_the_capacity_rises_and_is_met_from_both_sides(vae: torch.nn.Module, batch: Batch) -> None:
    posterior = vae.encode(batch["images"])
    kl = kl_to_standard_normal(posterior.mean, posterior.logvar).sum(1).mean()
    objective = CapacityAnnealed(capacity=8.0, capacity_images=1000, beta=10.0)
    for images, capacity in ((0, 0.0), (500, 4.0), (5000, 8.0)):
        objective.begin(replace(objective.step, images=images))
        found = seeded(objective, {"autoencoder": vae}, batch)["capacity"]
        torch.testing.assert_close(found, 10 * (kl - capacity).abs())


def test_info_vae_without_its_weights_is_the_plain_bound(vae: torch.nn.Module, batch: Batch) -> None:
    plain = seeded(Variational(), {"autoencoder": vae}, batch)
    terms = seeded(InfoVAE(0.0, 1.0), {"autoencoder": vae}, batch)
    assert terms["mmd"].item() == 0
    torch.testing.assert_close(terms["kl"], plain["kl"])
    terms = seeded(InfoVAE(1.0, 3.0), {"autoencoder": vae}, batch)
    assert terms["kl"].item() == 0 and terms["mmd"].item() != 0
    with pytest.raises(ValueError, match=r"information_weight=0.2 and mmd_weight=0.5"):
        InfoVAE(0.2, 0.5)


def test_the_deviation_is_learned_as_the_root_mean_square_error(vae: torch.nn.Module, batch: Batch) -> None:
    likelihood, latents = Likelihood("gaussian", None), torch.randn(6, 3)
    assert likelihood.sigma == 1
    expected = (vae.decode(latents) - batch["images"]).square().mean().sqrt()
    for half in (slice(0, 2), slice(2, 6)):  # two micro-batches
        likelihood(vae, latents[half], batch["images"][half])
    likelihood.update(6)
    torch.testing.assert_close(likelihood.sigma.float(), expected)
    likelihood.gathered.zero_()
    with torch.no_grad():
        likelihood(vae, latents, -batch["images"])  # a measurement teaches nothing
    likelihood.update(6)
    torch.testing.assert_close(likelihood.sigma.float(), expected)
    assert set(likelihood.state_dict()) == {"squares", "gathered"}


def test_one_importance_sample_is_the_evidence_lower_bound() -> None:
    """In expectation: the mean of many single samples, of an encoder that is not exact."""
    torch.manual_seed(0)
    linear, images = Linear(), torch.randn(4, 1, 1, 6)
    linear.log_variance.data += 1
    many = {"images": images.repeat(5000, 1, 1, 1)}
    objective = ImportanceWeighted(1, 1, likelihood="gaussian", sigma=0.5)
    bound = objective.autoencoder({"autoencoder": linear}, many)["negative_bound"]
    elbo = objective.held_out({"autoencoder": linear}, many)["negative_elbo"]
    torch.testing.assert_close(bound, elbo, rtol=0.01, atol=0)


def test_the_bound_rises_with_the_samples_up_to_the_likelihood() -> None:
    torch.manual_seed(0)
    linear, images = Linear(), torch.randn(8, 1, 1, 6)
    linear.log_variance.data += 1
    exact = linear.log_likelihood(images, 0.5).mean().item()
    many = {"images": images.repeat(500, 1, 1, 1)}
    bounds = [
        -ImportanceWeighted(k, 1, likelihood="gaussian", sigma=0.5)
        .autoencoder({"autoencoder": linear}, many)["negative_bound"]
        .item()
        for k in (1, 2, 5, 50)
    ]
    assert bounds == sorted(bounds) and bounds[-1] - bounds[0] > 0.5
    assert exact - 0.1 < bounds[-1] < exact + 0.01


def test_resampled_gradients_are_those_of_the_bound_in_expectation(batch: Batch) -> None:
    torch.manual_seed(0)
    vae = hf_genimg.MLPVAE(image_size=8, latent_dim=2, width=4, depth=2, activation="tanh")
    many = {"images": batch["images"].repeat(2000, 1, 1, 1)}
    terms, gradients = [], []
    for backward_samples in (None, 2):
        objective = ImportanceWeighted(6, 1, backward_samples)
        terms.append(seeded(objective, {"autoencoder": vae}, many)["negative_bound"])
        found = torch.autograd.grad(terms[-1], list(vae.parameters()))
        gradients.append(torch.cat([gradient.flatten() for gradient in found]))
    torch.testing.assert_close(*terms)
    assert (gradients[0] - gradients[1]).norm() < 0.03 * gradients[0].norm()
    with pytest.raises(ValueError, match="backward_samples=7 must be from 1 to samples=6, or none for all"):
        ImportanceWeighted(6, 1, 7)


def test_resampled_gradients_reach_every_weight_under_autocast(vae: torch.nn.Module, batch: Batch) -> None:
    """Also where its cache keeps weights of the pass without gradients, as that of torch 2.13 does not."""
    with torch.autocast("cpu", torch.bfloat16):
        ImportanceWeighted(3, 1, 1).autoencoder({"autoencoder": vae}, batch)["negative_bound"].backward()
    assert all(weight.grad is not None and weight.grad.any() for weight in vae.parameters())


def test_importance_sampling_finds_the_likelihood_of_a_linear_gaussian_model() -> None:
    torch.manual_seed(0)
    linear, images = Linear(), torch.randn(8, 1, 1, 6)
    exact = linear.log_likelihood(images, 0.5)
    likelihood = Likelihood("gaussian", 0.5)
    found = log_likelihood(linear, likelihood, images, samples=3)
    torch.testing.assert_close(found, exact, rtol=0, atol=1e-3)  # weights of the exact posterior are all equal
    linear.log_variance.data += 1
    linear.to_mean.weight.data *= 1.1
    found = log_likelihood(linear, likelihood, images, samples=20_001)
    torch.testing.assert_close(found, exact, rtol=0, atol=0.05)


def test_a_linear_decoder_finds_the_principal_components() -> None:
    """arXiv:1911.02469, and the deviation that is left is that of the other components."""
    torch.manual_seed(0)
    basis, _ = torch.linalg.qr(torch.randn(6, 6))
    data = (torch.randn(1000, 6) * torch.tensor([2.0, 1.5, 0.3, 0.3, 0.3, 0.3])) @ basis.T
    images = data.view(-1, 1, 1, 6)
    linear = Linear(sigma=1.0)
    objective, optimizer = Variational("gaussian", sigma=None), torch.optim.Adam(linear.parameters(), 0.02)
    objective.begin(Step(batch_size=1000))
    for _ in range(400):
        objective.likelihood.gathered.zero_()
        optimizer.zero_grad()
        sum(objective.autoencoder({"autoencoder": linear}, {"images": images}).values()).backward()
        optimizer.step()
        objective.update("autoencoder", {})
    found, _ = torch.linalg.qr(linear.decoder.weight.detach())
    principal = torch.linalg.svd(data, full_matrices=False).Vh[:2].T
    assert torch.linalg.svdvals(found.T @ principal).min() > 0.999
    assert objective.likelihood.sigma.item() == pytest.approx(0.3, rel=0.1)


@pytest.fixture
def point() -> torch.nn.Module:
    torch.manual_seed(0)
    return hf_genimg.ConvVAE(image_size=32, latent_dim=3, width=2, deterministic=True)


@pytest.fixture
def pictures() -> Batch:
    torch.manual_seed(1)
    return {"images": torch.rand(6, 1, 32, 32) * 2 - 1}


def test_a_deterministic_encoder_gives_points(point: torch.nn.Module, pictures: Batch) -> None:
    posterior = point.eval().encode(pictures["images"])
    assert torch.equal(posterior.sample(), posterior.mean)
    torch.testing.assert_close(point(pictures["images"]), point.decode(posterior.sample()))


def test_wae_trains_every_weight_towards_the_prior(point: torch.nn.Module, pictures: Batch) -> None:
    heavy, light = (seeded(WassersteinAutoencoder(weight), {"autoencoder": point}, pictures) for weight in (10.0, 1.0))
    torch.testing.assert_close(heavy["mmd"], 10 * light["mmd"])
    expected = (point(pictures["images"]) - pictures["images"]).square().sum() / 6
    torch.testing.assert_close(light["reconstruction"], expected)
    sum(heavy.values()).backward()
    assert all(weight.grad is not None and weight.grad.any() for weight in point.parameters() if weight.dim() > 1)


@pytest.mark.parametrize("penalty", ["l2", "gradient"])
def test_rae_trains_its_two_players_apart(penalty: str, point: torch.nn.Module, pictures: Batch) -> None:
    networks = {"autoencoder": point, "prior": hf_genimg.GaussianMixture(3, 2)}
    objective = Regularized(0.1, 0.1, penalty)
    terms = seeded(objective, networks, pictures)
    (terms["decoder_penalty"] + 0 * terms["reconstruction"]).backward()
    assert all(weight.grad.any() for weight in point.decoder.parameters() if weight.dim() > 1)
    if penalty == "l2":
        assert not any(weight.grad.any() for weight in point.encoder.parameters())
        squares = sum((weight**2).sum() for weight in point.decoder.parameters() if weight.dim() > 1)
        torch.testing.assert_close(terms["decoder_penalty"], 0.1 * squares)
    point.zero_grad(set_to_none=True)
    sum(objective.prior(networks, pictures).values()).backward()
    assert all(weight.grad is None for weight in point.parameters())
    assert all(weight.grad is not None for weight in networks["prior"].parameters())
    with pytest.raises(ValueError, match="penalty='l3' is not known; use one of l2, gradient"):
        Regularized(0.1, 0.1, "l3")


def test_the_gradient_penalty_is_the_squared_norm_of_the_jacobian() -> None:
    torch.manual_seed(0)
    linear, latents = Linear(), torch.randn(4000, 2, requires_grad=True)
    found = squared_jacobian(linear.decode(latents), latents)
    torch.testing.assert_close(found, linear.decoder.weight.square().sum(), rtol=0.05, atol=0)
