"""Facts about every network: shapes and ranges at a tiny size, parameter counts at the paper's (on the meta device, so
without memory).
"""

from __future__ import annotations

import runpy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

import hf_genimg
from hf_genimg._public import classes_in


@dataclass(frozen=True)
class Facts:
    """What `facts/<family>.py` says of a network; `parameters` at the defaults of its constructor, which are the
    paper's.
    """

    name: str
    # generator, autoencoder, translator, classifier, prior; discriminator, also `pair `, `patch `, `latent ` or
    # `feature `; autoencoder and prior also `token `
    kind: str
    parameters: int
    tiny: dict[str, Any]
    colour: bool = False  # whether its images are in colour alone


FAMILIES = sorted((Path(__file__).parent / "facts").glob("*.py"))
FILES = Path(hf_genimg.__file__).parent / "models"
FACTS = [Facts(**facts) for family in FAMILIES for facts in runpy.run_path(str(family))["FACTS"]]
everything = pytest.mark.parametrize("facts", FACTS, ids=lambda facts: facts.name)
channels = pytest.mark.parametrize("image_channels", [1, 3])


def build(facts: Facts, **changes: Any) -> torch.nn.Module:
    return getattr(hf_genimg, facts.name)(**{**facts.tiny, **changes})


def public(config: Any) -> dict[str, Any]:
    return {key: value for key, value in config.items() if not key.startswith("_")}


