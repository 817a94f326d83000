"""NAFNet and DnCNN: published counts, the identity that they start from, sizes, tiles."""

from __future__ import annotations

import pytest
import torch

from hf_genimg import DnCNNGenerator, ImageTranslationPipeline, NAFNetGenerator
from hf_genimg.models import nafnet
from hf_genimg.models.nafnet import local_mean


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def small() -> NAFNetGenerator:
    return NAFNetGenerator(8, 1, 1, 4, (1, 2), 1, (1, 1))


def count(network: torch.nn.Module) -> int:
    return sum(weights.numel() for weights in network.parameters())


def test_published_counts() -> None:
    with torch.device("meta"):
        assert count(NAFNetGenerator(width=64)) == 115_982_915
        gopro = {"encoder_blocks": (1, 1, 1, 28), "middle_blocks": 1, "decoder_blocks": (1, 1, 1, 1)}
        assert count(NAFNetGenerator(width=32, **gopro)) == 17_111_907
        assert count(NAFNetGenerator(256, 3, 3, 16, (1, 1, 1), 1, (1, 1, 1))) == 288_691
        assert count(DnCNNGenerator(image_channels=3, input_channels=3, depth=20)) == 670_531
        assert count(DnCNNGenerator(norm="none")) == 557_057 - 15 * 128  # batch norm merged into the kernels
        assert count(DnCNNGenerator(40, 3, 3, depth=20, norm="none")) == 668_227


def test_every_block_of_nafnet_begins_as_the_identity_and_every_weight_learns() -> None:
    network, inputs = small(), noise(2, 1, 8, 8)
    for block in [*network.encoders, network.middle, *network.decoders]:
        maps = noise(1, block[0].beta.shape[1], 4, 4)
        assert torch.equal(block(maps), maps)
    for block in network.modules():
        if type(block).__name__ == "_Block":
            torch.nn.init.ones_(block.beta)
            torch.nn.init.ones_(block.gamma)
    network(inputs).square().mean().backward()
    assert all(weights.grad.abs().sum() > 0 for weights in network.parameters())


def test_a_layer_norm_is_over_channels_at_each_position() -> None:
    norm = small().middle[0].spatial[0]
    maps = norm(noise(2, 16, 3, 3) * 5 + 2)
    torch.testing.assert_close(maps.mean(1), torch.zeros(2, 3, 3), atol=1e-5, rtol=0)
    torch.testing.assert_close(maps.std(1, unbiased=False), torch.ones(2, 3, 3), atol=1e-3, rtol=0)


@pytest.mark.parametrize("window", [None, 8])
def test_large_images_are_made_in_strips_and_alike(window: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    network, inputs = NAFNetGenerator(8, 1, 1, 4, (1, 2), 1, (1, 1), window).eval(), noise(2, 1, 44, 20)
    for weights in network.parameters():
        torch.nn.init.normal_(weights, std=0.1, generator=torch.Generator().manual_seed(weights.numel()))
    expected = network(inputs)
    monkeypatch.setattr(nafnet, "LARGE", 0)
    monkeypatch.setattr(nafnet, "STRIP", 7)
    strips = []
    monkeypatch.setattr(nafnet, "_strips", lambda height, whole=nafnet._strips: strips.append(height) or whole(height))
    with torch.no_grad():
        torch.testing.assert_close(network(inputs), expected.detach(), rtol=1e-5, atol=1e-6)
    assert strips == [44, 22, 22, 11, 11, 22, 22, 44]
    assert (expected - inputs).std() > 0.05 and (expected.abs() < 1).float().mean() > 0.5  # it does something


def test_any_size_is_restored_at_its_own_size() -> None:
    pipe = ImageTranslationPipeline(small().eval())
    assert pipe.capabilities.any_size and pipe.network.size_multiple == 4
    assert pipe(noise(1, 1, 13, 22), output_type="pt").images.shape == (1, 1, 13, 22)


def test_a_window_has_the_nearest_mean_and_leaves_no_seams() -> None:
    maps = noise(1, 2, 9, 5)
    found = local_mean(maps, 4)
    torch.testing.assert_close(found[0, :, 3, 2], maps[0, :, 2:6, 1:5].mean((1, 2)))
    torch.testing.assert_close(found[0, :, 8, 0], maps[0, :, 5:9, 0:4].mean((1, 2)))
    network = NAFNetGenerator(8, 1, 1, 4, (1,), 1, (1,), window=8).eval()
    for weights in network.parameters():
        torch.nn.init.normal_(weights, std=0.4)
    inputs = noise(1, 1, 64, 92)
    whole = NAFNetGenerator(8, 1, 1, 4, (1,), 1, (1,)).eval()
    whole.load_state_dict(network.state_dict())
    torch.testing.assert_close(network(inputs[..., :8, :8]), whole(inputs[..., :8, :8]), msg="no image is larger")
    assert (network(inputs) - whole(inputs)).abs().max() > 0.01
    pipe = ImageTranslationPipeline(network)
    pipe.set_progress_bar_config(disable=True)
    together, tiled = (pipe(inputs, tile_size=size, output_type="pt").images for size in (92, 16))
    assert together.std() > 0.05
    torch.testing.assert_close(tiled, together, rtol=0, atol=1e-5)


def test_dncnn_subtracts_and_leaves_no_seams() -> None:
    network = DnCNNGenerator(width=4, depth=4).eval()
    torch.nn.init.zeros_(network.layers[-1].weight)
    inputs = noise(1, 1, 40, 52)
    assert torch.equal(network(inputs), inputs)
    for weights in network.parameters():
        torch.nn.init.normal_(weights, std=0.1)
    pipe = ImageTranslationPipeline(network)
    pipe.set_progress_bar_config(disable=True)
    whole, tiled = (pipe(inputs, tile_size=size, output_type="pt").images for size in (64, 16))
    torch.testing.assert_close(tiled, whole, rtol=0, atol=1e-5)


def test_impossible_ones_are_refused() -> None:
    with pytest.raises(ValueError, match="input_channels=1 differs from image_channels=3, and NAFNet adds"):
        NAFNetGenerator(input_channels=1)
    with pytest.raises(ValueError, match="4 encoder_blocks and 1 decoder_blocks"):
        NAFNetGenerator(decoder_blocks=(2,))
    with pytest.raises(ValueError, match="window=12 is not a multiple of 16"):
        NAFNetGenerator(window=12)
    with pytest.raises(ValueError, match="norm='layer' is not known; use one of batch, none"):
        DnCNNGenerator(norm="layer")
    with pytest.raises(ValueError, match="depth=1 leaves no first and last convolution"):
        DnCNNGenerator(depth=1)
