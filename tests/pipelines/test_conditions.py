"""Generators that declare more: text, class names, noise inputs, mixing, latents of their own, and priors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import cpu_offload_with_hook
from diffusers.configuration_utils import register_to_config
from torch import nn

import hf_genimg
from hf_genimg import ImageGenerationPipeline, ImageReconstructionPipeline, TextToImagePipeline
from hf_genimg.models._network import LatentNetwork, Network
from hf_genimg.pipelines.provenance import read_provenance


class ToyGenerator(LatentNetwork):
    """Two layers of styles, noise inputs, a class and a text of letters."""

    mixing_layers = 2

    @register_to_config
    def __init__(
        self,
        image_size: int = 4,
        image_channels: int = 1,
        latent_dim: int = 3,
        latent_distribution: str = "normal",
        num_classes: int = 0,
        with_text: bool = False,
        with_noise: bool = False,
    ) -> None:
        super().__init__()
        self.coarse, self.fine = nn.Linear(latent_dim, 16), nn.Linear(latent_dim, 16)
        self.embedding = nn.Embedding(num_classes, 16) if num_classes else None
        self.letters = nn.Embedding(27, 16) if with_text else None

    @property
    def conditions(self) -> tuple[str, ...]:
        return (*super().conditions, *(("text",) if self.config.with_text else ()))

    def sample_noise(self, num_images: int, generator: torch.Generator | None = None) -> torch.Tensor | None:
        return torch.randn(num_images, 16, generator=generator) if self.config.with_noise else None

    def truncate(self, latents: torch.Tensor, truncation: float) -> torch.Tensor:
        return 1 + truncation * (latents - 1)

    def tokenize(self, prompts: list[str]) -> torch.Tensor:
        return torch.tensor([[ord(letter) - 96 if letter.isalpha() else 0 for letter in f"{p:5.5}"] for p in prompts])

    def forward(
        self,
        latents: torch.Tensor,
        class_labels: torch.Tensor | None = None,
        *,
        text: torch.Tensor | None = None,
        noise: torch.Tensor | None = None,
        mixing_latents: torch.Tensor | None = None,
        mixing_start: int | None = None,
    ) -> torch.Tensor:
        fine = latents if mixing_latents is None or mixing_start > 1 else mixing_latents
        made = self.coarse(latents) + 0.5 * self.fine(fine)
        made = made if class_labels is None else made + self.embedding(class_labels)
        made = made if text is None else made + self.letters(text).mean(1)
        made = made if noise is None else made + 0.3 * noise
        return made.view(-1, 1, 4, 4).tanh()


class QuarterAutoencoder(LatentNetwork):
    """Latents are 4 token ids of 5, one for each quarter."""

    @register_to_config
    def __init__(self, image_size: int = 4, image_channels: int = 1, latent_dim: int = 4, num_classes: int = 0) -> None:
        super().__init__()
        self.levels = nn.Parameter(torch.linspace(-0.8, 0.8, 5))

    def sample_latents(self, num_images: int, generator: torch.Generator | None = None) -> torch.Tensor:
        return torch.randint(5, (num_images, 4), generator=generator)

    def encode(self, images: torch.Tensor) -> Any:
        quarters = nn.functional.avg_pool2d(images, 2).flatten(1)
        tokens = (quarters[..., None] - self.levels).abs().argmin(-1)
        return type("Posterior", (), {"mean": tokens})()

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        return self.levels[latents].view(-1, 1, 2, 2).repeat_interleave(2, 2).repeat_interleave(2, 3)


class TokenPrior(Network):
    """Tokens one after another, each from its image's own generator; of a class, only those from it on."""

    @register_to_config
    def __init__(self, num_classes: int = 0) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def sample_latents(
        self,
        num_images: int,
        generator: torch.Generator | list[torch.Generator] | None = None,
        class_labels: torch.Tensor | None = None,
    ) -> torch.Tensor:
        generators = generator if isinstance(generator, list) else [generator] * num_images
        lowest = [0] * num_images if class_labels is None else class_labels.tolist()
        assert len(generators) == num_images
        pairs = zip(generators, lowest, strict=True)
        return torch.tensor([[4 - torch.randint(5 - low, (1,), generator=g) for _ in range(4)] for g, low in pairs])


