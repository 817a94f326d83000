"""Classes that are mixed, and codes that are held."""

from __future__ import annotations

import json

import pytest
import torch
from PIL import Image

import hf_genimg
from hf_genimg.demo.handlers import generate
from hf_genimg.demo.models import Shared, Shelf
from hf_genimg.demo.settings import Settings


@pytest.fixture(scope="module")
def model() -> Shared:
    torch.manual_seed(0)
    network = hf_genimg.InfoGANGenerator(image_size=16, image_channels=1, latent_dim=6, num_classes=3, width=8, codes=2)
    for weight in network.parameters():
        torch.nn.init.normal_(weight, 0, 0.3)
    return Shelf(hf_genimg.ImageGenerationPipeline(network)).find("")


def made(model: Shared, **settings: object) -> list[Image.Image]:
    return list(generate(model, Settings(**settings)))[-1]


def pixels(images: list[Image.Image]) -> list[bytes]:
    return [image.tobytes() for image in images]


def test_a_mixture_begins_at_one_class_and_ends_at_the_other(model: Shared) -> None:
    one, other = made(model, seed=3, count=4, label=0), made(model, seed=3, count=4, label=2)
    ends = [made(model, seed=3, count=4, label=0, other_label=2, label_mix=weight) for weight in (0.0, 1.0)]
    assert [pixels(each) for each in ends] == [pixels(one), pixels(other)]
    between = made(model, seed=3, count=4, label=0, other_label=2, label_mix=0.5)
    assert not set(pixels(between)) & set(pixels(one) + pixels(other))
    assert json.loads(between[1].info["hf_genimg"])["class_label"] == {"0": 0.5, "2": 0.5}
    everyone = made(
        model, seed=3, count=4, other_label=2, label_mix=1.0
    )  # from whatever class each image has of its own
    assert pixels(everyone) == pixels(other)


def test_held_codes_are_the_first_latents_whatever_the_truncation(model: Shared) -> None:
    latents = torch.cat([model.pipe.network.sample_latents(1, torch.Generator().manual_seed(5 + i)) for i in range(3)])
    label = model.pipe(3, seed=5).class_labels
    for truncation in (1.0, 0.5):
        expected = truncation * latents
        expected[:, :2] = torch.tensor([0.5, -1.0])
        held = made(model, seed=5, count=3, codes=(0.5, -1.0), truncation=truncation)
        assert pixels(held) == pixels(model.pipe(latents=expected, class_labels=label).images)
    assert json.loads(held[0].info["hf_genimg"])["codes"] == [0.5, -1.0]
    assert pixels(made(model, seed=5, count=3, codes=(0.5,))) != pixels(made(model, seed=5, count=3, codes=(-0.5,)))


def test_images_like_a_mixture_begin_with_it(model: Shared) -> None:
    mixed = {"seed": 4, "label": 1, "other_label": 0, "label_mix": 0.3, "codes": (0.2,), "mix": 0.4, "count": 3}
    assert pixels(made(model, **mixed, like=((2, 0.35),)))[0] == pixels(made(model, **mixed))[2]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"other_label": 3}, "other_label=3 is no class"),
        ({"label_mix": 1.5}, "label_mix=1.5 is not possible"),
        ({"codes": (0.0, 0.0, 0.0)}, "give at most 2 numbers from -1 to 1"),
        ({"codes": (1.01,)}, "give at most 2 numbers from -1 to 1"),
        ({"codes": ("x",)}, "give at most 2 numbers from -1 to 1"),
        ({"codes": (float("nan"),)}, "give at most 2 numbers from -1 to 1"),
    ],
)
def test_what_cannot_be_mixed_is_refused(model: Shared, settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        next(generate(model, Settings(**settings)))


def test_models_without_classes_or_codes_have_none_to_mix() -> None:
    plain = Shelf(
        hf_genimg.ImageGenerationPipeline(hf_genimg.MLPGANGenerator(image_size=8, latent_dim=4, width=4))
    ).find("")
    with pytest.raises(ValueError, match="no class"):
        next(generate(plain, Settings(other_label=0)))
    with pytest.raises(ValueError, match="has none; leave them out"):
        next(generate(plain, Settings(codes=(0.0,))))


def test_the_address_holds_mixtures_and_codes() -> None:
    asked = Settings(seed=2, label=1, other_label=0, label_mix=0.25, codes=(0.5, -1.0))
    assert Settings.of_address(asked.query) == asked
    assert Settings.of_address("seed=2&codes=2") == Settings.of_address("seed=2&codes=nan") == Settings(seed=2)
