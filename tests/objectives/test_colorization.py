"""Colorization: what is kept of the input, the losses on colours alone, and its measures in closed form."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hf_genimg import ColorizeDiscriminator, ColorizeGenerator
from hf_genimg.data import open_dataset, parse_degradation
from hf_genimg.data.coloured_digits import colour_of, in_colours
from hf_genimg.layers.lab import to_lab
from hf_genimg.losses.adversarial import gan_loss
from hf_genimg.losses.pixels import colourfulness
from hf_genimg.objectives.colorization import Colorization
from hf_genimg.recipes import recipe_class

Networks = dict[str, torch.nn.Module]


@pytest.fixture
def networks() -> Networks:
    torch.manual_seed(0)
    found: Networks = {"generator": ColorizeGenerator(16, width=2), "discriminator": ColorizeDiscriminator(16, width=2)}
    for weights in found["generator"].parameters():
        weights.data.mul_(6)  # far from the grey images of a fresh network
    return found


@pytest.fixture
def batch() -> dict[str, torch.Tensor]:
    images = torch.rand(4, 3, 16, 16) * 2 - 1
    return {"images": images, "inputs": images.mean(1, keepdim=True)}


def test_the_lightness_of_the_input_is_kept(networks: Networks) -> None:
    inputs = torch.linspace(-1, 1, 2 * 16 * 32).view(2, 1, 16, 32)
    made = networks["generator"].eval()(inputs)
    assert made.shape == (2, 3, 16, 32)
    found, given = to_lab(made), to_lab(inputs)
    assert (found[:, 0] - given[:, 0]).abs().max() < 0.01
    assert found[:, 1:].abs().max() > 10, "the images are grey"
    half = networks["generator"].half()(inputs.half())
    assert half.dtype == torch.float16 and (to_lab(half)[:, 0] - given[:, 0]).abs().max() < 0.5


def test_losses_are_those_of_colours(networks: Networks, batch: dict[str, torch.Tensor]) -> None:
    objective, colours = Colorization(gan_loss("non_saturating"), 10.0), to_lab(batch["images"])[:, 1:] / 110
    lightness = to_lab(batch["inputs"])[:, :1] / 50 - 1
    networks["generator"].eval()
    terms = objective.generator(networks, batch)
    made = networks["generator"].unet(lightness)
    torch.testing.assert_close(terms["l1"], 10 * (made - colours).abs().mean())
    logits = networks["discriminator"].patches(lightness, made)
    torch.testing.assert_close(terms["adversarial"], -logits.sigmoid().log().mean())
    real = objective.discriminator(networks, batch)["real"]
    on_real = networks["discriminator"](batch["inputs"], batch["images"])
    torch.testing.assert_close(real, -on_real.sigmoid().log().mean() / 2)
    sum(terms.values()).backward()
    assert all(weights.grad is not None for weights in networks["generator"].parameters())


def test_held_out_measures_of_a_network_that_predicts_grey(networks: Networks, batch: dict[str, torch.Tensor]) -> None:
    for weights in networks["generator"].parameters():
        weights.data.zero_()
    terms = Colorization(gan_loss("hinge")).held_out(networks, batch)
    error = (to_lab(batch["images"])[:, 1:] / 220).square().mean((1, 2, 3))
    assert terms["psnr_of_colours"].item() == pytest.approx((-10 * error.log10()).mean().item(), abs=1e-3)
    assert terms["psnr_of_colours"].item() == pytest.approx(terms["psnr_of_colours_of_grey"].item(), abs=1e-3)
    assert terms["psnr"].item() == pytest.approx(terms["psnr_of_grey"].item(), abs=1e-2)
    assert terms["colourfulness"].item() < 0.1 < terms["colourfulness_of_targets"].item()


def test_colourfulness_in_closed_form() -> None:
    image = torch.full((1, 3, 4, 4), -1.0)
    assert colourfulness(image).item() == 0
    image[:, 0] = 1  # red: R - G = 255, (R + G) / 2 - B = 127.5
    assert colourfulness(image).item() == pytest.approx(0.3 * (255**2 + 127.5**2) ** 0.5, rel=1e-5)
    image[..., :2] = -1  # half of it black
    assert colourfulness(image).item() == pytest.approx((0.5 + 0.15) * (255**2 + 127.5**2) ** 0.5, rel=1e-5)


def test_lightness_as_a_degradation_is_that_of_the_target() -> None:
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    chain = parse_degradation("lightness")
    made = chain(image, 0)
    assert made.shape == (16, 16, 1) and chain.input_channels(3) == 1
    lab = [to_lab(torch.from_numpy(each / 127.5 - 1).permute(2, 0, 1)[None])[:, 0] for each in (made, image)]
    assert (lab[0] - lab[1]).abs().max() < 0.5
    assert np.array_equal(chain(made, 0), made)


def test_each_digit_has_the_colour_of_its_class() -> None:
    found = open_dataset("digits", split="test", image_size=16, image_channels=3, labels=True)
    coloured = in_colours(found)
    assert coloured.labels is None and coloured.fingerprint != found.fingerprint
    for place in range(20):
        strokes = found.images[place, ..., 0] == found.images[place].max()
        expected = np.rint(found.images[place][strokes][0] * colour_of(int(found.labels[place])))
        assert np.array_equal(coloured.images[place][strokes][0], expected)
    grey = open_dataset("digits", split="test", image_size=16, image_channels=1, labels=True)
    with pytest.raises(ValueError, match="10 classes and 1 channels; colours of digits need RGB images"):
        in_colours(grey)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"image_channels": 1}, "image_channels=1 must be 3: what is made is in colour"),
        ({"input_channels": 3}, "input_channels=3 must be 1: what is coloured is grey"),
    ],
)
def test_refusals(fields: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        recipe_class("colorize")(**fields).check()