def toy(**config: Any) -> ToyGenerator:
    torch.manual_seed(0)
    return ToyGenerator(**config).eval()


def levels(pipe: Any, *args: Any, **settings: Any) -> np.ndarray:
    return pipe(*args, output_type="np", **settings).images


def test_text_is_one_for_all_or_one_for_each() -> None:
    pipe = TextToImagePipeline(toy(with_text=True))
    assert pipe.capabilities.text and pipe.capabilities.task == "generation"
    cats = levels(pipe, "cat", 3, seed=4)
    dogs = levels(pipe, "dog", 3, seed=4)
    assert cats.shape == (3, 4, 4, 1) and np.abs(cats - dogs).min(axis=(1, 2, 3)).max() < 1
    assert not np.allclose(cats, dogs)
    both = levels(pipe, ["cat", "dog"], seed=4)
    np.testing.assert_allclose(both, [cats[0], dogs[1]], atol=1e-6)
    np.testing.assert_allclose(levels(pipe, ["cat", "dog"], seed=4, max_batch_size=1), both, atol=1e-6)
    walk = pipe.interpolate([4, 5], 3, output_type="np", prompt=["cat", "dog"])
    np.testing.assert_allclose(walk[[0, 2]], both, atol=1e-6)


def test_prompts_are_noted(tmp_path: Path) -> None:
    pipe = TextToImagePipeline(toy(with_text=True))
    for prompt, notes in (("cat", ["cat", "cat"]), (["a", "b"], ["a", "b"])):
        images = pipe(prompt, 2, seed=1).images
        assert [f'"prompt": "{note}"' in image.info["hf_genimg"] for note, image in zip(notes, images, strict=True)]
    assert read_provenance(pipe.save_grid(tmp_path / "x.png", 4, prompt="cat"))["prompt"] == "cat"


@pytest.mark.parametrize("prompt", [None, "", [], 7, ["cat", 3]])
def test_prompts_that_are_none(prompt: Any) -> None:
    pipe = TextToImagePipeline(toy(with_text=True))
    if prompt == "":
        assert len(pipe(prompt).images) == 1
        return
    with pytest.raises(ValueError, match="ToyGenerator needs a text, or a list"):
        pipe(prompt)


def test_text_where_there_is_none() -> None:
    with pytest.raises(ValueError, match="prompt is given, but ToyGenerator is not conditioned on text"):
        ImageGenerationPipeline(toy())(prompt="cat")
    with pytest.raises(ValueError, match="ToyGenerator is not conditioned on text; use ImageGenerationPipeline"):
        TextToImagePipeline(toy())
    with pytest.raises(ValueError, match="num_images is 3, the length of prompt is 2"):
        TextToImagePipeline(toy(with_text=True))(["a", "b"], 3)


NAMES = ["zero", "one", "Big cat", "3", "10"]


@pytest.fixture
def named() -> ImageGenerationPipeline:
    network = toy(num_classes=5)
    network.register_to_config(class_names=NAMES)
    return ImageGenerationPipeline(network)


def test_classes_have_names(named: ImageGenerationPipeline, tmp_path: Path) -> None:
    assert named.capabilities.class_names == tuple(NAMES)
    for given, labels in (
        ("one", [1]),
        ("big CAT", [2]),
        ("10", [4]),
        ("2", [2]),  # no class is called so: a label
        (["3", "zero", 1], [3, 0, 1]),
        (2, [2]),
    ):
        assert named(class_labels=given, output_type="pt").class_labels == labels
    for name, hint in (("Big cats", "; did you mean 'Big cat'\\?"), ("elephant", ""), ("77", "")):
        with pytest.raises(ValueError, match=f"there is no class '{name}'{hint}; the classes are zero, one, Big cat"):
            named(class_labels=name)
    walk = named.interpolate([1, 2], 2, class_labels=["one", "zero"], output_type="np")
    np.testing.assert_allclose(walk, levels(named, seed=1, class_labels=[1, 0]), atol=1e-6)


