"""Path length regularization against the whole Jacobian, lazy terms, and style mixing in training."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import hf_genimg
from hf_genimg.losses.adversarial import non_saturating
from hf_genimg.objectives.base import Step
from hf_genimg.objectives.path_length import PathLength, StyleAdversarial
from hf_genimg.objectives.regularizers import Context
from hf_genimg.recipes import recipe_class


@pytest.fixture
def networks() -> dict[str, nn.Module]:
    torch.manual_seed(0)
    sizes = {"image_size": 8, "image_channels": 1, "width": 4, "capacity": 32}
    generator = hf_genimg.StyleGAN2Generator(**sizes, latent_dim=4, style_dim=3, mapping_layers=1)
    return {"generator": generator, "discriminator": hf_genimg.StyleGAN2Discriminator(**sizes)}


def context(networks: dict[str, nn.Module], count: int = 4) -> Context:
    latents, real = torch.randn(count, 4), torch.rand(count, 1, 8, 8) * 2 - 1
    objective = StyleAdversarial(non_saturating())
    return Context(objective, networks, {"images": real}, latents, real, real, None, torch.zeros(count))


def test_lengths_are_those_of_the_jacobian(networks: dict[str, nn.Module]) -> None:
    """The norm over w of J^T y, as a root mean square over layers."""
    generator, some = networks["generator"], context(networks)
    torch.manual_seed(1)
    lengths = PathLength(1.0).lengths(some, 2)
    w = generator.map(some.latents[:2]).detach()
    jacobian = torch.autograd.functional.jacobian(generator.synthesize, w)  # noise has strength 0 in a fresh network
    torch.manual_seed(1)
    generator.sample_noise(2)
    y = torch.randn(2, 1, 8, 8) / 8
    product = torch.einsum("nchw,nchwmld->mld", y, jacobian)
    torch.testing.assert_close(lengths, product.square().sum(2).mean(1).sqrt())


def test_the_term_is_lazy_weighted_and_moves_its_mean_once_an_update(networks: dict[str, nn.Module]) -> None:
    penalty, some = PathLength(2.0, every=3), context(networks)
    torch.manual_seed(1)
    lengths = penalty.lengths(some, 2).detach()
    torch.manual_seed(1)
    term = penalty.generator(some)["path_length"]
    torch.testing.assert_close(term, 3 * 2.0 * lengths.square().mean())
    term.backward()
    assert networks["generator"].blocks[0].first.style.weight.grad.abs().max() > 0
    assert networks["generator"].mapping.layers[0].weight.grad.abs().max() > 0
    penalty.update("discriminator", networks)
    assert penalty.mean == 0
    penalty.update("generator", networks)
    torch.testing.assert_close(penalty.mean, 0.01 * lengths.mean())
    penalty.gathered.zero_()  # as the loop does before each update
    for _ in range(2):
        assert penalty.generator(some)["path_length"] == 0
        penalty.update("generator", networks)
    torch.testing.assert_close(penalty.mean, 0.01 * lengths.mean())
    assert penalty.generator(some)["path_length"] > 0


@pytest.mark.parametrize(("mixing", "mixed"), [(0.0, False), (1.0, True)])
def test_styles_are_mixed_in_training_only(networks: dict[str, nn.Module], mixing: float, mixed: bool) -> None:
    objective, generator, some = StyleAdversarial(non_saturating(), mixing=mixing), networks["generator"], None
    some = torch.randn(2, 4)
    for training in (True, False):
        generator.train(training)  # noise has strength 0 in a fresh network
        torch.manual_seed(0)
        made = objective.generate(generator, some, {})
        assert torch.allclose(made, generator(some)) == (not (mixed and training))


def test_the_generator_makes_its_images_anew(networks: dict[str, nn.Module]) -> None:
    """Or a batch in one part would have the noise of the discriminator's update, and one in several parts another."""
    objective, batch = StyleAdversarial(non_saturating()), {"images": torch.rand(4, 1, 8, 8)}
    made: list[torch.Tensor] = []
    networks["generator"].register_forward_hook(lambda *given: made.append(given[-1]))
    for turn, player in enumerate(objective.players):
        objective.begin(Step(player=player, turn=turn, reuse=True))
        sum(getattr(objective, player)(networks, batch).values()).backward()
    assert len(made) == 2 and not made[0].requires_grad and made[1].requires_grad


@pytest.mark.parametrize(
    ("fields", "generator", "discriminator"),
    [({}, 4 / 5, 16 / 17), ({"path_length": 0.0, "penalty_every": 1}, 1, 1)],
)
def test_optimizers_make_up_for_lazy_terms(fields: dict[str, Any], generator: float, discriminator: float) -> None:
    recipe = recipe_class("stylegan2")().override(image_channels=1, **fields)
    with torch.device("meta"):
        groups = {name: made.param_groups[0] for name, made in recipe.optimizers(recipe.models()).items()}
    for name, share in (("generator", generator), ("discriminator", discriminator)):
        assert groups[name]["lr"] == pytest.approx(2.5e-3 * share)
        assert groups[name]["betas"] == (0, pytest.approx(0.99**share))


def test_gamma_follows_size_and_batch() -> None:
    recipe = recipe_class("stylegan2")().override(image_size=64, batch_size=32)
    assert recipe.penalties()[0].gamma == pytest.approx(0.0256)
    assert recipe.override(auto_r1=False, r1=3.0).penalties()[0].gamma == 3
    assert recipe.override(r1=3.0).penalties()[0].gamma == 3, "a weight that is set wins"
    with pytest.raises(ValueError, match="spectral_norm=True cannot be used"):
        recipe.override(spectral_norm=True).check()
