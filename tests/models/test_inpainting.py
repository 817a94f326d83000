"""Networks that fill in: counts, known pixels exact, masks, and contextual attention against a slow version."""

from __future__ import annotations

import pytest
import torch

from hf_genimg import ContextEncoderGenerator, GatedInpaintingGenerator, ImageTranslationPipeline
from hf_genimg.layers.contextual_attention import contextual_attention
from hf_genimg.models._network import TranslationNetwork


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def box(size: int, start: int, end: int) -> torch.Tensor:
    mask = torch.zeros(1, 1, size, size)
    mask[..., start:end, start:end] = 1
    return mask


def count(network: torch.nn.Module) -> int:
    return sum(weights.numel() for weights in network.parameters())


def test_published_counts() -> None:
    with torch.device("meta"):
        assert count(GatedInpaintingGenerator(refine=False)) == 1_631_151
        assert count(ContextEncoderGenerator(bottleneck=4000)) == 71_130_531


@pytest.mark.parametrize(
    "network",
    [
        GatedInpaintingGenerator(16, 1, 1, 4),
        GatedInpaintingGenerator(16, 1, 1, 4, refine=False),
        ContextEncoderGenerator(16, 1, 1, 2, 8),
    ],
)
def test_known_pixels_are_exact_and_the_hole_is_not_seen(network: TranslationNetwork) -> None:
    network.eval()
    inputs, mask = noise(1, 1, 16, 16), box(16, 5, 11)
    made = network(inputs * (1 - mask), mask)
    assert torch.equal(made[mask == 0], inputs[mask == 0])
    assert not torch.equal(made[mask == 1], inputs[mask == 1])
    pipe = ImageTranslationPipeline(network)
    with_hole, without = (
        pipe(images, mask=mask, output_type="pt").images for images in (inputs, inputs.masked_fill(mask > 0, 0.9))
    )
    assert torch.equal(with_hole, without)
    assert torch.equal(with_hole[mask == 0], inputs[mask == 0] / 2 + 0.5)


def test_any_size_is_filled_in() -> None:
    pipe = ImageTranslationPipeline(GatedInpaintingGenerator(16, 1, 1, 4).eval())
    mask = torch.zeros(1, 1, 21, 34)
    mask[..., 3:9, 4:7] = 1
    assert pipe(noise(1, 1, 21, 34), mask=mask, output_type="pt").images.shape == (1, 1, 21, 34)


def test_the_refining_network_sees_the_coarse_filling() -> None:
    network, inputs, mask = GatedInpaintingGenerator(16, 1, 1, 4).eval(), noise(1, 1, 16, 16), box(16, 5, 11)
    _, refined = network.stages(inputs, mask)
    network.coarse_image.bias.data.fill_(2.0)
    coarse, other = network.stages(inputs, mask)
    assert coarse.mean() > 0.9 and not torch.equal(refined, other)


def test_an_exported_context_encoder_keeps_what_is_marked_outside_of_the_centre() -> None:
    network = ContextEncoderGenerator(16, 1, 1, 2, 8).eval()
    inputs, mask = torch.rand(1, 1, 16, 16), torch.zeros(1, 1, 16, 16)
    mask[..., :8, :8] = 1  # of which the last quarter lies in the centre
    made = torch.export.export(network, (inputs, mask)).module()(inputs, mask)
    changed = (made != inputs)[0, 0]
    assert changed[4:8, 4:8].any() and not changed[:4].any() and not changed[:, :4].any()


def test_a_context_encoder_refuses_masks_outside_of_the_centre() -> None:
    network = ContextEncoderGenerator(16, 1, 1, 2, 8).eval()
    with pytest.raises(ValueError, match="mask marks pixels outside of the central half"):
        network(noise(1, 1, 16, 16), box(16, 0, 4))
    with pytest.raises(ValueError, match="image_size=48 is not a size that the context encoder fills in; use one of"):
        ContextEncoderGenerator(48)


def test_attention_copies_the_known_patch_that_is_alike() -> None:
    """A hole in a pattern of period 8 is filled with the pattern from a period away."""
    torch.manual_seed(0)
    tile = torch.randn(1, 6, 8, 8)
    maps = tile.repeat(1, 1, 4, 4)
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., 12:20, 12:20] = 1
    made = contextual_attention(maps, mask)
    assert made.shape == maps.shape
    inside = slice(13, 19)
    torch.testing.assert_close(made[..., inside, inside], maps[..., inside, inside], atol=0.05, rtol=0)


def test_attention_takes_nothing_from_the_hole() -> None:
    torch.manual_seed(0)
    maps, mask = torch.randn(1, 4, 16, 16), box(16, 4, 12)
    changed = torch.where(mask > 0, maps + 100 * (maps > 0), maps).requires_grad_()
    contextual_attention(changed, mask)[..., 8, 8].sum().backward()
    made = contextual_attention(maps, mask)
    assert made.abs().max() <= maps[(mask == 0).expand_as(maps)].abs().max() + 1e-4
