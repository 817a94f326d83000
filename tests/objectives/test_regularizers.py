"""Which terms regularizers and augmentation add, and when."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import torch
from torch import nn

import hf_genimg
from hf_genimg.losses.adversarial import non_saturating
from hf_genimg.losses.regularization import zero_centered
from hf_genimg.objectives.adversarial import Adversarial
from hf_genimg.objectives.regularizers import Context, GradientPenalty, Regularizer, WeightClipping, ZeroCenteredPenalty
from hf_genimg.recipes import recipe_class
from hf_genimg.training.loop import train
from hf_genimg.training.recipe import Recipe


@pytest.fixture
def networks() -> dict[str, nn.Module]:
    torch.manual_seed(0)
    return {
        "generator": hf_genimg.MLPGANGenerator(image_size=8, latent_dim=4, width=8),
        "discriminator": hf_genimg.MLPGANDiscriminator(image_size=8, width=8),
    }


@pytest.fixture
def real() -> torch.Tensor:
    return torch.rand(6, 1, 8, 8) * 2 - 1


def test_terms_are_weighted_and_named(networks: dict[str, nn.Module], real: torch.Tensor) -> None:
    parts = [ZeroCenteredPenalty(3.0, on="real"), ZeroCenteredPenalty(2.0, on="fake"), GradientPenalty(10.0)]
    terms = Adversarial(non_saturating(), parts).discriminator(networks, {"images": real})
    assert list(terms) == ["real", "fake", "r1", "r2", "gradient_penalty"]
    torch.testing.assert_close(terms["r1"], 3 * zero_centered(networks["discriminator"], real))
    sum(terms.values()).backward()
    assert all(p.grad is not None for p in networks["discriminator"].parameters())
    assert all(p.grad is None for p in networks["generator"].parameters())


def test_a_lazy_penalty_is_the_same_on_average(networks: dict[str, nn.Module], real: torch.Tensor) -> None:
    lazy, eager = ZeroCenteredPenalty(1.0, on="real", every=4), ZeroCenteredPenalty(1.0, on="real")
    values = []
    for _ in range(8):
        context = Context(Adversarial(non_saturating()), networks, {"images": real}, None, real, real, None, None)
        values.append(lazy.discriminator(context)["r1"].item())
        lazy.discriminator(context)  # a second forward in the same update
        lazy.update("discriminator", networks)
        lazy.update("generator", networks)
    expected = eager.discriminator(context)["r1"].item()
    assert values == pytest.approx([4 * expected, 0, 0, 0] * 2)
    assert "updates" in lazy.state_dict()


def test_clipping_bounds_every_weight_after_every_update(networks: dict[str, nn.Module]) -> None:
    discriminator = networks["discriminator"]
    before = [p.clone() for p in discriminator.parameters()]
    objective = Adversarial(non_saturating(), [WeightClipping(0.05)])
    objective.update("generator", networks)
    assert all(torch.equal(a, b) for a, b in zip(before, discriminator.parameters(), strict=True))
    objective.update("discriminator", networks)
    for old, new in zip(before, discriminator.parameters(), strict=True):
        assert torch.equal(old.clamp(-0.05, 0.05), new)


def test_every_image_that_the_discriminator_sees_is_augmented(
    networks: dict[str, nn.Module], real: torch.Tensor
) -> None:
    seen: list[torch.Tensor] = []
    networks["discriminator"].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    noticed: list[torch.Tensor] = []

    class Notice(Regularizer):
        def discriminator(self, context: Context) -> dict[str, torch.Tensor]:
            noticed.extend((context.real, context.fake))
            return {}

    objective = Adversarial(non_saturating(), [Notice()], augment=lambda images: images * 0 + 0.5)
    objective.discriminator(networks, {"images": real})
    objective.generator(networks, {"images": real})
    assert len(seen) == 3
    assert all((images == 0.5).all() for images in (*seen, *noticed))


def test_mistakes_name_what_is_right() -> None:
    with pytest.raises(ValueError, match="gradient_penalty_points='far' is not known; use one of between, dragan"):
        GradientPenalty(1.0, points="far")
    with pytest.raises(ValueError, match="penalty_every=0 at least 1"):
        ZeroCenteredPenalty(1.0, on="real", every=0)


COMPOSITIONS = [
    {"loss": "relativistic", "r1": 1.0, "r2": 1.0, "penalty_every": 2},
    {"loss": "wasserstein", "gradient_penalty": 10.0, "n_critic": 2},
    {"loss": "wasserstein", "weight_clipping": 0.01},
    {"loss": "hinge", "diff_augment": "color,translation,cutout"},
    {"loss": "least_squares", "gradient_penalty": 1.0, "gradient_penalty_points": "dragan", "one_sided": True},
    {
        "loss": "relativistic",
        "r1": 1.0,
        "r2": 1.0,
        "augment": "blit,geometry,color:0.5,cutout",
        "burn_in_images": 48,
        "penalty_decay": 0.1,
        "final_adam_beta2": 0.99,
    },
    {"loss": "saturating", "mixed_precision": "bf16", "r1": 1.0},
]


@pytest.mark.parametrize("fields", COMPOSITIONS, ids=lambda fields: ",".join(map(str, fields.values())))
def test_compositions_train_and_resume_exactly(
    fields: dict[str, object], tmp_path: object, tensors_of: Callable
) -> None:
    recipe: Recipe = recipe_class("mlp_gan")().smoke().override(**fields)
    train(recipe, tmp_path / "whole", callbacks=[], progress=False)
    train(recipe, tmp_path / "halves", callbacks=[], stop_at=24, progress=False)
    train(recipe, tmp_path / "halves", callbacks=[], progress=False)
    whole, halves = tensors_of(tmp_path / "whole"), tensors_of(tmp_path / "halves")
    assert whole.keys() == halves.keys()
    assert all(torch.equal(whole[key], halves[key]) for key in whole)
    if "augment" in fields:
        records = map(json.loads, (tmp_path / "whole/log.jsonl").read_text().splitlines())
        logged = [record["augmentation/probability"] for record in records if "learning_rate_scale" in record]
        assert logged and 0 < logged[-1] == pytest.approx(0.5)  # the burn-in ends with the run
    if "weight_clipping" in fields:
        assert max(t.abs().max() for key, t in whole.items() if "networks.safetensors:discriminator" in key) <= 0.01
