"""The flow as a prior: density and samples belong together, and what it learns."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import hf_genimg
from hf_genimg.recipes import recipe_class
from hf_genimg.training.loop import train


@pytest.fixture
def flow() -> hf_genimg.CouplingFlow:
    torch.manual_seed(0)
    flow = hf_genimg.CouplingFlow(latent_dim=3, width=8, depth=3)
    for parameter in flow.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    return flow


def test_the_density_is_that_of_the_change_of_variables(flow: hf_genimg.CouplingFlow) -> None:
    """log p(z) = log N(noise) - log |d z / d noise|."""
    noise = torch.randn(4, 3)
    latents = flow.generate(noise)
    jacobians = torch.stack([torch.func.jacrev(lambda each: flow.generate(each[None])[0])(row) for row in noise])
    normal = torch.distributions.Normal(0, 1).log_prob(noise).sum(1)
    torch.testing.assert_close(flow(latents), normal - jacobians.det().abs().log(), rtol=1e-4, atol=1e-4)


def test_each_image_has_a_generator_of_its_own(flow: hf_genimg.CouplingFlow) -> None:
    several = flow.sample_latents(3, [torch.Generator().manual_seed(seed) for seed in (3, 4, 5)])
    torch.testing.assert_close(flow.sample_latents(1, [torch.Generator().manual_seed(4)]), several[1:2])
    with pytest.raises(ValueError, match="this flow is unconditional"):
        flow.sample_latents(1, class_labels=torch.zeros(1))
    with pytest.raises(ValueError, match="latent_dim=1 is too few to couple"):
        hf_genimg.CouplingFlow(latent_dim=1)


def test_it_learns_what_a_normal_distribution_cannot() -> None:
    torch.manual_seed(0)
    angle = torch.rand(2_000) * 6.28
    ring = torch.stack([angle.cos(), angle.sin()], 1) * 2 + 5 + 0.1 * torch.randn(2_000, 2)
    flow = hf_genimg.CouplingFlow(latent_dim=2, width=32, depth=6)
    flow.fit(ring, seed=0)
    normal = flow(ring).mean().item()
    torch.testing.assert_close(flow.center.data, ring.mean(0))
    optimizer = torch.optim.Adam(flow.parameters(), 5e-3)
    for _ in range(200):
        optimizer.zero_grad()
        loss = -flow(ring).mean()
        loss.backward()
        optimizer.step()
    assert -loss.item() > normal + 0.5
    radii = (flow.sample_latents(500, torch.Generator().manual_seed(0)) - 5).norm(dim=1)
    assert radii.mean().item() == pytest.approx(2, abs=0.15)


def test_a_mixture_takes_what_expectation_maximization_finds() -> None:
    torch.manual_seed(0)
    data = torch.cat([torch.randn(300, 2) * 0.2 + 2, torch.randn(100, 2) @ torch.tensor([[0.5, 0.2], [0, 0.1]]) - 2])
    mixture = hf_genimg.GaussianMixture(latent_dim=2, components=2)
    mixture.fit(data, seed=0)
    from sklearn.mixture import GaussianMixture

    found = GaussianMixture(2, reg_covar=1e-4, random_state=0).fit(data.double().numpy())
    expected = torch.as_tensor(found.score_samples(data.double().numpy())).float()
    torch.testing.assert_close(mixture(data), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["mixture", "flow"])
def test_the_prior_of_an_autoencoder_makes_one_pipeline(kind: str, tmp_path: Path) -> None:
    train(recipe_class("rae")().smoke(), tmp_path / "rae", callbacks=[], progress=False)
    settings = {"components": 3, "width": 8, "depth": 2, "kind": kind}
    recipe = recipe_class("latent_prior")(model=str(tmp_path / "rae"), **settings).smoke()
    train(recipe, tmp_path / "whole", progress=False)
    train(recipe, tmp_path / "parts", progress=False, stop_at=24)
    pipe = train(recipe, tmp_path / "parts", progress=False)
    whole = hf_genimg.load(tmp_path / "whole")
    assert torch.equal(pipe(3, seed=1, output_type="pt").images, whole(3, seed=1, output_type="pt").images)
    assert type(whole.prior).__name__ == {"mixture": "GaussianMixture", "flow": "CouplingFlow"}[kind]


def test_what_does_not_go_together_is_refused(tmp_path: Path) -> None:
    recipe = recipe_class("latent_prior")
    for fields, line in (
        ({"model": None}, "model=None is no autoencoder to train a prior for; hf-genimg train conv_vae, then"),
        ({"kind": "spline"}, "kind=spline is not known; use mixture or flow"),
        ({"conditional": True}, "conditional=True is not possible for this prior"),
    ):
        with pytest.raises(ValueError, match=line):
            recipe().smoke().override(**fields).check()
    train(recipe_class("cvae")().smoke(), tmp_path / "cvae", callbacks=[], progress=False)
    train(recipe_class("vqvae")().smoke(), tmp_path / "vqvae", callbacks=[], progress=False)
    with pytest.raises(ValueError, match="is conditioned on labels; use one without"):
        recipe(model=str(tmp_path / "cvae")).check()
    with pytest.raises(ValueError, match="has latents that are tokens; use a prior of tokens, as vqvae_prior"):
        recipe(model=str(tmp_path / "vqvae")).check()
