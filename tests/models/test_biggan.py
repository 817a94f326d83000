"""What is BigGAN's own: latents in parts, one vector of the class for all blocks, blocks against plain sums, how
weights begin.
"""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import hf_genimg
from hf_genimg.layers.bottleneck import DownBottleneck, UpBottleneck
from hf_genimg.layers.conditional_norm import LinearBatchNorm2d
from hf_genimg.layers.initialisation import orthogonal_initialisation
from hf_genimg.layers.residual import UpBlock, repeated

FAMILIES = ["BigGAN", "BigGANDeep"]
LAYERS_128 = [
    (16, 16),
    (16, 16),
    (16, 16),
    (16, 8),
    (8, 8),
    (8, 4),
    (4, 4),
    (4, 2),
    (2, 2),
    (2, 1),
]  # E8: in and out, as multiples of 128


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def small(family: str, kind: str = "Generator", **changes: object) -> nn.Module:
    own = {"latent_dim": 8, "class_dim": 4} if kind == "Generator" else {}
    size = {"image_size": 32, "image_channels": 1, "num_classes": 3, "width": 4}
    return getattr(hf_genimg, family + kind)(**{**size, **own, **changes})


def stirred(network: nn.Module) -> nn.Module:
    """In eval mode, away from what begins at zero."""
    for tensor in network.parameters():
        nn.init.normal_(tensor, std=0.5)
    return network.eval()


def test_the_deep_generator_is_the_published_list_of_layers() -> None:
    def block(before: int, after: int) -> int:
        inside = before // 4
        norms = 2 * 256 * (before + 3 * inside)
        return norms + (before * inside + inside) + 2 * (9 * inside**2 + inside) + (inside * after + after)

    first = 256 * 2048 * 16 + 2048 * 16
    attention = 2 * 256 * 32 + 2 * 256 * 128 + 1
    last = 2 * 128 + 9 * 128 * 3 + 3
    expected = (
        1000 * 128 + first + sum(block(128 * before, 128 * after) for before, after in LAYERS_128) + attention + last
    )
    with torch.device("meta"):
        network = hf_genimg.BigGANDeepGenerator()
    assert parameters(network) == expected
    assert [block.double for block in network.blocks] == [False, True] * 5
    assert network.attended == 8


def test_the_deep_pair_for_cifar_has_the_published_parameter_count() -> None:
    with torch.device("meta"):
        assert (
            parameters(hf_genimg.BigGANDeepGenerator(image_size=32, latent_dim=80, num_classes=10, width=96))
            == 4_599_876
        )
        assert parameters(hf_genimg.BigGANDeepDiscriminator(image_size=32, num_classes=10, width=48)) == 415_010


def test_maps_are_halved_as_published() -> None:
    for size, sides in {32: [32, 16, 16, 8, 8, 8, 8], 128: [128, 64, 64, 32, 32, 16, 16, 8, 8, 4, 4]}.items():
        network, seen = small("BigGANDeep", "Discriminator", image_size=size, width=8), []
        for block in network.blocks:
            block.register_forward_hook(lambda block, inputs, maps, seen=seen: seen.append(maps.shape[2]))
        network(torch.rand(1, 1, size, size), torch.tensor([0]))
        assert seen == sides


@pytest.mark.parametrize("size", [32, 48, 64, 128])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_size_is_generated_and_discriminated(family: str, size: int) -> None:
    generator, discriminator = (
        small(family, image_size=size, width=8),
        small(family, "Discriminator", image_size=size, width=8),
    )
    labels = torch.tensor([0, 1])
    with torch.no_grad():
        images = generator(generator.sample_latents(2), labels)
        assert images.shape == (2, 1, size, size)
        assert discriminator(images, labels).shape == (2,)


@pytest.mark.parametrize("family", FAMILIES)
def test_without_classes_there_is_no_vector_of_a_class(family: str) -> None:
    generator, discriminator = small(family, num_classes=0).eval(), small(family, "Discriminator", num_classes=0).eval()
    images = generator(generator.sample_latents(2))
    assert discriminator(images).shape == (2,)
    assert parameters(small(family)) > parameters(generator)
    with pytest.raises(ValueError, match="unconditional"):
        generator(generator.sample_latents(2), torch.tensor([0, 1]))


def block_inputs(network: nn.Module, latents: torch.Tensor, labels: torch.Tensor) -> list[torch.Tensor]:
    """What the first layer and each block are given beside maps."""
    seen: list[torch.Tensor] = []
    network.first.register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[0]))
    for block in network.blocks:
        block.register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[1]))
    network(latents, labels)
    return seen


