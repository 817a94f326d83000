"""Style mixing as a picture, and inversion: latents that make given pictures again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import hf_genimg
from hf_genimg.features.load import load_features
from hf_genimg.features.perceptual import PerceptualDistance
from hf_genimg.pipelines.images import grid
from hf_genimg.pipelines.inversion import autocorrelation, ramp
from hf_genimg.pipelines.provenance import KEY


def styled(**changes: Any) -> hf_genimg.ImageGenerationPipeline:
    torch.manual_seed(0)
    sizes = {"image_size": 8, "image_channels": 1, "latent_dim": 4, "style_dim": 4, "mapping_layers": 2}
    generator = hf_genimg.StyleGAN2Generator(**{**sizes, "width": 8, "capacity": 64, **changes})
    for name, parameter in generator.named_parameters():
        if name.endswith("noise_strength"):
            parameter.data.fill_(0.1)
    pipe = hf_genimg.ImageGenerationPipeline(generator=generator)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def plain(**changes: Any) -> hf_genimg.ImageGenerationPipeline:
    torch.manual_seed(0)
    generator = hf_genimg.MLPGANGenerator(**{"image_size": 8, "latent_dim": 4, "width": 8, **changes})
    for parameter in generator.parameters():
        parameter.data.mul_(2)
    pipe = hf_genimg.ImageGenerationPipeline(generator=generator)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def test_a_matrix_has_the_images_of_its_seeds_and_their_mixtures() -> None:
    pipe = styled()
    picture = pipe.mixing_matrix([3, 9], [5, 6, 7], mix_from=2)
    rows, columns = ([pipe(seed=seed).images[0] for seed in seeds] for seeds in ([3, 9], [5, 6, 7]))
    cells = [[pipe(seed=row, mix_seed=column, mix_from=2).images[0] for column in (5, 6, 7)] for row in (3, 9)]
    blank = Image.new("L", (8, 8), "white")
    expected = grid([blank, *columns, rows[0], *cells[0], rows[1], *cells[1]], 4)
    difference = np.abs(np.asarray(picture, int) - np.asarray(expected, int))
    assert picture.size == expected.size and difference.max() <= 1
    assert '"rows": [3, 9]' in picture.info[KEY]


def test_a_matrix_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="MLPGANGenerator mixes no styles"):
        plain().mixing_matrix([1], [2])
    with pytest.raises(ValueError, match=r"rows=\[\] is no list of seeds; give one or more"):
        styled().mixing_matrix([], [2])
    with pytest.raises(ValueError, match="mix_from=4 is not possible; give an integer from 1 to 3"):
        styled().mixing_matrix([1], [2], mix_from=4)


@pytest.mark.parametrize("space", ["z", "w", "w+"])
def test_a_sample_is_found_again_and_a_call_makes_it(space: str) -> None:
    pipe = styled()
    targets = pipe(num_images=2, seed=11, output_type="pt").images * 2 - 1
    found = pipe.invert(targets, steps=60, space=space, seed=1)
    assert found.latents.shape == (2, 4) if space == "z" else (2, 4, 4)
    assert found.curve.shape == (60, 2) and min(found.psnr) > 22
    made = pipe(**found.inputs(), output_type="pt").images * 2 - 1
    torch.testing.assert_close(made, found.images, atol=1e-5, rtol=0)
    error = (made - targets).square().flatten(1).mean(1)
    torch.testing.assert_close(torch.tensor(found.psnr), 10 * torch.log10(4 / error), atol=1e-3, rtol=1e-3)
    if space == "w":
        assert torch.equal(found.latents, found.latents[:, :1].expand(-1, 4, -1))


def test_more_steps_come_nearer_and_pictures_know_nothing_of_one_another() -> None:
    pipe = plain()
    targets = pipe(num_images=3, seed=11, output_type="pt").images * 2 - 1
    short, long = pipe.invert(targets, steps=1), pipe.invert(targets, steps=80)
    assert all(one < other for one, other in zip(short.psnr, long.psnr, strict=True))
    alone = pipe.invert(targets[:1], steps=80)
    torch.testing.assert_close(alone.latents, long.latents[:1], atol=1e-4, rtol=1e-3)
    assert long.noise is None


def test_a_perceptual_distance_takes_part() -> None:
    pipe = plain()
    targets = pipe(num_images=2, seed=11, output_type="pt").images * 2 - 1
    seen: list[bool] = []

    def distance(images: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        seen.append(images.requires_grad)
        return (images.mean((1, 2, 3)) - others.mean((1, 2, 3))).square()

    found = pipe.invert(targets, steps=3, distance=distance)
    assert sum(seen) == 3 and len(found.distances) == 2
    torch.testing.assert_close(torch.tensor(found.distances), distance(found.images, targets))


def test_conditional_models_need_classes() -> None:
    pipe = styled(num_classes=3)
    target = pipe(seed=2, class_labels=1, output_type="pt").images * 2 - 1
    with pytest.raises(ValueError, match="StyleGAN2Generator is conditioned on classes; give class_labels as well"):
        pipe.invert(target, steps=2)
    found = pipe.invert(target, steps=60, class_labels=1)
    assert found.class_labels.tolist() == [1] and found.psnr[0] > 20


def test_an_autoencoder_starts_from_its_encoder(tmp_path: Path) -> None:
    torch.manual_seed(0)
    vae = hf_genimg.MLPVAE(image_size=8, latent_dim=3, width=8)
    pipe = hf_genimg.ImageReconstructionPipeline(autoencoder=vae)
    pipe.set_progress_bar_config(disable=True)
    targets = torch.rand(2, 1, 8, 8) * 2 - 1
    found = pipe.invert(targets, steps=30)
    plain = pipe.reconstruct(targets, output_type="pt") * 2 - 1
    assert all(found.psnr[i] >= 10 * torch.log10(4 / (plain - targets)[i].square().mean()) for i in range(2))
    assert load_file(found.save(tmp_path / "found.safetensors"))["latents"].shape == (2, 3)


def test_what_cannot_be_inverted_is_refused() -> None:
    target = torch.zeros(1, 1, 8, 8)
    with pytest.raises(ValueError, match="space='w' is not possible: MLPGANGenerator has no styles; use z"):
        plain().invert(target, space="w")
    with pytest.raises(ValueError, match=r"space='y' is not known; use one of z, w, w\+"):
        plain().invert(target, space="y")
    with pytest.raises(ValueError, match="steps=0 is not possible"):
        plain().invert(target, steps=0)
    with pytest.raises(ValueError, match=r"latents is .* give a float tensor \[N, 4\] or \[N, 4, 4\]"):
        styled()(latents=torch.zeros(1, 3, 4))


def test_noise_stays_noise() -> None:
    """The regularization is small for noise, large for a picture, and what is found has mean 0 and mean square 1."""
    torch.manual_seed(0)
    noise = torch.randn(1, 1, 16, 16)
    smooth = torch.nn.functional.interpolate(torch.randn(1, 1, 2, 2), size=16, mode="bilinear")
    smooth = smooth / smooth.square().mean().sqrt()
    assert autocorrelation(noise) < 0.1 < 1 < autocorrelation(smooth)
    pipe = styled()
    found = pipe.invert(torch.rand(1, 1, 8, 8) * 2 - 1, steps=20, space="w+")
    for part in found.noise.split([16, 64, 64], 1):
        torch.testing.assert_close(part.mean(), torch.zeros(()), atol=1e-4, rtol=0)
        torch.testing.assert_close(part.square().mean(), torch.ones(()), atol=1e-3, rtol=0)


def test_the_learning_rate_rises_and_falls() -> None:
    rates = [ramp(step / 100, 100) for step in range(100)]
    assert rates[0] < 0.5 and max(rates) == 1 and rates[-1] < 0.01
    assert rates[10:70] == [1.0] * 60


def test_held_out_digits_come_back_from_a_shipped_model() -> None:
    pipe = hf_genimg.load(Path(__file__).parents[2] / "model_cards/dcgan-digits")
    pipe.set_progress_bar_config(disable=True)
    digits = hf_genimg.open_dataset("digits@test", image_size=32, image_channels=1, upscale=True)
    targets = digits.batch(torch.tensor([1, 5]))["images"]
    found = pipe.invert(targets, steps=80, distance=PerceptualDistance(load_features("digits")))
    assert min(found.psnr) > 20 and max(found.distances) < 0.05
    unlike = 10 * torch.log10(4 / (found.images - targets.flip(0)).square().mean())
    assert unlike < 15  # of the other digit
