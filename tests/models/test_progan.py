"""ProGAN: published sizes, growth of both networks and of the real images, optimizers that begin anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import hf_genimg
from hf_genimg.models.progan import doubled, faded_images, reduced
from hf_genimg.objectives.progressive import stage_of
from hf_genimg.recipes import recipe_class
from hf_genimg.training.checkpoint import current_checkpoint
from hf_genimg.training.loop import train

COUNTS = [  # E9b of the references: arguments, parameters of generator and discriminator
    ({"image_size": 32}, 20_719_628, 20_726_785),
    ({"image_size": 32, "image_channels": 1}, 20_715_524, 20_722_689),
    ({"image_size": 64}, 22_490_383, 22_498_049),
    ({"image_size": 128}, 22_933_394, 22_941_313),
    ({"image_size": 256}, 23_044_309, 23_052_353),
    ({"image_size": 32, "width": 128, "capacity": 4096}, 1_296_908, 1_298_689),
    ({"image_size": 64, "width": 128, "capacity": 8192}, 1_592_463, 1_594_369),
]


@pytest.mark.parametrize(("arguments", "generator", "discriminator"), COUNTS)
def test_published_sizes_have_their_parameter_counts(
    arguments: dict[str, Any], generator: int, discriminator: int
) -> None:
    latents = {"latent_dim": arguments.get("width", 512)}
    with torch.device("meta"):
        networks = hf_genimg.ProGANGenerator(**arguments, **latents), hf_genimg.ProGANDiscriminator(**arguments)
    counts = [sum(parameter.numel() for parameter in network.parameters()) for network in networks]
    assert counts == [generator, discriminator]


def networks(stage: float) -> tuple[hf_genimg.ProGANGenerator, hf_genimg.ProGANDiscriminator]:
    torch.manual_seed(0)
    sizes = {"image_size": 16, "image_channels": 1, "width": 4, "capacity": 64}
    made = hf_genimg.ProGANGenerator(**sizes, latent_dim=5), hf_genimg.ProGANDiscriminator(**sizes)
    for network in made:
        network.grow(stage)
    return made


@pytest.mark.parametrize("stage", [0.0, 0.25, 1.0, 1.75, 2.0])
def test_what_is_not_in_use_changes_nothing_and_has_no_gradient(stage: float) -> None:
    generator, discriminator = networks(stage)
    latents = generator.sample_latents(3)
    images = generator.train()(latents)
    assert images.shape == (3, 1, 16, 16)
    logits = discriminator.train()(images)
    torch.testing.assert_close(generator.eval()(latents), images.clamp(-1, 1))  # computes all sizes
    torch.testing.assert_close(discriminator.eval()(images), logits)
    logits.sum().backward()
    for network in (generator, discriminator):
        used = [all(p.grad is not None for p in block.parameters()) for block in network.blocks]
        assert used == [doubling < stage for doubling in range(2)]


@pytest.mark.parametrize("stage", [0.25, 1.5])
def test_a_fade_goes_from_the_smaller_size_to_the_larger(stage: float) -> None:
    """The generator's images are a mixture of both; the critic is continuous where a size begins."""
    generator, discriminator = networks(stage)
    latents, low = generator.sample_latents(2), float(int(stage))
    mixed = generator.train()(latents)
    generator.grow(low)
    small = generator(latents)
    generator.grow(low + 1)
    torch.testing.assert_close(mixed, torch.lerp(small, generator(latents), stage - low))
    discriminator.train()
    real = torch.rand(2, 1, 16, 16)
    begins = []
    for value in (low, low + 1e-6):
        discriminator.grow(value)
        begins.append(discriminator(real))
    torch.testing.assert_close(*begins, atol=1e-4, rtol=0)


def test_real_images_are_of_the_size_in_use_and_fade() -> None:
    images, sides = torch.rand(2, 1, 16, 16), [4, 8, 16]
    torch.testing.assert_close(faded_images(images, sides, 0.0), doubled(reduced(images, 4), 4))
    torch.testing.assert_close(faded_images(images, sides, 1.0), doubled(reduced(images)))
    assert torch.equal(faded_images(images, sides, 2.0), images)
    expected = 0.75 * doubled(reduced(images)) + 0.25 * images
    torch.testing.assert_close(faded_images(images, sides, 1.25), expected)


def test_growth_by_images() -> None:
    stages = [stage_of(images, stable=10, fade=20, doublings=2) for images in (0, 10, 15, 30, 40, 50, 60, 999)]
    assert stages == [0, 0, 0.25, 1, 1, 1.5, 2, 2]


def test_optimizers_begin_anew_where_a_size_begins() -> None:
    recipe = recipe_class("progan")().override(image_size=16, batch_size=8, stable_images=16, fade_images=16)
    parameter = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.Adam([parameter])
    optimizer.param_groups[0]["initial_lr"] = 1e-3
    kept = []
    for images in range(0, 72, 8):
        optimizer.state[parameter] = {"step": images}
        recipe.tune(optimizer, images)
        kept.append(bool(optimizer.state))
    assert [8 * number for number, each in enumerate(kept) if not each] == [24, 56]  # the first with a share above 0


def test_a_run_stopped_within_a_fade_goes_on_exactly_and_samples_at_its_size(tmp_path: Path, tensors_of: Any) -> None:
    recipe = recipe_class("progan")().smoke()
    assert 0 < recipe.stage(24) % 1 < 1 and recipe.stage(64) == 2
    train(recipe, tmp_path / "whole", callbacks=[], progress=False)
    train(recipe, tmp_path / "halves", callbacks=[], stop_at=24, progress=False)
    assert current_checkpoint(tmp_path / "halves/state").name == "24"
    begun = hf_genimg.load(tmp_path / "halves").generator
    assert begun.stage == pytest.approx(recipe.stage(16))  # that of its last step
    train(recipe, tmp_path / "halves", callbacks=[], progress=False)
    whole, halves = tensors_of(tmp_path / "whole"), tensors_of(tmp_path / "halves")
    assert whole.keys() == halves.keys() and all(torch.equal(whole[key], halves[key]) for key in whole)
    images = hf_genimg.load(tmp_path / "whole")(num_images=2, seed=0, output_type="pt").images
    assert (images[..., ::2, :] != images[..., 1::2, :]).any()  # not only enlarged
