"""Private GANs: only the discriminator's loss on real images touches the data; accounting, resume, and refusals."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

import hf_genimg
from hf_genimg.layers.labels import one_hot
from hf_genimg.losses.adversarial import gan_loss
from hf_genimg.objectives.private_adversarial import PrivateAdversarial, sampled_conditions
from hf_genimg.recipes import recipe_class
from hf_genimg.training.checkpoint import current_checkpoint
from hf_genimg.training.fields import parse_fields
from hf_genimg.training.loop import train
from hf_genimg.training.plan import plan
from hf_genimg.training.privacy import Privacy, PrivateUpdates

pytest.importorskip("opacus", reason="needs the extra privacy")

NAMES = ["mlp_gan", "cgan_mlp", "dcgan", "cgan"]
TINY = {"dp_noise": 1.0, "dp_delta": 1e-4, "latent_dim": 4, "images": 64, "batch_size": 16, "micro_batch_size": 8}
TINY |= {"snapshot_images": 32, "log_images": 16}


def private(name: str, **changes: Any) -> Any:
    sizes = {"width": 4, "image_size": 16, "normalization": "group"}
    if name in ("mlp_gan", "cgan_mlp"):
        sizes = {"generator_width": 4, "discriminator_width": 8}
    return recipe_class(name)(**{**TINY, **sizes, **changes})


def networks_of(name: str = "cgan_mlp") -> dict[str, torch.nn.Module]:
    torch.manual_seed(0)
    return private(name, image_size=16, image_channels=1, **({"num_classes": 3} if name == "cgan_mlp" else {})).models()


def batch(count: int, seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(count, 1, 16, 16, generator=generator) * 2 - 1
    return {"images": images, "labels": torch.randint(3, (count,), generator=generator)}


@pytest.mark.parametrize("loss", ["non_saturating", "least_squares", "hinge", "wasserstein"])
def test_the_two_halves_are_the_discriminators_loss(loss: str) -> None:
    networks, objective = networks_of(), PrivateAdversarial(gan_loss(loss))
    real, fake = batch(6), batch(6, seed=1)
    weights = list(networks["discriminator"].parameters())
    logits = [networks["discriminator"](each["images"], each["labels"]) for each in (real, fake)]
    whole = torch.autograd.grad(sum(gan_loss(loss).discriminator(*logits).values()), weights)
    halves = [
        torch.autograd.grad(sum(terms(("discriminator"), networks, each).values()), weights)
        for terms, each in ((objective.private_terms, real), (objective.public_terms, fake))
    ]
    for expected, one, other in zip(whole, *halves, strict=True):
        torch.testing.assert_close(one + other, expected)


def test_neither_fakes_nor_the_generator_depend_on_the_data() -> None:
    networks, objective = networks_of(), PrivateAdversarial(gan_loss("hinge"))
    found = []
    for seed in (0, 1):
        torch.manual_seed(7)
        fakes = objective.public_batch("discriminator", networks, 8)
        terms = objective.generator(networks, batch(8, seed))
        found.append((fakes["images"], fakes["labels"], terms["adversarial"]))
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))
    assert not found[0][0].requires_grad and found[0][2].requires_grad
    torch.manual_seed(0)
    counts = sampled_conditions(networks["generator"], 3000)["labels"].bincount(minlength=3)
    assert counts.min() > 900 and len(counts) == 3


def test_gradients_on_fakes_are_clipped_one_by_one_and_have_no_noise() -> None:
    networks, objective, clip = networks_of(), PrivateAdversarial(gan_loss("non_saturating")), 0.05
    weights = list(networks["discriminator"].parameters())
    updates = PrivateUpdates(Privacy("discriminator", 0.0, clip, 1e-4), networks, weights, 100, 6)
    updates.accumulate(lambda networks, batch: torch.zeros(()), [])
    assert all(weight.grad.eq(0).all() for weight in weights)
    fakes = batch(6)
    updates.add_public(lambda nets, each: sum(objective.public_terms("discriminator", nets, each).values()), [fakes])
    expected = [torch.zeros_like(weight) for weight in weights]
    lengths = []
    for place in range(6):
        alone = {name: value[place : place + 1] for name, value in fakes.items()}
        grads = torch.autograd.grad(sum(objective.public_terms("discriminator", networks, alone).values()), weights)
        lengths.append(float(torch.cat([grad.flatten() for grad in grads]).norm()))
        for total, grad in zip(expected, grads, strict=True):
            total += grad * min(1, clip / lengths[-1]) / 6
    assert max(lengths) > clip, "none of them was clipped"
    for weight, total in zip(weights, expected, strict=True):
        torch.testing.assert_close(weight.grad, total)


def test_clipping_fakes_is_a_choice(tmp_path: Path) -> None:
    for clipped in (True, False):
        recipe = private("cgan_mlp", dp_seed=1, dp_clip=0.01, dp_clip_fakes=clipped)
        assert recipe.privacy().clip_public is clipped
        train(recipe, tmp_path / str(clipped), callbacks=[], progress=False)
    one, other = (records(tmp_path / str(clipped)) for clipped in (True, False))
    assert [line["privacy/epsilon"] for line in one] == [line["privacy/epsilon"] for line in other]
    assert one[1]["discriminator/fake"] != other[1]["discriminator/fake"]
    with pytest.raises(ValueError, match="dp_clip_fakes=False needs dp_noise"):
        recipe_class("mlp_gan")(dp_clip_fakes=False).check()


def test_black_is_zero_for_a_discriminator_that_asks() -> None:
    torch.manual_seed(0)
    signed = hf_genimg.CGANMLPDiscriminator(image_size=16, num_classes=3, width=8)
    unit = hf_genimg.CGANMLPDiscriminator(image_size=16, num_classes=3, width=8, black_is_zero=True)
    unit.load_state_dict(signed.state_dict())
    given = batch(4)
    torch.testing.assert_close(
        unit(given["images"], given["labels"]), signed(given["images"] / 2 + 0.5, given["labels"])
    )


def test_the_class_chooses_its_logit() -> None:
    torch.manual_seed(0)
    network = hf_genimg.CGANMLPDiscriminator(image_size=16, num_classes=3, width=8, class_heads=True)
    images, labels = batch(5).values()
    logits = network.layers(images.flatten(1))
    assert logits.shape == (5, 3)
    torch.testing.assert_close(network(images, labels), logits.gather(1, labels[:, None])[:, 0])
    recipe = private("cgan_mlp", class_heads=True, image_size=16, image_channels=1, num_classes=3)
    assert recipe.models()["discriminator"].config.class_heads


def test_a_loss_of_pairs_is_refused() -> None:
    with pytest.raises(ValueError, match="a loss of pairs of real images and fakes cannot be private"):
        PrivateAdversarial(gan_loss("relativistic"))


def test_classes_as_ones_and_zeros_of_each_image_alone() -> None:
    labels = torch.tensor([2, 0])
    alone = torch.func.vmap(lambda label: one_hot(label[None], 3)[0])(labels)
    assert torch.equal(alone, one_hot(labels, 3)) and torch.equal(alone, torch.nn.functional.one_hot(labels, 3))
    with pytest.raises(IndexError):
        one_hot(torch.tensor([3]), 3)


def records(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("name", NAMES)
def test_an_interrupted_run_ends_as_one_that_was_not(name: str, tmp_path: Path) -> None:
    recipe = private(name, dp_seed=1, n_critic=2)
    train(recipe, tmp_path / "whole", callbacks=[], progress=False)
    train(recipe, tmp_path / "parts", callbacks=[], progress=False, stop_at=32)
    train(recipe, tmp_path / "parts", callbacks=[], progress=False)
    runs = [tmp_path / each for each in ("whole", "parts")]
    whole, parts = (load_file(current_checkpoint(run / "state") / "networks.safetensors") for run in runs)
    assert whole.keys() == parts.keys() and all(torch.equal(whole[key], parts[key]) for key in whole)
    spent = [[line["privacy/epsilon"] for line in records(run)] for run in runs]
    assert spent[0] == spent[1] == sorted(spent[0]) and len(spent[0]) == 2
    assert spent[0][-1] == pytest.approx(recipe.privacy().epsilon(16 / 1500, 4), abs=1e-5)  # updates, not steps
    named = {key for line in records(runs[0]) for key in line if key.startswith(("discriminator/", "generator/"))}
    assert named == {"discriminator/fake", "generator/adversarial"}, "no loss of real images is logged"


def test_a_plan_counts_every_private_update() -> None:
    recipe = private("mlp_gan", n_critic=3, images=48 * 20)
    epsilon = math.ceil(100 * recipe.privacy().epsilon(16 / 1500, 60)) / 100
    assert str(plan(recipe, progress=False)).endswith(f"; epsilon {epsilon:.2f} at delta 0.0001")


def test_the_paper_s_setting_is_accepted() -> None:
    private("mlp_gan", loss="wasserstein", weight_clipping=0.01, n_critic=4).check()  # arXiv:1802.06739
    private("mlp_gan", label_smoothing=0.1).check()


REFUSED = {
    "follows the logits of real images": {"ada": "blit"},
    "mixes the images of a batch": {"minibatch_std": True},
    "power iteration": {"spectral_norm": True},
    "running means of the logits of real images": {"lecam": 0.1},
    "gradients of gradients": {"r1": 1.0},
    "this term needs gradients": {"gradient_penalty": 1.0},
    "augmentations are random over a batch": {"diff_augment": "color"},
    "for the GAN loss of each real image alone": {"consistency_real": 1.0},
    "compares each fake to a real image": {"loss": "relativistic"},
    "chooses the best state by the data": {"metrics": "fid"},
    "holds each image twice": {"flip": True},
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_does_not_go_with_it_is_refused_in_one_line(why: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=why) as error:
        train(private("mlp_gan", **REFUSED[why]), tmp_path / "run", callbacks=[], progress=False)
    message = str(error.value)
    assert "\n" not in message and not (tmp_path / "run").exists()
    remedy = message.rpartition("; use ")[2].split()[0]
    private("mlp_gan", **parse_fields(recipe_class("mlp_gan"), [remedy])).check()  # what the message says will do


def test_batch_norm_and_other_objectives_are_refused() -> None:
    with pytest.raises(ValueError, match="use normalization=group"):
        private("dcgan", normalization="batch", image_channels=1).networks()
    with pytest.raises(ValueError, match=r"dp_noise=1\.0 is not offered by unrolled_gan, whose objective is another"):
        recipe_class("unrolled_gan")(dp_noise=1.0).check()


def test_a_private_conditional_gan_is_saved_with_its_bound(tmp_path: Path) -> None:
    hf_genimg.train(private("cgan_mlp"), tmp_path / "run", progress=False)
    card = (tmp_path / "run" / "README.md").read_text()
    assert "Trained by DP-SGD: epsilon" in card and "the number and the names of classes" in card
    assert hf_genimg.load(tmp_path / "run")(3, seed=0, class_labels=[0, 1, 2], output_type="pt").images.isfinite().all()
