"""Unrolled GAN: its gradient against one written out by hand, and what it leaves as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

import hf_genimg
from hf_genimg.losses.adversarial import gan_loss
from hf_genimg.objectives.adversarial import Adversarial
from hf_genimg.objectives.base import Objective, Step
from hf_genimg.objectives.unrolled import Unrolled, minimax
from hf_genimg.recipes import recipe_class
from hf_genimg.training.loop import train

RATE, BETAS, EPS = 0.3, (0.5, 0.9), 1e-8
REAL = torch.tensor([[0.9, -0.2], [0.4, 0.7], [1.1, 0.3]], dtype=torch.float64)
LATENTS = torch.tensor([[0.3], [-1.2], [0.8]], dtype=torch.float64)


class Line(torch.nn.Module):
    """Latents to points, linear; always the same latents."""

    conditions = ()

    def __init__(self) -> None:
        super().__init__()
        self.slope = torch.nn.Parameter(torch.tensor([[0.5, -0.4]], dtype=torch.float64))

    def sample_latents(self, count: int) -> torch.Tensor:
        return LATENTS[:count]

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        return latents @ self.slope


class Score(torch.nn.Module):
    """Points to logits, linear."""

    conditions = ()

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([0.2, -0.6], dtype=torch.float64))
        self.bias = torch.nn.Parameter(torch.tensor(0.1, dtype=torch.float64))

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        return points @ self.weight + self.bias


def discriminator_loss(weight: torch.Tensor, bias: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
    real, fake = REAL @ weight + bias, (LATENTS @ slope) @ weight + bias
    return -(real.sigmoid().log().mean() + (1 - fake.sigmoid()).log().mean())


def slope_of_loss(weight: torch.Tensor, bias: torch.Tensor, slope: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The derivatives of `discriminator_loss` by weight and bias, written out."""
    fakes = LATENTS @ slope
    on_real, on_fake = (REAL @ weight + bias).sigmoid() - 1, (fakes @ weight + bias).sigmoid()
    by_weight = (on_real[:, None] * REAL).mean(0) + (on_fake[:, None] * fakes).mean(0)
    return by_weight, on_real.mean() + on_fake.mean()


def by_hand(steps: int, inner: str, slope: torch.Tensor, state: dict[str, Any], full: bool) -> torch.Tensor:
    """The generator's loss as a function of its slope alone."""
    values = [torch.tensor([0.2, -0.6], dtype=torch.float64), torch.tensor(0.1, dtype=torch.float64)]
    means, squares = list(state["means"]), list(state["squares"])
    for step in range(steps):
        for index, gradient in enumerate(slope_of_loss(*values, slope)):
            if inner == "sgd":
                change = gradient
            else:
                means[index] = BETAS[0] * means[index] + (1 - BETAS[0]) * gradient
                squares[index] = BETAS[1] * squares[index] + (1 - BETAS[1]) * gradient**2
                count = state["count"] + step + 1
                root = (squares[index] / (1 - BETAS[1] ** count)) ** 0.5 + EPS
                change = means[index] / (1 - BETAS[0] ** count) / root
            values[index] = values[index] - RATE * change
    if full:
        return -discriminator_loss(*values, slope)
    return -((LATENTS @ slope) @ values[0] + values[1]).sigmoid().log().mean()


def setting_of(updates: int) -> SimpleNamespace:
    """Networks, and the discriminator's Adam after so many updates that left its weights where they were."""
    networks = {"generator": Line(), "discriminator": Score()}
    parameters = list(networks["discriminator"].parameters())
    optimizer = torch.optim.Adam(parameters, lr=0.0, betas=BETAS, eps=EPS)
    for number in range(updates):
        for parameter in parameters:
            parameter.grad = torch.full_like(parameter, 0.3 - 0.2 * number)
        optimizer.step()
    optimizer.zero_grad()
    optimizer.param_groups[0]["lr"] = RATE
    states = [optimizer.state.get(parameter, {}) for parameter in parameters]
    zeros = [torch.zeros_like(parameter) for parameter in parameters]
    state = {"count": updates}
    for name, key in (("means", "exp_avg"), ("squares", "exp_avg_sq")):
        state[name] = [s.get(key, zero).clone() for s, zero in zip(states, zeros, strict=True)]
    return SimpleNamespace(networks=networks, optimizers={"discriminator": optimizer}, state=state)


def generator_terms(objective: Objective, setting: SimpleNamespace) -> dict[str, torch.Tensor]:
    setting.networks["discriminator"].requires_grad_(False)
    objective.begin(Step(player="generator", turn=1, optimizers=setting.optimizers))
    terms = objective.generator(setting.networks, {"images": REAL})
    sum(terms.values()).backward()
    return terms


