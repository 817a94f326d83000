"""Text-conditioned networks: published sizes, words that decide the image, and walks between texts."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import hf_genimg

WORDS = ["blue", "dragon", "red", "wall"]


def build(**more: Any) -> tuple[torch.nn.Module, torch.nn.Module]:
    """Generator and discriminator; more: of the generator."""
    size = {"image_size": 16, "image_channels": 1, "text_dim": 8, "width": 4, "vocabulary": WORDS}
    torch.manual_seed(0)
    networks = hf_genimg.TextGANGenerator(**size, latent_dim=6, **more), hf_genimg.TextGANDiscriminator(**size)
    for network in networks:
        for tensor in network.parameters():
            torch.nn.init.normal_(tensor, std=0.2)  # away from what begins at zero
    return networks


def test_other_sizes_have_the_published_parameter_counts() -> None:
    def count(network: torch.nn.Module) -> int:
        return sum(p.numel() for name, p in network.named_parameters() if "text_encoder" not in name)

    with torch.device("meta"):
        assert count(hf_genimg.TextGANGenerator(256)) == 9_744_131
        assert count(hf_genimg.TextGANDiscriminator(256)) == 6_619_206 + 295_936 - 3 * (256 * 256 + 256)
        assert count(hf_genimg.TextGANGenerator(32, 3, 64, 64, 16)) == 572_035
        assert count(hf_genimg.TextGANDiscriminator(32, 3, 64, 16)) == 376_995 + 55_808


def test_a_generator_begins_without_text_and_learns_it() -> None:
    generator = hf_genimg.TextGANGenerator(16, 1, 6, 8, 4, WORDS).eval()
    latents, red = generator.sample_latents(2), generator.tokenize(["red", "blue"])
    assert torch.equal(generator(latents, text=red), generator(latents)), "gains and offsets begin at 1 and 0"
    generator, _ = build()
    assert not torch.allclose(generator(latents, text=red), generator(latents, text=red.flip(0)))


def test_the_discriminator_compares_image_and_text() -> None:
    _, discriminator = build()
    images, text = torch.rand(2, 1, 16, 16) * 2 - 1, torch.tensor([[1, 2], [3, 4]])
    logits = discriminator(images, text)
    assert logits.shape == (2,) and not torch.allclose(logits, discriminator(images, text.flip(0)))
    maps, sentences = discriminator.encode_images(images), discriminator.encode_text(text)
    torch.testing.assert_close(discriminator.compare(maps, sentences), logits)


def test_sentence_vectors_may_stand_for_token_ids() -> None:
    generator, _ = build()
    latents, tokens = generator.sample_latents(3), generator.tokenize(["red dragon"] * 3)
    torch.testing.assert_close(generator(latents, text=generator.encode_text(tokens)), generator(latents, text=tokens))


def test_a_walk_goes_from_one_text_to_the_other() -> None:
    generator, _ = build()
    pipe = hf_genimg.TextToImagePipeline(generator)
    walk = pipe.interpolate([3, 3], 5, prompt=["red dragon", "blue wall"], output_type="pt")
    ends = pipe(["red dragon", "blue wall"], generator=[torch.Generator().manual_seed(3) for _ in range(2)])
    ends = pipe(
        prompt=["red dragon", "blue wall"],
        latents=generator.sample_latents(1, torch.Generator().manual_seed(3)).repeat(2, 1),
        output_type="pt",
    ).images
    torch.testing.assert_close(walk[[0, -1]], ends)
    steps = (walk[1:] - walk[:-1]).flatten(1).norm(dim=1)
    assert (steps > 0).all(), "every step changes the image"


def test_words_that_are_not_known_are_named() -> None:
    generator, _ = build()
    with pytest.warns(UserWarning, match="does not know unicorn, and ignores such words"):
        assert torch.equal(generator.tokenize(["Red unicorn!"])[0, :2], torch.tensor([3, 0]))
    with pytest.raises(ValueError, match="prompt='a unicorn' has no word that this model knows; it knows blue, dragon"):
        generator.tokenize(["red wall", "a unicorn"])
    with pytest.raises(ValueError, match="has 17 words; give at most 16"):
        generator.tokenize(["red " * 17])


def test_a_size_that_cannot_be_made_is_named() -> None:
    with pytest.raises(ValueError, match="image_size=48 is not a size that TextGAN makes; use one of 16, 32, 64"):
        hf_genimg.TextGANGenerator(48)


def test_its_pipeline_says_what_can_be_asked() -> None:
    generator, _ = build(examples=["red dragon", "blue wall"])
    able = hf_genimg.TextToImagePipeline(generator).capabilities
    assert able.text and able.prompts == ("red dragon", "blue wall")


def test_texts_are_mixed_and_avoided_by_weights() -> None:
    torch.manual_seed(0)
    network = hf_genimg.TextGANGenerator(16, 1, 4, 6, 2, ["blue", "dragon", "wall"]).eval()
    for tensor in network.parameters():
        torch.nn.init.normal_(tensor, std=0.3)
    pipe = hf_genimg.TextToImagePipeline(network)
    how = {"seed": 3, "output_type": "pt"}
    blue, wall = network.encode_text(network.tokenize(["blue", "wall"]))
    latents = pipe.draw_seeds([3, 3], prompt="blue").latents[:1]
    wanted = network(latents, text=(1.5 * blue - 0.5 * wall)[None])
    made = pipe({"blue": 1.5, "wall": -0.5}, 2, **how).images
    torch.testing.assert_close(made[:1] * 2 - 1, wanted, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(pipe({"blue": 1}, **how).images, pipe("blue", **how).images)
    torch.testing.assert_close(pipe({"blue": 1, "wall": 0}, 2, **how).images[0], pipe("blue", **how).images[0])
    assert len(pipe.interpolate([1, 2], 3, prompt={"blue": 2.0, "wall": -1.0})) == 3
    assert '"wall": -0.5' in pipe({"blue": 1.5, "wall": -0.5}, seed=3).images[0].info["hf_genimg"]
    for given in ({}, {"blue": float("nan")}, {"blue": "much"}):
        with pytest.raises(ValueError, match="mixes no texts; give texts and their weights, finite numbers"):
            pipe(given)
    with pytest.raises(ValueError, match="no word that this model knows"):
        pipe({"unicorn": 1.0})