def test_classes_without_names() -> None:
    pipe = ImageGenerationPipeline(toy(num_classes=5))
    assert pipe.capabilities.class_names == ()
    with pytest.raises(ValueError, match="class_labels='cat' is no class, and the classes have no names; give an"):
        pipe(class_labels="cat")


def test_noise_comes_from_the_images_own_generator() -> None:
    pipe, plain = (ImageGenerationPipeline(toy(with_noise=noisy, num_classes=3)) for noisy in (True, False))
    together = levels(pipe, 4, seed=7)
    assert not np.allclose(together, levels(plain, 4, seed=7))
    assert pipe(4, seed=7).class_labels == plain(4, seed=7).class_labels
    apart = [levels(pipe, seed=7 + number)[0] for number in range(4)]
    np.testing.assert_allclose(together, apart, atol=1e-6)
    inputs = pipe.draw_seeds([7, 8, 9, 10])
    again = levels(pipe, latents=inputs.latents, noise=inputs.noise, class_labels=inputs.class_labels)
    np.testing.assert_allclose(again, together, atol=1e-6)
    walk = pipe.interpolate([7, 9], 3, output_type="np", class_labels=1)
    np.testing.assert_allclose(walk[[0, 2]], levels(pipe, 3, seed=7, class_labels=1)[[0, 2]], atol=1e-6)
    given = levels(pipe, latents=inputs.latents, class_labels=inputs.class_labels, seed=7)
    np.testing.assert_allclose(given, together, atol=1e-6)


def test_truncation_is_the_networks_own() -> None:
    pipe = ImageGenerationPipeline(toy())
    expected = levels(pipe, latents=torch.ones(1, 3))
    np.testing.assert_allclose(levels(pipe, seed=5, truncation=0), expected, atol=1e-6)


def test_styles_are_mixed_from_a_layer_on(tmp_path: Path) -> None:
    pipe = ImageGenerationPipeline(toy())
    assert pipe.capabilities.mixing_layers == 2
    network, latents = pipe.generator, pipe.draw_seeds([3, 9]).latents
    with torch.no_grad():
        expected = network(latents[:1], mixing_latents=latents[1:], mixing_start=1)
    made = pipe(seed=3, mix_seed=9, output_type="pt").images
    torch.testing.assert_close(made, (expected + 1) / 2)
    assert not torch.allclose(made, pipe(seed=3, output_type="pt").images)
    assert torch.equal(pipe(seed=3, mix_seed=3, output_type="pt").images, pipe(seed=3, output_type="pt").images)
    assert '"mix_seed": 9, "mix_from": 1' in pipe(seed=3, mix_seed=9).images[0].info["hf_genimg"]
    for settings, message in (
        ({"mix_from": 1}, "give mix_seed as well"),
        ({"mix_seed": 1, "mix_from": 2}, "mix_from=2 is not possible; give an integer from 1 to 1"),
        ({"mix_seed": -1}, "seed=-1 is not possible"),
    ):
        with pytest.raises(ValueError, match=message):
            pipe(**settings)


def test_a_network_that_mixes_no_styles(colour: ImageGenerationPipeline) -> None:
    with pytest.raises(ValueError, match="DCGANGenerator mixes no styles; leave mix_seed and mix_from out"):
        colour(mix_seed=1)


@pytest.fixture
def tokens() -> ImageReconstructionPipeline:
    return ImageReconstructionPipeline(QuarterAutoencoder().eval(), TokenPrior().eval())


