"""Regularizers against closed forms and loops, in float64; their state moves once an update."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import nn

import hf_genimg
from hf_genimg.losses.adversarial import gan_loss, non_saturating
from hf_genimg.losses.regularization import consistency, lecam, orthogonality
from hf_genimg.objectives.adversarial import Adversarial
from hf_genimg.objectives.regularizers import (
    Consistency,
    Context,
    LatentConsistency,
    LeCam,
    ModeSeeking,
    Orthogonal,
    Regularizer,
    TopK,
)

double = partial(torch.randn, dtype=torch.float64)


@pytest.fixture
def networks() -> dict[str, nn.Module]:
    torch.manual_seed(0)
    return {
        "generator": hf_genimg.MLPGANGenerator(image_size=8, latent_dim=4, width=8),
        "discriminator": hf_genimg.MLPGANDiscriminator(image_size=8, width=8),
    }


@pytest.fixture
def batch() -> dict[str, torch.Tensor]:
    return {"images": torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(1)) * 2 - 1}


def objective_with(
    networks: dict[str, nn.Module], batch: dict[str, torch.Tensor], *parts: Regularizer, **options: object
) -> Adversarial:
    return Adversarial(non_saturating(), parts, **options)


def test_terms_against_loops() -> None:
    real, fake, changed = double(7), double(7), double(7)
    expected = sum((r - 0.3) ** 2 for r in real) / 7 + sum((f - 2.0) ** 2 for f in fake) / 7
    torch.testing.assert_close(lecam(real, fake, torch.tensor(2.0), torch.tensor(0.3)), expected)
    torch.testing.assert_close(
        consistency(real, changed), sum((a - b) ** 2 for a, b in zip(real, changed, strict=True)) / 7
    )
    weight = double(4, 3, 2, 2)
    rows = [row.flatten() for row in weight]
    expected = sum((rows[i] @ rows[j]) ** 2 for i in range(4) for j in range(4) if i != j)
    torch.testing.assert_close(orthogonality([weight, weight]), 2 * expected)
    assert orthogonality([3 * torch.eye(4, dtype=torch.float64)]) == 0


def test_gradients_of_terms() -> None:
    real, fake, anchors = double(5).requires_grad_(), double(5).requires_grad_(), double(2)
    assert torch.autograd.gradcheck(lambda r, f: lecam(r, f, *anchors), (real, fake))
    assert torch.autograd.gradcheck(consistency, (real, fake))
    assert torch.autograd.gradcheck(lambda w: orthogonality([w]), (double(3, 4).requires_grad_(),))


def test_anchors_move_once_an_update(networks: dict[str, nn.Module], batch: dict[str, torch.Tensor]) -> None:
    part = LeCam(2.0, decay=0.9)
    expected = None
    for update in range(4):
        logits = torch.randn(2, 2, 3) + update  # micro-batch, side, image
        part.gathered.zero_()  # as the loop does
        for on_real, on_fake in logits:
            context = Context(None, networks, batch, None, None, None, on_real, on_fake)
            term = part.discriminator(context)["lecam"]
            wanted = 0.0 if expected is None else 2 * lecam(on_real, on_fake, *expected)
            torch.testing.assert_close(term, torch.as_tensor(wanted))
        part.update("discriminator", networks)
        part.update("generator", networks)
        means = logits.mean((0, 2))
        expected = means if expected is None else 0.9 * expected + 0.1 * means
        torch.testing.assert_close(part.anchors, expected)
    assert set(part.state_dict()) == {"anchors", "updates"}


def test_consistency_is_of_the_same_images(networks: dict[str, nn.Module], batch: dict[str, torch.Tensor]) -> None:
    same = objective_with(networks, batch, Consistency(lambda images: images, real=3.0, fake=2.0)).discriminator(
        networks, batch
    )
    assert same["consistency_real"] == 0 and same["consistency_fake"] == 0
    objective = objective_with(networks, batch, Consistency(lambda images: -images, real=3.0))
    terms = objective.discriminator(networks, batch)
    discriminator = networks["discriminator"]
    torch.testing.assert_close(
        terms["consistency_real"],
        3 * (discriminator(batch["images"]) - discriminator(-batch["images"])).square().mean(),
    )
    assert "consistency_fake" not in terms
    terms["consistency_real"].backward()
    assert all(p.grad is not None for p in discriminator.parameters() if p.dim() > 1)


def test_real_and_fake_images_are_augmented_in_the_same_precision(
    networks: dict[str, nn.Module], batch: dict[str, torch.Tensor]
) -> None:
    seen = []

    def augment(images: torch.Tensor) -> torch.Tensor:
        seen.append(images.dtype)
        return images

    objective = Adversarial(non_saturating(), augment=augment)
    with torch.autocast("cpu", torch.bfloat16):
        assert networks["generator"](torch.randn(2, 4)).dtype == torch.bfloat16
        for player in objective.players:
            getattr(objective, player)(networks, batch)
    assert seen == [torch.float32] * 3  # real and fake ones of the discriminator's step, fake ones of the generator's


def test_latents_a_little_apart(networks: dict[str, nn.Module], batch: dict[str, torch.Tensor]) -> None:
    still = objective_with(networks, batch, LatentConsistency(consistency=5.0, spread=0.5, sigma=0.0))
    networks["generator"].eval()
    assert still.discriminator(networks, batch)["consistency_latents"] == 0
    assert still.generator(networks, batch)["spread"] == 0
    objective = objective_with(networks, batch, LatentConsistency(consistency=5.0, spread=0.5, sigma=0.3))
    terms = objective.discriminator(networks, batch)
    assert terms["consistency_latents"] > 0
    terms["consistency_latents"].backward()
    assert all(p.grad is None for p in networks["generator"].parameters())
    latents = objective._fakes[0][0]
    torch.manual_seed(5)
    spread = objective.generator(networks, batch)["spread"]
    torch.manual_seed(5)
    near = networks["generator"](latents + 0.3 * torch.randn_like(latents))
    torch.testing.assert_close(spread, -0.5 * (networks["generator"](latents) - near).square().mean())


def test_images_differ_as_their_latents_do(networks: dict[str, nn.Module], batch: dict[str, torch.Tensor]) -> None:
    objective = objective_with(networks, batch, ModeSeeking(3.0))
    networks["generator"].eval()
    objective.discriminator(networks, batch)
    latents = objective._fakes[0][0]
    term = objective.generator(networks, batch)["mode_seeking"]
    images, others = networks["generator"](latents), networks["generator"](latents.roll(1, 0))
    ratio = (images - others).abs().mean() / (latents - latents.roll(1, 0)).abs().mean()
    torch.testing.assert_close(term, 3 / ratio, rtol=1e-2, atol=0)  # 1e-5 keeps it finite
    one = {name: values[:1] for name, values in batch.items()}
    assert objective_with(networks, one, ModeSeeking(3.0)).generator(networks, one)["mode_seeking"] == 0


def test_each_player_pays_for_its_own_weights(networks: dict[str, nn.Module], batch: dict[str, torch.Tensor]) -> None:
    objective = objective_with(networks, batch, Orthogonal(2.0))
    for player in ("discriminator", "generator"):
        term = getattr(objective, player)(networks, batch)["orthogonal"]
        torch.testing.assert_close(term, 2 * orthogonality(p for p in networks[player].parameters() if p.dim() > 1))


def test_the_generator_learns_from_the_best_only(
    networks: dict[str, nn.Module], batch: dict[str, torch.Tensor]
) -> None:
    part = TopK(0.25, updates=10)
    logits = torch.tensor([3.0, -1.0, 4.0, 1.0, -5.0, 9.0, 2.0, 6.0])
    assert sorted(part.select(logits).tolist()) == sorted(logits.tolist())
    for _ in range(5):
        part.update("discriminator", networks)
    assert sorted(part.select(logits).tolist()) == [3.0, 4.0, 6.0, 9.0]  # the square root of a quarter
    for _ in range(20):
        part.update("discriminator", networks)
    assert sorted(part.select(logits).tolist()) == [6.0, 9.0]
    objective = objective_with(networks, batch, part)
    objective.discriminator(networks, batch)
    term = objective.generator(networks, batch)["adversarial"]
    networks["generator"].train()
    fakes = networks["generator"](objective._fakes[0][0]) if objective._fakes else None
    assert fakes is None  # the latents were used up
    assert term.isfinite()
    with pytest.raises(ValueError, match="top_k=0 must be above 0"):
        TopK(0, 1)


@pytest.mark.parametrize("name", ["non_saturating", "saturating", "least_squares"])
def test_smoothed_labels(name: str) -> None:
    on_real, on_fake = double(9), double(9)
    plain, smooth = gan_loss(name), gan_loss(name, 0.1)
    terms = smooth.discriminator(on_real, on_fake)
    torch.testing.assert_close(terms["fake"], plain.discriminator(on_real, on_fake)["fake"])
    if name == "least_squares":
        expected = sum(0.5 * (r - 0.9) ** 2 for r in on_real) / 9
    else:
        expected = nn.functional.binary_cross_entropy_with_logits(on_real, torch.full_like(on_real, 0.9))
    torch.testing.assert_close(terms["real"], expected)
    assert torch.equal(smooth.generator(None, on_fake)["adversarial"], plain.generator(None, on_fake)["adversarial"])


def test_losses_without_labels_refuse_smoothing() -> None:
    with pytest.raises(ValueError, match="label_smoothing=0.1 cannot go with loss=hinge"):
        gan_loss("hinge", 0.1)
