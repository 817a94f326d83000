"""The adversarial loss of pairs: its terms in closed form, and where its gradients flow."""

from __future__ import annotations

import pytest
import torch

from hf_genimg import Pix2PixDiscriminator, Pix2PixGenerator
from hf_genimg.losses.adversarial import GAN_LOSSES, gan_loss
from hf_genimg.objectives.translation import Translation

Networks = dict[str, torch.nn.Module]
Batch = dict[str, torch.Tensor]


@pytest.fixture
def networks() -> Networks:
    torch.manual_seed(0)
    return {"generator": Pix2PixGenerator(64, 1, 3, 2), "discriminator": Pix2PixDiscriminator(64, 1, 3, 2)}


@pytest.fixture
def batch() -> Batch:
    return {"images": torch.rand(4, 1, 64, 64) * 2 - 1, "inputs": torch.rand(4, 3, 64, 64) * 2 - 1}


def terms_of(loss: str, player: str, networks: Networks, batch: Batch, l1_weight: float = 100.0) -> Batch:
    torch.manual_seed(1)  # for the dropout
    return getattr(Translation(gan_loss(loss), l1_weight), player)(networks, batch)


def by_hand(networks: Networks, batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    fake = networks["generator"](batch["inputs"])
    discriminator = networks["discriminator"]
    return (
        fake,
        discriminator(batch["inputs"], batch["images"]).flatten(),
        discriminator(batch["inputs"], fake).flatten(),
    )


@pytest.mark.parametrize("loss", list(GAN_LOSSES))
@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_gradients_reach_only_the_player(loss: str, player: str, networks: Networks, batch: Batch) -> None:
    for name, network in networks.items():
        network.requires_grad_(name == player)
    sum(terms_of(loss, player, networks, batch).values()).backward()
    for name, network in networks.items():
        gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
        assert len(gradients) == (len(list(network.parameters())) if name == player else 0)
        assert all(gradient.isfinite().all() for gradient in gradients)
        assert name != player or gradients[0].abs().sum() > 0


def test_the_discriminator_step_builds_no_graph_of_the_generator(networks: Networks, batch: Batch) -> None:
    sum(
        terms_of("hinge", "discriminator", networks, batch).values()
    ).backward()  # both may learn, as far as requires_grad says
    assert all(parameter.grad is None for parameter in networks["generator"].parameters())


def test_the_terms_of_the_discriminator_are_halved_means_over_patches(networks: Networks, batch: Batch) -> None:
    terms = terms_of("non_saturating", "discriminator", networks, batch)
    _, on_real, on_fake = by_hand(networks, batch)
    assert set(terms) == {"real", "fake"} and len(on_real) == 4 * 14 * 14
    torch.testing.assert_close(terms["real"], -on_real.sigmoid().log().mean() / 2)
    torch.testing.assert_close(terms["fake"], -(1 - on_fake.sigmoid()).log().mean() / 2)


def test_the_terms_of_the_generator(networks: Networks, batch: Batch) -> None:
    terms = terms_of("non_saturating", "generator", networks, batch, l1_weight=30.0)
    fake, _, on_fake = by_hand(networks, batch)
    assert set(terms) == {"adversarial", "l1"}
    torch.testing.assert_close(terms["adversarial"], -on_fake.sigmoid().log().mean())
    torch.testing.assert_close(terms["l1"], 30 * (fake - batch["images"]).abs().mean())
    assert set(terms_of("non_saturating", "generator", networks, batch, l1_weight=0)) == {"adversarial"}


def test_a_relativistic_generator_sees_the_real_pairs(networks: Networks, batch: Batch) -> None:
    terms = terms_of("relativistic", "generator", networks, batch)
    _, on_real, on_fake = by_hand(networks, batch)
    torch.testing.assert_close(terms["adversarial"], -(on_fake - on_real).sigmoid().log().mean())


def test_held_out_compares_translations_and_inputs_with_the_truth(networks: Networks, batch: Batch) -> None:
    networks["generator"].eval()
    terms = Translation(gan_loss("hinge")).held_out(networks, batch)
    torch.testing.assert_close(terms, {"l1": (networks["generator"](batch["inputs"]) - batch["images"]).abs().mean()})
    alike = {"inputs": batch["images"], "images": batch["images"] / 2}
    grey = {"generator": Pix2PixGenerator(64, 1, 1, 2).eval()}
    torch.testing.assert_close(
        Translation(gan_loss("hinge")).held_out(grey, alike)["l1_of_inputs"], batch["images"].abs().mean() / 2
    )


def test_losses_are_taken_in_float32(networks: Networks, batch: Batch) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        for player in ("discriminator", "generator"):
            assert all(
                term.dtype == torch.float32 for term in terms_of("non_saturating", player, networks, batch).values()
            )


def test_dropout_is_sampled_from_the_global_generator(networks: Networks, batch: Batch) -> None:
    first, again = (terms_of("hinge", "generator", networks, batch)["l1"] for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, Translation(gan_loss("hinge")).generator(networks, batch)["l1"])


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_both_players_learn_from_moved_pairs(player: str, networks: Networks, batch: Batch) -> None:
    def mirrored(inputs: torch.Tensor, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return inputs.flip(3), images.flip(3)

    objective = Translation(gan_loss("hinge"), 100.0, mirrored)
    torch.manual_seed(1)
    terms = getattr(objective, player)(networks, batch)
    expected = terms_of("hinge", player, networks, {name: images.flip(3) for name, images in batch.items()})
    assert terms == expected and terms != terms_of("hinge", player, networks, batch)