def test_tokens_come_from_the_prior_and_seeds_name_images(tokens: ImageReconstructionPipeline) -> None:
    able = tokens.capabilities
    assert able.prior and able.encode and not able.truncation and not able.interpolation
    together = levels(tokens, 5, seed=3)
    np.testing.assert_array_equal(together, [levels(tokens, seed=3 + number)[0] for number in range(5)])
    np.testing.assert_array_equal(together, levels(tokens, 5, seed=3, max_batch_size=2))
    expected = TokenPrior().sample_latents(1, torch.Generator().manual_seed(3))
    np.testing.assert_array_equal(levels(tokens, latents=expected), together[:1])
    listed = levels(tokens, generator=[torch.Generator().manual_seed(3), torch.Generator().manual_seed(5)])
    np.testing.assert_array_equal(listed, together[[0, 2]])
    assert not np.array_equal(levels(ImageReconstructionPipeline(tokens.autoencoder), 5, seed=3), together)
    found = tokens.encode(torch.from_numpy(together).permute(0, 3, 1, 2) * 2 - 1)
    assert found.dtype == torch.int64
    np.testing.assert_array_equal(tokens.decode(found, "np"), together)


def test_a_prior_that_is_conditioned_on_classes() -> None:
    pipe = ImageReconstructionPipeline(QuarterAutoencoder().eval(), TokenPrior(num_classes=5).eval())
    assert pipe.capabilities.num_classes == 5
    assert np.unique(levels(pipe, 3, seed=1, class_labels=4)).size == 1
    made = pipe(6, seed=1, output_type="np")
    np.testing.assert_array_equal(levels(pipe, 6, seed=1, class_labels=made.class_labels), made.images)
    np.testing.assert_array_equal(levels(pipe, 2, seed=3), made.images[2:4])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"truncation": 0.5}, "the latents of QuarterAutoencoder are tokens; leave it out"),
        ({"latents": torch.zeros(2, 4)}, r"latents is torch.float32 \[2, 4\]; give token ids, torch.int64, \[N, 4\]"),
        ({"latents": torch.zeros(2, 5, dtype=torch.long)}, r"\[2, 5\]; give token ids"),
    ],
)
def test_what_tokens_do_not_allow(settings: dict[str, Any], message: str, tokens: ImageReconstructionPipeline) -> None:
    with pytest.raises(ValueError, match=message):
        tokens(**settings)
    with pytest.raises(ValueError, match="are tokens, between which there is nothing"):
        tokens.interpolate([1, 2])


def test_a_prior_is_saved_loaded_and_covered_by_the_revision(
    tokens: ImageReconstructionPipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for network in (QuarterAutoencoder, TokenPrior):
        monkeypatch.setattr(hf_genimg, network.__name__, network, raising=False)
    tokens.save_pretrained(tmp_path)
    loaded = hf_genimg.load(tmp_path)
    np.testing.assert_array_equal(levels(loaded, 3, seed=1), levels(tokens, 3, seed=1))
    assert loaded.provenance()["networks"] == {"autoencoder": "QuarterAutoencoder", "prior": "TokenPrior"}
    revision = loaded.revision
    assert revision == tokens.revision != ImageReconstructionPipeline(tokens.autoencoder).revision
    with torch.no_grad():
        loaded.prior.scale.add_(1)
    assert loaded.revision != revision


def test_networks_that_are_offloaded_are_fetched_for_every_call(
    tokens: ImageReconstructionPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`enable_model_cpu_offload` needs an accelerator; its hook, which runs before `forward` alone, does not."""
    assert tokens.model_cpu_offload_seq == "prior->autoencoder"
    _, hook = cpu_offload_with_hook(tokens.autoencoder, execution_device="cpu")
    fetched: list[nn.Module] = []
    monkeypatch.setattr(hook.hook, "pre_forward", lambda module, *args, **kwargs: fetched.append(module))
    tokens.decode(torch.zeros(1, 4, dtype=torch.long))
    tokens.encode(torch.zeros(1, 1, 4, 4))
    assert fetched == [tokens.autoencoder] * 2


@pytest.mark.parametrize("network", [hf_genimg.ProjectedGANGenerator, hf_genimg.ProGANGenerator])
def test_latents_of_one_length_are_not_truncated(network: Any) -> None:
    pipe = hf_genimg.ImageGenerationPipeline(network(image_size=16, image_channels=1, latent_dim=4, width=2).eval())
    assert not pipe.capabilities.truncation and pipe.capabilities.interpolation
    with pytest.raises(ValueError, match=r"truncation=0.5 is not possible: the latents of \w+ have one length"):
        pipe(2, truncation=0.5)
