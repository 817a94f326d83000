"""VAE-GAN: what each player has gradients of, the error in features, the settings of the paper."""

from __future__ import annotations

import pytest
import torch

import hf_genimg
from hf_genimg.losses.adversarial import gan_loss
from hf_genimg.objectives.vaegan import LearnedSimilarity
from hf_genimg.recipes import recipe_class


@pytest.fixture
def networks() -> dict[str, torch.nn.Module]:
    torch.manual_seed(0)
    size = {"image_size": 8, "image_channels": 1, "width": 4}
    return {
        "autoencoder": hf_genimg.VAEGAN(**size, latent_dim=3),
        "discriminator": hf_genimg.VAEGANDiscriminator(**size),
    }


def gradients(networks: dict[str, torch.nn.Module], terms: dict[str, torch.Tensor]) -> set[str]:
    """The parts that have gradients of these terms."""
    for network in networks.values():
        network.zero_grad()
    sum(terms.values()).backward()
    names = {"encoder": "encoder", "to_mean": "encoder", "to_log_variance": "encoder", "decoder": "decoder"}
    return {
        names.get(key.partition(".")[0], "discriminator")
        for network in networks.values()
        for key, weight in network.named_parameters()
        if weight.grad is not None and weight.grad.any()
    }


def test_the_gan_loss_does_not_reach_the_encoder(networks: dict[str, torch.nn.Module]) -> None:
    objective = LearnedSimilarity(gan_loss("non_saturating"), feature_weight=0.1)
    batch = {"images": torch.rand(6, 1, 8, 8) * 2 - 1}
    assert gradients(networks, objective.discriminator(networks, batch)) == {"discriminator"}
    assert "encoder" not in gradients(networks, objective.decoder(networks, batch))
    assert set(objective.encoder(networks, batch)) == {"features", "kl"}
    assert "encoder" in gradients(networks, objective.encoder(networks, batch))


def test_the_error_is_half_the_squared_distance_of_features(networks: dict[str, torch.nn.Module]) -> None:
    objective, images = LearnedSimilarity(gan_loss("hinge"), feature_weight=0.5), torch.rand(6, 1, 8, 8)
    batch, discriminator = {"images": images}, networks["discriminator"]
    torch.manual_seed(1)
    terms = objective.decoder(networks, batch)
    torch.manual_seed(1)
    latents = networks["autoencoder"].encode(images).sample()
    made = networks["autoencoder"].decode(latents)
    distances = (discriminator.features(made) - discriminator.features(images)).square().flatten(1).sum(1)
    torch.testing.assert_close(terms["features"], 0.5 * 0.5 * distances.mean())
    torch.testing.assert_close(terms["reconstructed_adversarial"], -0.5 * discriminator(made).mean())


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="loss=relativistic compares pairs"):
        recipe_class("vaegan")(loss="relativistic").check()
    with pytest.raises(ValueError, match="image_size=20 must be a multiple of 8"):
        hf_genimg.VAEGAN(image_size=20)
    with pytest.raises(ValueError, match="feature_weight=-1 and kl_weight=1.0 must be at least 0"):
        LearnedSimilarity(gan_loss("hinge"), feature_weight=-1)


def test_the_paper_recipe_has_its_optimizer() -> None:
    recipe = recipe_class("vaegan_paper")(image_channels=3)
    with torch.device("meta"):
        optimizers = recipe.optimizers(recipe.models())
    assert {type(each).__name__ for each in optimizers.values()} == {"RMSprop"}
    assert recipe.feature_weight == 1e-6
