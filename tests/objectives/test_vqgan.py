"""VQGAN: the adaptive weight against its definition, when the discriminator begins, exchange with diffusers."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from diffusers import VQModel

import hf_genimg
from hf_genimg.features.load import load_features
from hf_genimg.features.perceptual import PerceptualDistance
from hf_genimg.losses.adversarial import gan_loss
from hf_genimg.objectives.base import Step
from hf_genimg.objectives.vqgan import AdversariallyQuantized, adaptive_weight
from hf_genimg.pipelines.reconstruction import ImageReconstructionPipeline
from hf_genimg.recipes import recipe_class

TINY = {"image_size": 16, "image_channels": 1, "latent_dim": 3, "width": 4, "multipliers": [1, 1, 2], "blocks": 1}
TINY |= {"attention_sizes": [8], "latent_channels": 4, "codebook_size": 9, "groups": 2}


@pytest.fixture
def networks() -> dict[str, torch.nn.Module]:
    torch.manual_seed(0)
    return {
        "autoencoder": hf_genimg.VQGAN(**TINY),
        "discriminator": hf_genimg.VQGANDiscriminator(16, 1, 4, 1),
        "perceptual": PerceptualDistance(load_features("digits")).requires_grad_(False).eval(),
    }


def test_the_adaptive_weight_makes_both_gradients_equally_long() -> None:
    weight = torch.randn(5, requires_grad=True)
    one, other = (weight * torch.randn(5)).sum(), (weight * torch.randn(5) * 30).square().sum()
    first, second = (torch.autograd.grad(loss, weight, retain_graph=True)[0] for loss in (one, other))
    ratio = adaptive_weight(one, other, weight)
    torch.testing.assert_close((ratio * second).norm(), first.norm(), rtol=1e-4, atol=0)
    assert not ratio.requires_grad
    assert adaptive_weight(one, 0 * other, weight) == pytest.approx(min(1e4, first.norm().item() / 1e-4))


@pytest.mark.parametrize(("images", "begun"), [(31, False), (32, True)])
def test_the_discriminator_begins_at_its_image(images: int, begun: bool, networks: dict) -> None:
    objective = AdversariallyQuantized(gan_loss("hinge"), adversarial_start=32, size=9, dim=3)
    batch = {"images": torch.rand(4, 1, 16, 16) * 2 - 1}
    objective.begin(Step(images=images, player="autoencoder", batch_size=4))
    terms = objective.autoencoder(networks, batch)
    assert set(terms) == {"absolute", "perceptual", "commitment", "codebook"} | ({"adversarial"} if begun else set())
    objective.begin(Step(images=images, player="discriminator", batch_size=4))
    losses = objective.discriminator(networks, batch)
    sum(losses.values()).backward()
    gradients = [weight.grad for weight in networks["discriminator"].parameters() if weight.grad is not None]
    assert any(gradient.any() for gradient in gradients) == begun
    assert all(weight.grad is None for weight in networks["autoencoder"].parameters())
    assert not objective._made


def test_the_gan_loss_is_weighed_at_the_last_weight(networks: dict) -> None:
    objective = AdversariallyQuantized(gan_loss("hinge"), adversarial_weight=0.5, size=9, dim=3)
    objective.begin(Step(player="autoencoder", batch_size=4))
    terms = objective.autoencoder(networks, {"images": torch.rand(4, 1, 16, 16) * 2 - 1})
    last = networks["autoencoder"].last_weight

    def length(*names: str) -> float:
        return torch.autograd.grad(sum(terms[name] for name in names), last, retain_graph=True)[0].norm().item()

    assert length("adversarial") == pytest.approx(0.5 * length("absolute", "perceptual"), rel=0.01)


def test_diffusers_has_the_same_network(networks: dict, tmp_path: Path) -> None:
    ours = networks["autoencoder"].eval()
    ours.to_diffusers().save_pretrained(tmp_path)
    theirs = VQModel.from_pretrained(tmp_path)
    images = torch.rand(3, 1, 16, 16) * 2 - 1
    with torch.no_grad():
        expected = theirs(images).sample
        torch.testing.assert_close(ours(images), expected.clamp(-1, 1))
        back = hf_genimg.VQGAN.from_diffusers(theirs)
        torch.testing.assert_close(back(images), expected.clamp(-1, 1))
    pipe = ImageReconstructionPipeline(back)
    assert torch.equal(pipe.encode(images), ours.encode(images).mean)
    own = {key: value for key, value in ours.config.items() if not key.startswith("_")}
    assert {key: value for key, value in back.config.items() if not key.startswith("_")} == own


def test_other_models_of_diffusers_are_refused() -> None:
    with pytest.raises(ValueError, match="has other layers than a VQGAN: decoder.mid_block.attentions"):
        hf_genimg.VQGAN.from_diffusers(VQModel(block_out_channels=(32,), mid_block_add_attention=False))
    with pytest.raises(ValueError, match="quantizer=5,4 has no codebook, which diffusers' VQModel needs"):
        hf_genimg.VQGAN(**{**TINY, "quantizer": "5,4"}).to_diffusers()


def test_what_does_not_go_together_is_refused() -> None:
    vqgan = recipe_class("vqgan")
    for fields, line in (
        ({"multipliers": "1,x"}, "multipliers=1,x must be whole numbers above 0, joined with commas"),
        ({"groups": 5}, "groups=5 must divide width=16"),
        ({"loss": "relativistic"}, "loss=relativistic compares pairs; use hinge"),
    ):
        with pytest.raises(ValueError, match=line):
            vqgan(**fields).check()
    with pytest.raises(ValueError, match="image_size=30 must be a multiple of 4"):
        vqgan(image_size=30, image_channels=1).models()
    with pytest.raises(ValueError, match="stages=3 is not possible with image_size=16"):
        hf_genimg.VQGANDiscriminator(16)


def test_the_paper_recipe_has_the_published_networks() -> None:
    recipe = recipe_class("vqgan_paper")(image_channels=3)
    recipe.check()
    with torch.device("meta"):
        counts = {name: sum(p.numel() for p in each.parameters()) for name, each in recipe.models().items()}
    assert counts == {"autoencoder": 72_141_699, "discriminator": 2_765_633}
