"""The Gaussian mixture as a prior: its density, its samples, and what it learns."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

import hf_genimg


@pytest.fixture
def mixture() -> torch.nn.Module:
    torch.manual_seed(0)
    mixture = hf_genimg.GaussianMixture(latent_dim=3, components=4)
    for parameter in mixture.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return mixture


def reference(mixture: torch.nn.Module) -> MixtureSameFamily:
    factors = (mixture.below.tril(-1) + torch.diag_embed(mixture.log_diagonals.exp())).detach()
    normals = MultivariateNormal(mixture.means.detach(), precision_matrix=factors.mT @ factors)
    return MixtureSameFamily(Categorical(logits=mixture.logits.detach()), normals)


def test_the_density_against_torch_distributions(mixture: torch.nn.Module) -> None:
    latents = torch.randn(7, 3)
    torch.testing.assert_close(mixture(latents), reference(mixture).log_prob(latents), rtol=1e-4, atol=1e-4)


def test_samples_have_the_moments_of_the_density(mixture: torch.nn.Module) -> None:
    samples = mixture.sample_latents(20_000, torch.Generator().manual_seed(0))
    exact = reference(mixture)
    torch.testing.assert_close(samples.mean(0), exact.mean, rtol=0, atol=0.05)
    torch.testing.assert_close(samples.var(0), exact.variance, rtol=0.1, atol=0)


def test_each_image_has_a_generator_of_its_own(mixture: torch.nn.Module) -> None:
    generators = [torch.Generator().manual_seed(seed) for seed in (3, 4, 5)]
    several = mixture.sample_latents(3, generators)
    torch.testing.assert_close(mixture.sample_latents(1, [torch.Generator().manual_seed(4)]), several[1:2])
    with pytest.raises(ValueError, match="a Gaussian mixture is unconditional"):
        mixture.sample_latents(1, class_labels=torch.zeros(1))


def test_it_learns_two_clusters() -> None:
    torch.manual_seed(0)
    data = torch.cat([torch.randn(500, 2) * 0.2 + 2, torch.randn(500, 2) * torch.tensor([0.5, 0.1]) - 2])
    mixture = hf_genimg.GaussianMixture(latent_dim=2, components=2)
    optimizer = torch.optim.Adam(mixture.parameters(), 0.05)
    for _ in range(300):
        optimizer.zero_grad()
        loss = -mixture(data).mean()
        loss.backward()
        optimizer.step()
    best = torch.cat([MultivariateNormal(part.mean(0), part.T.cov()).log_prob(part) for part in data.split(500)])
    assert loss.item() == pytest.approx(0.6931 - best.mean().item(), abs=0.02)