@pytest.mark.parametrize("full", [False, True], ids=["non_saturating", "minimax"])
@pytest.mark.parametrize("updates", [0, 3])
@pytest.mark.parametrize("inner", ["sgd", "adam"])
@pytest.mark.parametrize("steps", [0, 1, 2])
def test_the_gradient_is_the_one_by_hand(steps: int, inner: str, updates: int, full: bool) -> None:
    loss = minimax(gan_loss("saturating")) if full else gan_loss("non_saturating")
    setting = setting_of(updates)
    terms = generator_terms(Unrolled(loss, steps=steps, inner=inner), setting)
    slope = Line().slope
    expected = by_hand(steps, inner, slope, setting.state, full)
    expected.backward()
    torch.testing.assert_close(terms["adversarial"], expected.float(), rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(setting.networks["generator"].slope.grad, slope.grad, rtol=1e-5, atol=1e-7)


def test_the_gradient_goes_through_the_inner_updates() -> None:
    """Without it, the generator would only see another discriminator."""
    gradients = []
    for detached in (False, True):
        setting = setting_of(0)
        objective = Unrolled(gan_loss("non_saturating"), steps=2, inner="sgd")
        if detached:
            objective.opposed = after(objective.opposed)
        generator_terms(objective, setting)
        gradients.append(setting.networks["generator"].slope.grad)
    assert not torch.allclose(*gradients, rtol=0.05)


def after(opposed: Callable[..., Any]) -> Callable[..., Any]:
    """`opposed`, with a discriminator that has no graph."""

    def changed(*given: Any) -> Any:
        networks = opposed(*given)
        plain = Score()
        plain.load_state_dict({name: value.detach() for name, value in networks["discriminator"].weights.items()})
        return {**networks, "discriminator": plain.requires_grad_(False)}

    return changed


def test_without_steps_it_is_the_plain_objective_bit_for_bit() -> None:
    results = []
    for kind, more in ((Adversarial, {}), (Unrolled, {"steps": 0})):
        torch.manual_seed(0)
        networks = {
            "generator": hf_genimg.MLPGANGenerator(image_size=8, latent_dim=4, width=8),
            "discriminator": hf_genimg.MLPGANDiscriminator(image_size=8, width=8),
        }
        objective, images = kind(loss=gan_loss("non_saturating"), **more), torch.rand(6, 1, 8, 8) * 2 - 1
        for turn, player in enumerate(objective.players):
            objective.begin(Step(player=player, turn=turn))
            sum(getattr(objective, player)(networks, {"images": images}).values()).backward()
        results.append([p.grad for network in networks.values() for p in network.parameters()])
    assert all(torch.equal(one, other) for one, other in zip(*results, strict=True))


@pytest.mark.parametrize("updates", [0, 3])
def test_an_inner_update_is_the_next_update_of_the_optimizer(updates: int) -> None:
    """And discriminator and optimizer are left as they were."""
    setting = setting_of(updates)
    discriminator, optimizer = setting.networks["discriminator"], setting.optimizers["discriminator"]
    objective = Unrolled(gan_loss("non_saturating"), steps=1)
    objective.begin(Step(player="generator", turn=1, optimizers=setting.optimizers))
    fake = setting.networks["generator"](LATENTS)
    ahead = objective.opposed(setting.networks, {"images": REAL}, LATENTS, fake)["discriminator"]
    for name, value in Score().state_dict().items():
        assert torch.equal(discriminator.state_dict()[name], value)
    assert [float(state["step"]) for state in optimizer.state.values()] == [float(updates)] * (2 if updates else 0)
    discriminator_loss(
        discriminator.weight, discriminator.bias, setting.networks["generator"].slope.detach()
    ).backward()
    optimizer.step()
    for name, value in ahead.weights.items():
        torch.testing.assert_close(value.detach(), discriminator.get_parameter(name).detach(), rtol=1e-6, atol=1e-7)


def test_a_weight_without_gradient_stays_and_gives_no_nan() -> None:
    """Adam's root has an infinite slope at 0."""
    setting = setting_of(0)
    setting.networks["discriminator"].register_parameter("unused", torch.nn.Parameter(torch.zeros(())))
    score = setting.networks["discriminator"]
    plain = score.forward
    score.forward = lambda points: plain(points) + 0 * score.unused
    setting.optimizers["discriminator"].add_param_group({"params": [score.unused]})
    generator_terms(Unrolled(gan_loss("non_saturating"), steps=2), setting)
    assert torch.isfinite(setting.networks["generator"].slope.grad).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"steps": -1}, "unrolled_steps=-1 must be from 0 to 100"),
        ({"steps": 1, "inner": "newton"}, "inner_optimizer='newton' is not known; use one of adam, sgd"),
        ({"steps": 1, "learning_rate": 0.0}, "inner_learning_rate=0.0 must be above 0"),
    ],
)
def test_wrong_arguments_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Unrolled(gan_loss("non_saturating"), **given)


def test_adam_goes_on_from_adam_only() -> None:
    setting = setting_of(0)
    setting.optimizers["discriminator"] = torch.optim.SGD(setting.networks["discriminator"].parameters(), lr=0.1)
    with pytest.raises(ValueError, match="goes on from Adam, not SGD; use sgd"):
        generator_terms(Unrolled(gan_loss("non_saturating"), steps=1), setting)


def recipe(**fields: Any) -> Any:
    return recipe_class("unrolled_gan")().smoke().override(**fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"unrolled_steps": 101}, "unrolled_steps=101 must be from 0 to 100"),
        ({"inner_optimizer": "sgd"}, "inner_optimizer=sgd needs inner_learning_rate"),
        ({"compile": True}, "compile=True cannot be used: torch.compile has no second derivatives"),
        ({"mixed_precision": "fp16"}, "mixed_precision=fp16 cannot be used: .* use bf16 or no"),
    ],
)
def test_what_the_recipe_cannot_do_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        recipe(**fields).check()


def test_the_whole_loss_by_gradient_descent_resumes_exactly(
    tensors_of: Callable[[Path], dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    """With parts that have state of their own, in micro-batches."""
    fields = {"inner_optimizer": "sgd", "inner_learning_rate": 0.1, "minimax": True, "unrolled_steps": 2}
    chosen = recipe(**fields, spectral_norm=True, diff_augment="color", lecam=0.1, n_critic=2)
    train(chosen, tmp_path / "whole", callbacks=[], progress=False)
    train(chosen, tmp_path / "halves", callbacks=[], progress=False, stop_at=32)
    train(chosen, tmp_path / "halves", callbacks=[], progress=False)
    whole, halves = tensors_of(tmp_path / "whole"), tensors_of(tmp_path / "halves")
    assert whole.keys() == halves.keys()
    assert all(torch.equal(whole[key], halves[key]) for key in whole)
