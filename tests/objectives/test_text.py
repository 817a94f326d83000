"""The objective of a text-conditioned GAN: captions of others count as fakes, and the penalty has a closed form."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import hf_genimg
from hf_genimg.losses.adversarial import hinge, non_saturating
from hf_genimg.objectives.base import Step
from hf_genimg.objectives.regularizers import LatentConsistency
from hf_genimg.objectives.text import TextAdversarial, matching_penalty

SIZE = {"image_size": 16, "image_channels": 1, "text_dim": 4, "width": 2, "vocabulary": ["a", "b", "c"]}


@pytest.fixture
def networks() -> dict[str, nn.Module]:
    torch.manual_seed(0)
    return {
        "generator": hf_genimg.TextGANGenerator(**SIZE, latent_dim=4),
        "discriminator": hf_genimg.TextGANDiscriminator(**SIZE),
    }


def batch(*captions: int) -> dict[str, torch.Tensor]:
    return {"images": torch.rand(len(captions), 1, 16, 16) * 2 - 1, "text": torch.tensor(captions)[:, None]}


def discriminator_terms(objective: TextAdversarial, networks: dict[str, nn.Module], given: dict) -> dict:
    objective.begin(Step(player="discriminator"))
    return objective.discriminator(networks, given)


def test_fakes_and_mismatched_captions_share_the_weight(networks: dict[str, nn.Module]) -> None:
    given, discriminator = batch(1, 2, 3, 3), networks["discriminator"]
    objective = TextAdversarial(hinge(), penalty=0.0)
    terms = discriminator_terms(objective, networks, given)
    assert list(terms) == ["real", "fake", "mismatched"]
    fake = discriminator(objective._fakes[0][2], given["text"])
    torch.testing.assert_close(terms["fake"], 0.5 * torch.relu(1 + fake).mean())
    wrong = discriminator(given["images"], given["text"].roll(1, 0))[
        [0, 1, 2]
    ]  # the fourth has the caption of the third
    torch.testing.assert_close(terms["mismatched"], 0.5 * torch.relu(1 + wrong).sum() / 4)


def test_equal_captions_are_no_mismatch(networks: dict[str, nn.Module]) -> None:
    assert discriminator_terms(TextAdversarial(hinge(), penalty=0.0), networks, batch(2, 2))["mismatched"] == 0


def test_the_penalty_is_of_image_and_sentence_together() -> None:
    images, sentences = torch.randn(3, 1, 2, 2, requires_grad=True), torch.randn(3, 2, requires_grad=True)
    logits = 2 * images.sum((1, 2, 3)) + (sentences * torch.tensor([3.0, 0.0])).sum(1)
    torch.testing.assert_close(matching_penalty(logits, images, sentences), torch.tensor((4 * 2.0**2 + 9) ** 3))


def test_the_penalty_comes_in_one_of_so_many_updates(networks: dict[str, nn.Module]) -> None:
    given, found = batch(1, 2), []
    objective, once = TextAdversarial(hinge(), every=3), TextAdversarial(hinge())
    for _ in range(4):
        found.append(discriminator_terms(objective, networks, given)["matching_penalty"].item())
        objective.update("discriminator", networks)
    expected = discriminator_terms(once, networks, given)["matching_penalty"].item()
    assert found == pytest.approx([3 * expected, 0, 0, 3 * expected]) and expected > 0


def test_regularizers_see_fakes_without_the_penalty_of_real_images(networks: dict[str, nn.Module]) -> None:
    seen = []
    networks["discriminator"].head.register_forward_hook(lambda *_: seen.append(torch.is_autocast_enabled("cpu")))
    spread = LatentConsistency(consistency=1.0, spread=0.0, sigma=0.5)
    objective = TextAdversarial(hinge(), regularizers=[spread])
    with torch.autocast("cpu", torch.bfloat16):
        terms = discriminator_terms(objective, networks, batch(1, 2))
    assert seen == [False, False, True, True]  # real, mismatched; fakes, and fakes of latents near theirs
    assert terms["consistency_latents"] >= 0 and "spread" not in terms


def test_both_networks_learn_their_text_encoder(networks: dict[str, nn.Module]) -> None:
    objective, given = TextAdversarial(non_saturating()), batch(1, 2)
    for network in networks.values():
        for tensor in network.parameters():
            nn.init.normal_(tensor, std=0.2)
    sum(discriminator_terms(objective, networks, given).values()).backward()
    networks["discriminator"].requires_grad_(False)
    objective.begin(Step(player="generator", turn=1))
    sum(objective.generator(networks, given).values()).backward()
    for network in networks.values():
        assert network.text_encoder.words.weight.grad.abs().sum() > 0
    with torch.no_grad():
        assert set(objective.held_out(networks, given)) == {"real", "fake", "mismatched"}


def test_images_and_captions_find_one_another(networks: dict[str, nn.Module]) -> None:
    given = batch(1, 2, 2)
    discriminator = networks["discriminator"] = hf_genimg.TextGANDiscriminator(**SIZE, contrast_dim=3)
    objective = TextAdversarial(hinge(), penalty=0.0, contrast=2.0)
    real = discriminator_terms(objective, networks, given)["contrast"]
    images, texts = discriminator.vectors(
        discriminator.encode_images(given["images"]), discriminator.encode_text(given["text"])
    )
    logits = images @ texts.T / 0.1
    by_image, by_text = logits.log_softmax(1), logits.log_softmax(0).T
    wanted = [each[0, 0] + (each[1:, 1:].sum() / 2) for each in (by_image, by_text)]
    torch.testing.assert_close(real, -2 * sum(wanted) / 6)
    objective.begin(Step(player="generator", turn=1))
    fake = objective.generator(networks, given)["contrast"]
    fake.backward()
    assert fake != real and networks["generator"].last.weight.grad.abs().sum() > 0
    with torch.no_grad():
        assert "contrast" not in objective.held_out(networks, given)
