"""`hf_genimg.chain`: what several calls would make, refused before any work where the pipelines do not fit."""

from __future__ import annotations

import json

import pytest
import torch
from PIL import Image
from torch import nn

import hf_genimg


def awake(network: nn.Module) -> nn.Module:
    """Weights that are large enough for images to differ."""
    for weight in network.parameters():
        nn.init.normal_(weight, 0, 0.3)
    return network.eval()


@pytest.fixture(scope="module")
def sprites() -> hf_genimg.ImageGenerationPipeline:
    """Colour sprites of 16 pixels, with three classes."""
    torch.manual_seed(0)
    network = hf_genimg.InfoGANGenerator(image_size=16, image_channels=3, latent_dim=6, num_classes=3, width=8, codes=2)
    return hf_genimg.ImageGenerationPipeline(awake(network))


@pytest.fixture(scope="module")
def double() -> hf_genimg.ImageTranslationPipeline:
    """Any size, twice as large."""
    torch.manual_seed(1)
    return hf_genimg.ImageTranslationPipeline(awake(hf_genimg.SRResNetGenerator(image_size=16, scale=2, width=4)))


@pytest.fixture(scope="module")
def styled() -> hf_genimg.ImageTranslationPipeline:
    torch.manual_seed(2)
    return hf_genimg.ImageTranslationPipeline(hf_genimg.AdaINTranslator(image_size=32, width=4).eval())


def pipe_of(network: nn.Module) -> hf_genimg.ImageTranslationPipeline:
    return hf_genimg.ImageTranslationPipeline(network)


def test_it_makes_what_two_calls_make(
    sprites: hf_genimg.DiffusionPipeline, double: hf_genimg.DiffusionPipeline
) -> None:
    pipe = hf_genimg.chain(sprites, double)
    made = pipe(3, seed=7, class_labels=[0, 1, 2])
    first = sprites(3, seed=7, class_labels=[0, 1, 2])
    assert [image.tobytes() for image in made.images] == [image.tobytes() for image in double(first.images).images]
    assert made.seeds == [7, 8, 9] and made.class_labels == [0, 1, 2] and made.images[0].size == (32, 32)
    alone = pipe(seed=8, class_labels=1, max_batch_size=1).images[0]
    assert max(abs(a - b) for a, b in zip(alone.tobytes(), made.images[1].tobytes(), strict=True)) <= 1
    assert pipe.capabilities.image_size == 32 and pipe.capabilities.num_classes == 3
    pixels = pipe(2, seed=7, output_type="uint8", return_dict=False)[0]
    assert pixels.shape == (2, 32, 32, 3) and pixels.dtype == torch.uint8


def test_the_provenance_names_all_models_in_order(
    sprites: hf_genimg.DiffusionPipeline, double: hf_genimg.DiffusionPipeline, styled: hf_genimg.DiffusionPipeline
) -> None:
    style = Image.new("RGB", (32, 32), "red")
    image = hf_genimg.chain(sprites, double, styled)(seed=5, then=[{}, {"style": style}]).images[0]
    note = json.loads(image.info["hf_genimg"])
    assert note["revision"] == styled.revision and note["network"] == "AdaINTranslator"
    assert [step["revision"] for step in note["chain"]] == [sprites.revision, double.revision]
    assert note["chain"][0]["seed"] == 5 and image.info["Source"] == "AI-generated"


def test_a_photograph_begins_a_chain(double: hf_genimg.DiffusionPipeline, styled: hf_genimg.DiffusionPipeline) -> None:
    photo, style = Image.effect_noise((40, 24), 60).convert("RGB"), Image.new("RGB", (32, 32), "blue")
    made = hf_genimg.chain(double, styled)(photo, then=[{"style": style}]).images[0]
    assert made.size == (80, 48)


def test_what_does_not_fit_is_one_line_before_work(
    sprites: hf_genimg.DiffusionPipeline, double: hf_genimg.DiffusionPipeline, styled: hf_genimg.DiffusionPipeline
) -> None:
    grey = pipe_of(hf_genimg.SRResNetGenerator(image_size=16, input_channels=1, image_channels=1, scale=2, width=4))
    fixed = pipe_of(hf_genimg.ContextEncoderGenerator(image_size=64, image_channels=3, width=4))
    classifier = hf_genimg.ImageClassificationPipeline(hf_genimg.ResNetClassifier(image_size=16, width=4))
    for pipelines, message in (
        ((sprites,), "a chain needs two pipelines or more"),
        ((sprites, grey), "makes colour images and unsaved takes grey ones"),
        ((sprites, fixed), "makes 16x16 images and unsaved takes 64x64 ones"),
        ((double, fixed), "makes images of any size and unsaved takes 64x64 ones"),
        ((sprites, sprites), "is for generation, and only translation can follow"),
        ((classifier, double), "makes no images, so nothing can follow it"),
    ):
        with pytest.raises(ValueError, match=message):
            hf_genimg.chain(*pipelines)
    with pytest.raises(ValueError, match="needs a style beside the images; give it in then="):
        hf_genimg.chain(sprites, styled)(seed=0)
    with pytest.raises(ValueError, match="then has 1 settings for 2 pipelines"):
        hf_genimg.chain(sprites, double, double)(seed=0, then=[{}])