def parameters(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_every_network_has_its_facts() -> None:
    assert set(classes_in("models")) == {facts.name for facts in FACTS}


def test_every_family_has_facts_and_all_facts_are_of_a_family() -> None:
    assert [file.stem for file in FAMILIES] == sorted(file.stem for file in FILES.glob("[a-z]*.py"))


@everything
def test_the_paper_size_has_the_published_parameter_count(facts: Facts) -> None:
    with torch.device("meta"):
        assert parameters(getattr(hf_genimg, facts.name)()) == facts.parameters


def test_both_halves_of_the_conv_vae_have_the_published_parameter_count() -> None:
    with torch.device("meta"):
        vae = hf_genimg.ConvVAE()
    assert parameters(vae.encoder) + parameters(vae.to_mean) + parameters(vae.to_log_variance) == 11_050_656
    assert parameters(vae.decoder) == 6_181_377


def test_resnet_56_has_the_published_parameter_count() -> None:
    with torch.device("meta"):
        assert parameters(hf_genimg.ResNetClassifier(depth=56)) == 853_018
    with pytest.raises(ValueError, match=r"depth=21 is not 6n \+ 2; use 8, 14, 20"):
        hf_genimg.ResNetClassifier(depth=21)


def test_the_mlp_vae_of_two_layers_is_that_of_iwae() -> None:
    """E15h: 784-200-200-2x50-200-200-784."""
    with torch.device("meta"):
        network = hf_genimg.MLPVAE(latent_dim=50, width=200, depth=2, activation="tanh")
    assert parameters(network) == 425_284
    assert sum(isinstance(layer, torch.nn.Tanh) for layer in network.modules()) == 4
    for wrong, line in (
        ({"depth": 0}, "depth=0 must be at least 1"),
        ({"activation": "gelu"}, "use one of relu, tanh"),
    ):
        with pytest.raises(ValueError, match=line):
            hf_genimg.MLPVAE(**wrong)


def test_a_shortcut_without_parameters_adds_empty_channels() -> None:
    """With a branch that gives zeros, a block that doubles the channels passes every second pixel on, in the middle
    channels.
    """
    network = hf_genimg.ResNetClassifier(image_size=8, depth=8, width=2).eval()
    block = network.stages[1]
    torch.nn.init.zeros_(block.branch[-1].weight)
    maps = torch.rand(1, 2, 8, 8)
    expected = torch.zeros(1, 4, 4, 4)
    expected[:, 1:3] = maps[:, :, ::2, ::2]
    torch.testing.assert_close(block(maps), expected)


@pytest.mark.parametrize("size", [28, 32, 64, 128])
def test_conv_vae_makes_and_encodes_every_size_it_offers(size: int) -> None:
    vae = hf_genimg.ConvVAE(image_size=size, image_channels=3, latent_dim=3, width=2).eval()
    with torch.no_grad():
        images = vae.decode(vae.sample_latents(2))
        assert images.shape == (2, 3, size, size)
        assert vae.encode(images).mean.shape == (2, 3)
    with pytest.raises(ValueError, match="image_size=20 is not a size that ConvVAE makes; use one of 28, 32, 64, 128"):
        hf_genimg.ConvVAE(image_size=20)


def test_grey_dcgan_has_the_published_parameter_count() -> None:
    with torch.device("meta"):
        assert parameters(hf_genimg.DCGANGenerator(image_channels=1)) == 3_574_656
        assert parameters(hf_genimg.DCGANDiscriminator(image_channels=1)) == 2_763_520


@everything
@channels
def test_shapes_and_ranges(facts: Facts, image_channels: int) -> None:
    torch.manual_seed(0)
    if facts.colour and image_channels != 3:
        with pytest.raises(ValueError, match=f"image_channels={image_channels} .*; use image_channels=3"):
            build(facts, image_channels=image_channels)
        return
    if facts.kind.endswith("prior"):
        assert build(facts)(build(facts).sample_latents(6)).shape == (6,)
        return
    if facts.kind == "latent discriminator":
        assert build(facts)(torch.randn(6, facts.tiny["in_features"])).shape == (6,)
        return
    if facts.kind == "feature discriminator":
        network = build(facts).eval()
        shapes = zip(network.config.in_channels, network.config.sides, strict=True)
        maps = [torch.randn(6, channels, side, side) for channels, side in shapes]
        logits = network(maps, torch.arange(6) % 3)
        assert logits.dim() == 2 and len(logits) == 6 and logits.std(dim=0).min() > 0
        return
    changes = {"image_channels": image_channels}
    if facts.kind == "translator" and "input_channels" not in facts.tiny:  # it takes as many channels as it makes
        changes["input_channels"] = image_channels
    network = build(facts, **changes).eval()
    images = torch.rand(6, image_channels, facts.tiny["image_size"], facts.tiny["image_size"]) * 2 - 1
    if facts.kind == "classifier":
        assert network(images).shape == (6, 3)
        assert network.classify(network.features(images)).shape == (6, 3)
        return
    labels = (torch.arange(6) % facts.tiny["num_classes"],) if facts.tiny.get("num_classes") else ()
    if facts.kind == "discriminator":
        assert network(images, *labels).shape == (6,)
        return
    mask = torch.zeros(6, 1, *images.shape[2:])
    middle = slice(3 * images.shape[2] // 8, 5 * images.shape[2] // 8)
    mask[..., middle, middle] = 1
    given = {"mask": mask} if "mask" in getattr(network, "conditions", ()) else {}
    if facts.kind == "patch discriminator":
        logits = network(images, **given)
        assert logits.dim() >= 2 and len(logits) == 6 and logits.std(dim=0).min() > 0
        return
    if facts.kind == "pair discriminator":
        assert network(torch.rand(6, facts.tiny["input_channels"], *images.shape[2:]), images).shape[:1] == (6,)
        return
    if facts.kind == "translator":
        made = network(torch.rand(6, network.config.input_channels, *images.shape[2:]), **given)
        size = (network.scale * side for side in images.shape[2:])
        assert made.shape == (6, image_channels, *size) and made.abs().max() <= 1
        assert made.std(dim=0).max() > 0, "all inputs give one image"
        return
    latents = network.sample_latents(6)
    tokens = facts.kind == "token autoencoder"
    assert latents.dtype == torch.int64 if tokens else latents.shape == (6, 5)
    assert not tokens or network.encode(images).mean.shape == latents.shape
    made = network.decode(latents, *labels) if facts.kind.endswith("autoencoder") else network(latents, *labels)
    assert made.shape == images.shape
    assert made.abs().max() <= 1
    assert made.std(dim=0).max() > 0, "all latents give one image"


@everything
def test_a_network_with_classes_listens_to_them(facts: Facts) -> None:
    if facts.kind not in ("generator", "discriminator") or not facts.tiny.get("num_classes"):
        return
    torch.manual_seed(0)
    network, side = build(facts).eval(), facts.tiny["image_size"]
    for tensor in network.parameters():
        tensor.data.add_(0.3 * torch.randn_like(tensor))  # away from what begins at zero
    seen = (
        network.sample_latents(1)
        if facts.kind == "generator"
        else torch.rand(1, network.config.image_channels, side, side) * 2 - 1
    )
    one, other = (network(seen, torch.tensor([label])) for label in (0, 1))
    assert not torch.allclose(one, other)
    with pytest.raises(ValueError, match="this network is conditional; give class_labels"):
        network(seen)


@everything
def test_saved_and_loaded_is_the_same_network(facts: Facts, tmp_path: Any) -> None:
    network = build(facts)
    network.save_pretrained(tmp_path)
    assert (tmp_path / "diffusion_pytorch_model.safetensors").exists()
    loaded = type(network).from_pretrained(tmp_path)
    assert public(loaded.config) == public(network.config)
    assert all(torch.equal(tensor, loaded.state_dict()[key]) for key, tensor in network.state_dict().items())


@everything
def test_a_pickle_is_never_read(facts: Facts, tmp_path: Any) -> None:
    network = build(facts)
    network.save_pretrained(tmp_path)
    (tmp_path / "diffusion_pytorch_model.safetensors").unlink()
    torch.save(network.state_dict(), tmp_path / "diffusion_pytorch_model.bin")
    with pytest.raises(OSError, match=r"diffusion_pytorch_model\.safetensors"):
        type(network).from_pretrained(tmp_path)
    with pytest.raises(ValueError, match="safetensors only"):
        type(network).from_pretrained(tmp_path, use_safetensors=False)


@pytest.mark.parametrize("size", [16, 28, 32, 64, 128, 256])
def test_dcgan_generates_and_discriminates_every_size_it_offers(size: int) -> None:
    generator = hf_genimg.DCGANGenerator(image_size=size, image_channels=1, latent_dim=3, width=2).eval()
    discriminator = hf_genimg.DCGANDiscriminator(image_size=size, image_channels=1, width=2).eval()
    with torch.no_grad():
        images = generator(generator.sample_latents(2))
        assert images.shape == (2, 1, size, size)
        assert discriminator(images).shape == (2,)


@pytest.mark.parametrize("size", [8, 20, 48, 512])
def test_dcgan_names_the_sizes_it_offers(size: int) -> None:
    with pytest.raises(
        ValueError, match=f"image_size={size} is not a size that DCGAN makes; use one of 16, 28, 32, 64, 128, 256"
    ):
        hf_genimg.DCGANGenerator(image_size=size)


def test_dcgan_begins_as_the_paper_says() -> None:
    torch.manual_seed(0)
    generator = hf_genimg.DCGANGenerator(image_size=32, width=16)
    weights = generator.layers[3].weight
    assert weights.mean().abs() < 1e-3
    assert abs(weights.std() - 0.02) < 1e-3
    gains = generator.layers[1].weight
    assert abs(gains.mean() - 1) < 0.02
    assert 0.01 < gains.std() < 0.03


@pytest.mark.parametrize("name", ["MLPGANGenerator", "DCGANGenerator"])
def test_unconditional_generators_refuse_labels(name: str) -> None:
    network = getattr(hf_genimg, name)(image_size=16, image_channels=1, latent_dim=3, width=4)
    with pytest.raises(ValueError, match="unconditional"):
        network(network.sample_latents(2), torch.tensor([0, 1]))


def test_a_vae_decodes_what_its_logits_say() -> None:
    network = hf_genimg.MLPVAE(image_size=8, latent_dim=3, width=4)
    latents = network.sample_latents(4)
    expected = 2 * torch.sigmoid(network.logits(latents)) - 1
    torch.testing.assert_close(network.decode(latents), expected)


def test_unknown_latent_distributions_are_refused() -> None:
    with pytest.raises(
        ValueError, match="latent_distribution='gauss' is not known; use one of normal, uniform, truncated"
    ):
        hf_genimg.MLPVAE(latent_distribution="gauss")


@pytest.mark.parametrize("name", ["ACGANDiscriminator", "ACGANCIFARDiscriminator", "InfoGANDiscriminator"])
def test_a_config_with_the_older_name_of_an_argument_loads(name: str, tmp_path: Path) -> None:
    network = build(next(facts for facts in FACTS if facts.name == name), auxiliary_outputs=4)
    network.save_pretrained(tmp_path)
    config = tmp_path / "config.json"
    config.write_text(config.read_text().replace('"auxiliary_outputs"', '"guesses"'))
    loaded = getattr(hf_genimg, name).from_pretrained(tmp_path)
    assert loaded.config.auxiliary_outputs == 4 and "guesses" not in loaded.config
