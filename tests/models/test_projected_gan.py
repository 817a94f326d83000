"""Projected GAN's discriminator on feature maps, and its generator's latents."""

from __future__ import annotations

import pytest
import torch

import hf_genimg


def discriminator(**changes: object) -> hf_genimg.ProjectedGANDiscriminator:
    arguments = {"in_channels": [2, 3], "sides": [12, 6], "taps": ["shallow", "deep"], "width": 2}
    return hf_genimg.ProjectedGANDiscriminator(**{**arguments, "mixing_channels": 4, "class_dim": 3, **changes})


def maps(count: int = 4) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(count, 2, 12, 12, generator=generator), torch.randn(count, 3, 6, 6, generator=generator)]


def count(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_published_heads_and_projections() -> None:
    """The published projections have a bias for each of 960 + 512 channels besides."""
    with torch.device("meta"):
        network = hf_genimg.ProjectedGANDiscriminator()
    assert [count(head) for head in network.heads] == [2_829_120, 2_763_392, 2_631_936, 2_106_880]
    assert sum(buffer.numel() for buffer in network.mixing.buffers()) == 376_768 - (960 + 512)
    assert [sum(isinstance(m, torch.nn.LeakyReLU) for m in head.modules()) for head in network.heads] == [4, 3, 2, 1]


def test_the_recipe_has_1_3_million_weights_at_32_pixels() -> None:
    with torch.device("meta"):
        assert count(hf_genimg.ProjectedGANGenerator(32, 3, 64, width=16)) == 1_301_216
        assert count(hf_genimg.ProjectedGANGenerator(64, 3, 64, width=16)) == 1_451_872


@pytest.mark.parametrize(("sides", "logits"), [((12, 6), 9 + 9), ((28, 10), 16 + 16), ((4, 2), 25 + 1), ((2, 1), 2)])
def test_a_logit_for_each_position_of_each_head(sides: tuple[int, int], logits: int) -> None:
    network = discriminator(sides=list(sides)).eval()
    images = [torch.randn(2, channels, side, side) for channels, side in zip((2, 3), sides, strict=True)]
    assert network(images).shape == (2, logits)


def test_projections_are_saved_seeded_and_not_trained(tmp_path: object) -> None:
    one, other, same = discriminator(), discriminator(mixing_seed=1), discriminator()
    names = [name for name in one.state_dict() if name.startswith("mixing")]
    assert len(names) == 4 and not names & dict(one.named_parameters()).keys()
    for name in names:
        assert torch.equal(one.state_dict()[name], same.state_dict()[name])
        assert not torch.equal(one.state_dict()[name], other.state_dict()[name])
    one.mixing.channel_mixing_0.mul_(2)
    one.eval().save_pretrained(tmp_path)
    alone = hf_genimg.ProjectedGANDiscriminator.from_pretrained(tmp_path).eval()
    torch.testing.assert_close(alone(maps()), one(maps()))


def test_a_class_moves_every_logit_by_an_inner_product() -> None:
    network, labels = discriminator(num_classes=2).eval(), torch.tensor([0, 1, 1, 0])
    with torch.no_grad():
        outputs = torch.cat([h(m) for h, m in zip(network.heads, network.mixing(maps()), strict=True)], 2)
        logits = network(maps(), labels)
    for image, label in enumerate(labels):
        for place in range(logits.shape[1]):
            vector = network.classes.weight[label]
            expected = outputs[image, 0, place] + vector @ outputs[image, 1:, place] / 3**0.5
            torch.testing.assert_close(logits[image, place], expected)
    with pytest.raises(ValueError, match="this network is conditional; give class_labels"):
        network(maps())


def test_maps_taps_and_sides_go_together() -> None:
    with pytest.raises(ValueError, match=r"taps=\['one'\], in_channels=\[2, 3\], sides=\[12, 6\] differ in number"):
        discriminator(taps=["one"])


def test_latents_have_a_mean_square_of_one_and_truncation_scales_them() -> None:
    network = hf_genimg.ProjectedGANGenerator(16, 1, 5, width=4).eval()
    latents = network.sample_latents(3, torch.Generator().manual_seed(0))
    torch.testing.assert_close(latents.square().mean(1), torch.ones(3))
    assert not torch.allclose(network(latents), network(network.truncate(latents, 0.5)))


@pytest.mark.parametrize("size", [16, 32, 64, 128, 256])
def test_every_size_is_made(size: int) -> None:
    network = hf_genimg.ProjectedGANGenerator(size, 1, 3, width=2).eval()
    assert network(network.sample_latents(1)).shape == (1, 1, size, size)
    assert [int(name) for name in network.excitations] == [side for side in (64, 128, 256) if side <= size]


def test_other_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="image_size=28 is not a size that ProjectedGANGenerator makes; use one of 16"):
        hf_genimg.ProjectedGANGenerator(28)