def test_each_block_is_conditioned_on_its_own_part_of_the_latents_and_the_class() -> None:
    network = stirred(small("BigGAN"))
    latents, labels = torch.arange(8.0).expand(2, -1), torch.tensor([2, 0])
    first, *blocks = block_inputs(network, latents, labels)
    assert first[0].tolist() == [0, 1]
    for number, condition in enumerate(blocks, 1):
        assert torch.equal(condition[:, :4], network.embedding.weight[labels])
        assert condition[0, 4:].tolist() == [2 * number, 2 * number + 1]


def test_all_deep_layers_are_conditioned_on_all_latents_and_the_class() -> None:
    network = stirred(small("BigGANDeep"))
    latents, labels = torch.arange(8.0).expand(2, -1), torch.tensor([2, 0])
    seen = block_inputs(network, latents, labels)
    assert len(seen) == 1 + 6
    expected = torch.cat([latents, network.embedding.weight[labels]], 1)
    assert all(torch.equal(condition, expected) for condition in seen)


def test_parts_are_equal_but_for_what_is_left_over() -> None:
    assert small("BigGAN", latent_dim=80).parts == [20, 20, 20, 20]
    assert small("BigGAN", latent_dim=11).parts == [5, 2, 2, 2]
    with pytest.raises(ValueError, match="latent_dim=3 is too small for 4 parts"):
        small("BigGAN", latent_dim=3)


@pytest.mark.parametrize("kind", ["Generator", "Discriminator"])
@pytest.mark.parametrize("family", FAMILIES)
def test_weights_begin_orthogonal(family: str, kind: str) -> None:
    torch.manual_seed(0)
    for name, parameter in small(family, kind, width=8).named_parameters():
        if parameter.dim() > 1:
            matrix = parameter.detach().flatten(1)
            products = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
            torch.testing.assert_close(products, torch.eye(len(products)), rtol=0, atol=1e-5, msg=name)
        elif name.endswith("bias"):
            assert not parameter.any()


def test_orthogonal_initialisation_of_plain_layers() -> None:
    layer = nn.Conv2d(2, 5, 3)
    orthogonal_initialisation(layer)
    rows = layer.weight.detach().flatten(1)
    torch.testing.assert_close(rows @ rows.T, torch.eye(5), rtol=0, atol=1e-5)
    assert not layer.bias.any()


@pytest.mark.parametrize("double", [False, True])
def test_the_generators_bottleneck_step_by_step(double: bool) -> None:
    torch.manual_seed(0)
    after = 4 if double else 8
    block = stirred(UpBottleneck(8, after, lambda channels: LinearBatchNorm2d(channels, 3), double=double))
    maps, condition = torch.rand(2, 8, 4, 4), torch.rand(2, 3)
    branch = F.conv2d(block.norms[0](maps, condition).relu(), block.narrow.weight, block.narrow.bias)
    branch = block.norms[1](branch, condition).relu()
    branch = branch.repeat_interleave(2, 2).repeat_interleave(2, 3) if double else branch
    branch = F.conv2d(branch, block.first.weight, block.first.bias, padding=1)
    branch = F.conv2d(block.norms[2](branch, condition).relu(), block.second.weight, block.second.bias, padding=1)
    branch = F.conv2d(block.norms[3](branch, condition).relu(), block.widen.weight, block.widen.bias)
    kept = maps[:, :after]
    kept = kept.repeat_interleave(2, 2).repeat_interleave(2, 3) if double else kept
    torch.testing.assert_close(block(maps, condition), branch + kept)


@pytest.mark.parametrize("half", [False, True])
def test_the_discriminators_bottleneck_step_by_step(half: bool) -> None:
    torch.manual_seed(0)
    block = stirred(DownBottleneck(4, 8 if half else 4, half=half))
    maps = torch.randn(2, 4, 6, 6)

    def halved(maps: torch.Tensor) -> torch.Tensor:
        return maps.unflatten(3, (3, 2)).unflatten(2, (3, 2)).mean((3, 5)) if half else maps

    branch = F.conv2d(maps.relu(), block.narrow.weight, block.narrow.bias)
    branch = F.conv2d(branch.relu(), block.first.weight, block.first.bias, padding=1)
    branch = F.conv2d(branch.relu(), block.second.weight, block.second.bias, padding=1)
    branch = F.conv2d(halved(branch.relu()), block.widen.weight, block.widen.bias)
    beside = halved(maps)
    if half:
        beside = torch.cat([beside, F.conv2d(beside, block.added.weight, block.added.bias)], 1)
    torch.testing.assert_close(block(maps), branch + beside)


def test_biggans_blocks_repeat_positions() -> None:
    torch.manual_seed(0)
    block = stirred(UpBlock(4, 2, enlarge=repeated))
    nn.init.zeros_(block.second.weight)
    nn.init.zeros_(block.second.bias)
    maps = torch.rand(1, 4, 3, 3)
    shortcut = F.conv2d(maps, block.shortcut.weight, block.shortcut.bias)
    torch.testing.assert_close(block(maps), shortcut.repeat_interleave(2, 2).repeat_interleave(2, 3))
