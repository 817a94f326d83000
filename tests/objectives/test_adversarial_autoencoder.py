"""Adversarial autoencoder: which phase moves what, the priors of the discriminators, and how few labels are seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import hf_genimg
from hf_genimg.data import open_dataset
from hf_genimg.data.partly_labelled import partly_labelled
from hf_genimg.losses.adversarial import gan_loss
from hf_genimg.objectives.adversarial_autoencoder import AdversarialAutoencoder
from hf_genimg.recipes import recipe_class
from hf_genimg.training.loop import train
from hf_genimg.training.recipe import Recipe


@pytest.fixture
def networks() -> dict[str, torch.nn.Module]:
    torch.manual_seed(0)
    return {
        "autoencoder": hf_genimg.AAE(image_size=8, latent_dim=3, num_classes=4, width=8, latent_std=5.0),
        "latent_discriminator": hf_genimg.AAEDiscriminator(3, 8),
        "class_discriminator": hf_genimg.AAEDiscriminator(4, 8),
    }


@pytest.fixture
def batch() -> dict[str, torch.Tensor]:
    images = torch.rand(2, 5, 1, 8, 8) * 2 - 1
    return {"images": images[0], "inputs": images[1], "labels": torch.tensor([0, 1, 2, 3, 0])}


def moved(networks: dict[str, torch.nn.Module], player: str, batch: dict[str, torch.Tensor]) -> set[str]:
    """The parts that have gradients of a phase."""
    objective = AdversarialAutoencoder(gan_loss("non_saturating"), semi_supervised=True)
    sum(getattr(objective, player)(networks, batch).values()).backward()
    return {
        name if name != "autoencoder" else key.partition(".")[0]
        for name, network in networks.items()
        for key, weight in network.named_parameters()
        if weight.grad is not None and weight.grad.any()
    }


ENCODER, DISCRIMINATORS = {"encoder", "to_mean", "to_class"}, {"latent_discriminator", "class_discriminator"}


@pytest.mark.parametrize(
    ("player", "parts"),
    [
        ("autoencoder", ENCODER | {"decoder"}),
        ("discriminator", DISCRIMINATORS),
        ("encoder", ENCODER | DISCRIMINATORS),  # of which the optimizer of the encoder moves the first alone
        ("classifier", {"encoder", "to_class"}),
    ],
)
def test_each_phase_has_its_gradients(player: str, parts: set[str], networks: dict, batch: dict) -> None:
    assert moved(networks, player, batch) == parts


def test_a_joint_prior_finds_latents_that_carry_the_class(networks: dict, batch: dict) -> None:
    """The discriminator sees the class as a one-hot vector, which has no gradient to the encoder's class."""
    seen: list[torch.Tensor] = []
    networks["latent_discriminator"] = hf_genimg.AAEDiscriminator(3 + 4, 8)
    networks["latent_discriminator"].register_forward_pre_hook(lambda _, codes: seen.append(codes[0]))
    objective = AdversarialAutoencoder(gan_loss("non_saturating"), True, joint=True)
    terms = objective.encoder(networks, batch)
    assert len(terms) == 2
    next(term for name, term in terms.items() if name.startswith("latent")).backward()
    assert networks["autoencoder"].to_class.weight.grad is None
    assert networks["autoencoder"].to_mean.weight.grad.any()
    found = networks["autoencoder"].classify(batch["images"]).argmax(1)
    assert torch.equal(seen[0][:, 3:], torch.nn.functional.one_hot(found, 4).float())
    with pytest.raises(ValueError, match="joint=True needs classes"):
        AdversarialAutoencoder(gan_loss("non_saturating"), joint=True)


def test_noise_is_added_to_the_latents_that_are_decoded_and_compared(networks: dict, batch: dict) -> None:
    seen: dict[str, torch.Tensor] = {}
    networks["latent_discriminator"].register_forward_pre_hook(lambda _, codes: seen.update(compared=codes[0]))
    networks["autoencoder"].decoder.register_forward_pre_hook(lambda _, codes: seen.update(decoded=codes[0]))
    many = {"images": batch["images"][:1].expand(5_000, -1, -1, -1)}
    with torch.no_grad():
        latents, _ = networks["autoencoder"].codes(batch["images"][:1])
        for noise in (0.0, 0.5):
            objective = AdversarialAutoencoder(gan_loss("non_saturating"), True, latent_noise=noise)
            objective.autoencoder(networks, many), objective.encoder(networks, many)
            for codes in seen.values():
                found = codes[:, :3] - latents
                assert found.std().item() == pytest.approx(noise, rel=0.05, abs=1e-5)


def test_the_optimizers_share_the_encoder_and_leave_the_decoder_alone(tiny: Callable[..., Recipe]) -> None:
    recipe = tiny("aae", conditional=True, image_channels=1, num_classes=10)
    models = recipe.models()
    optimizers = recipe.optimizers(models)
    assert tuple(optimizers) == recipe.objective().players
    names = {id(weight): name for name, weight in models["autoencoder"].named_parameters()}
    for player, optimizer in optimizers.items():
        weights = [id(weight) for group in optimizer.param_groups for weight in group["params"]]
        found = {names.get(weight, "discriminator").partition(".")[0] for weight in weights}
        expected = {"autoencoder": ENCODER | {"decoder"}, "discriminator": {"discriminator"}}.get(player, ENCODER)
        assert found == expected


def test_the_semi_supervised_networks_have_the_published_parameter_count() -> None:
    with torch.device("meta"):
        network = hf_genimg.AAE(latent_dim=10, num_classes=10)
        discriminator = hf_genimg.AAEDiscriminator(10)
    count = sum(p.numel() for name, p in network.named_parameters() if not name.startswith("decoder."))
    assert count == 1_806_020
    assert sum(p.numel() for p in network.decoder.parameters()) == 1_806_784
    assert sum(p.numel() for p in discriminator.parameters()) == 1_013_001


def test_samples_of_the_prior_have_its_deviation(networks: dict) -> None:
    samples = networks["autoencoder"].sample_latents(4_000, torch.Generator().manual_seed(0))
    assert samples.std().item() == pytest.approx(5, rel=0.05)


def test_few_labels_are_chosen_evenly() -> None:
    dataset = open_dataset("digits", image_size=10, labels=True)
    few = partly_labelled(dataset, 43, seed=0)
    counts = torch.bincount(torch.as_tensor(dataset.labels)[few.places], minlength=10)
    assert few.sides == {"images": 1500, "inputs": 43}
    assert counts.sum() == 43 and counts.min() == 4 and counts.max() == 5
    assert few.fingerprint != partly_labelled(dataset, 43, seed=1).fingerprint
    batch = few.batch({"images": torch.tensor([0, 1]), "inputs": torch.tensor([2, 42])})
    expected = dataset.batch(few.places[[2, 42]])
    assert torch.equal(batch["inputs"], expected["images"]) and torch.equal(batch["labels"], expected["labels"])
    assert torch.equal(batch["images"], dataset.batch(torch.tensor([0, 1]))["images"])
    with pytest.raises(ValueError, match="labels=9 must be from 10, one for each class, to 1500, or none for all"):
        partly_labelled(dataset, 9, seed=0)


def test_a_semi_supervised_run_resumes_exactly_and_finds_classes(
    tiny: Callable[..., Recipe], tensors_of: Callable, tmp_path: Path
) -> None:
    recipe = tiny("aae", conditional=True, labels=20)
    train(recipe, tmp_path / "whole", progress=False)
    train(recipe, tmp_path / "parts", callbacks=[], progress=False, stop_at=24)
    train(recipe, tmp_path / "parts", callbacks=[], progress=False)
    whole, parts = tensors_of(tmp_path / "whole"), tensors_of(tmp_path / "parts")
    assert whole.keys() == parts.keys() and all(torch.equal(whole[key], parts[key]) for key in whole)
    last = json.loads((tmp_path / "whole/log.jsonl").read_text().splitlines()[-1])
    assert 0 <= last["held_out/classification_error"] <= 1
    pipe = hf_genimg.load(tmp_path / "whole")
    images = open_dataset("digits", image_size=28, upscale=True).batch(torch.arange(6))["images"]
    probabilities = pipe.classify(images)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(6))
    found = pipe.reconstruct(images, "uint8")  # with the classes that the encoder finds
    assert torch.equal(found, pipe.decode(pipe.encode(images), "uint8", class_labels=probabilities.argmax(1)))
    assert pipe(2, seed=0, class_labels=[3, 4], output_type="uint8").images.shape == (2, 28, 28, 1)


def test_what_does_not_go_together_is_refused(tiny: Callable[..., Recipe], tmp_path: Path) -> None:
    for fields, line in (
        ({"labels": 20}, "labels=20 needs conditional=true; leave it out"),
        ({"network": "gru"}, "network='gru' is not known; use one of mlp, conv"),
        ({"image_size": 20}, "image_size=20 is not one of 28, 32, 64, 128; use network=mlp"),
        ({"latent_std": 0.0}, "latent_std=0.0 must be above 0"),
        ({"latent_noise": 1.0}, "latent_noise=1.0 must be at least 0 and below latent_std=1.0"),
    ):
        with pytest.raises(ValueError, match=line):
            train(tiny("aae", **fields), tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()
    plain = hf_genimg.AAE(image_size=8, latent_dim=3, width=8)
    with pytest.raises(ValueError, match="no classes, for it was trained without labels"):
        plain.classify(torch.zeros(1, 1, 8, 8))


def test_the_paper_recipe_is_the_published_setting() -> None:
    recipe = recipe_class("aae_paper")()
    assert (recipe.width, recipe.latent_dim, recipe.labels, recipe.batch_size) == (1000, 10, 1000, 100)
