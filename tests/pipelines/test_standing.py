"""Truncated latents with batch-norm statistics of their own: from weights and truncation alone, and the generator left
as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import hf_genimg
from hf_genimg.layers.standing import with_standing_statistics

BATCHES = 3


def generator(**changes: object) -> nn.Module:
    torch.manual_seed(0)
    network = hf_genimg.BigGANGenerator(
        **{
            "image_channels": 1,
            "latent_dim": 8,
            "num_classes": 3,
            "width": 2 * 4,
            "class_dim": 4,
            "standing_batches": BATCHES,
            **changes,
        }
    )
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.5)
    return network.eval()


@pytest.fixture
def pipe() -> Iterator[hf_genimg.ImageGenerationPipeline]:
    yield hf_genimg.ImageGenerationPipeline(generator=generator())


def norms(network: nn.Module) -> list[nn.BatchNorm2d]:
    return [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]


def made(pipe: hf_genimg.ImageGenerationPipeline, **settings: object) -> np.ndarray:
    return pipe(**{"num_images": 5, "seed": 3, "output_type": "np", **settings}).images


def test_statistics_are_the_means_over_batches_of_truncated_latents() -> None:
    network, entered = generator(), []
    handle = norms(network)[0].register_forward_pre_hook(lambda norm, inputs: entered.append(inputs[0]))
    truncated = with_standing_statistics(network, 0.5, BATCHES)
    handle.remove()
    assert [len(maps) for maps in entered] == [64] * BATCHES
    source = torch.Generator().manual_seed(0)
    latents = [
        (network.sample_latents(64, source), torch.randint(3, (64,), generator=source))[0] for _ in range(BATCHES)
    ]
    with torch.no_grad():
        maps = [network.first(0.5 * each[:, :2]).unflatten(1, (-1, 4, 4)) for each in latents]
    norm = norms(truncated)[0]
    torch.testing.assert_close(norm.running_mean, sum(each.mean((0, 2, 3)) for each in maps) / BATCHES)
    torch.testing.assert_close(norm.running_var, sum(each.transpose(0, 1).flatten(1).var(1) for each in maps) / BATCHES)
    assert all(one is two for one, two in zip(network.parameters(), truncated.parameters(), strict=True)), (
        "weights are shared"
    )
    assert not truncated.training and not any(module.training for module in truncated.modules())


def test_the_generator_itself_stays_as_it_was(pipe: hf_genimg.ImageGenerationPipeline, tmp_path: Path) -> None:
    before = {key: tensor.clone() for key, tensor in pipe.generator.state_dict().items()}
    revision, untouched = pipe.revision, made(pipe)
    made(pipe, truncation=0.5)
    assert all(torch.equal(before[key], tensor) for key, tensor in pipe.generator.state_dict().items())
    assert np.array_equal(made(pipe), untouched)
    assert pipe.revision == revision
    pipe.save_pretrained(tmp_path)
    np.testing.assert_allclose(made(hf_genimg.load(tmp_path), truncation=0.5), made(pipe, truncation=0.5), atol=1e-5)


def test_seeds_name_the_same_truncated_images_however_they_are_made(pipe: hf_genimg.ImageGenerationPipeline) -> None:
    together = made(pipe, truncation=0.5)
    torch.manual_seed(99)
    apart = np.concatenate([made(pipe, num_images=1, seed=3 + number, truncation=0.5) for number in range(5)])
    np.testing.assert_allclose(together, apart, atol=1e-5)
    np.testing.assert_allclose(together, made(pipe, truncation=0.5, max_batch_size=2), atol=1e-5)
    again = hf_genimg.ImageGenerationPipeline(generator=generator())
    made(again, truncation=0.25)
    np.testing.assert_allclose(made(again, truncation=0.5), together, atol=1e-5)


def test_statistics_follow_truncation_and_weights(pipe: hf_genimg.ImageGenerationPipeline) -> None:
    half, quarter = made(pipe, truncation=0.5), made(pipe, truncation=0.25)
    assert not np.allclose(half, quarter)
    with torch.no_grad():
        pipe.generator.first.bias.mul_(3)
    changed = made(pipe, truncation=0.5)
    fresh = hf_genimg.ImageGenerationPipeline(generator=pipe.generator)
    np.testing.assert_allclose(changed, made(fresh, truncation=0.5), atol=1e-5)
    assert not np.allclose(changed, half)


def test_they_are_computed_once_for_a_truncation(
    pipe: hf_genimg.ImageGenerationPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(pipe, truncation=0.5)
    monkeypatch.setattr("hf_genimg.layers.standing.with_standing_statistics", lambda *_: pytest.fail("computed again"))
    made(pipe, truncation=0.5)
    made(pipe)


def test_they_are_used_where_the_config_asks_and_latents_are_truncated() -> None:
    asked, plain = (
        hf_genimg.ImageGenerationPipeline(generator=generator(standing_batches=batches)) for batches in (BATCHES, 0)
    )
    np.testing.assert_allclose(made(asked), made(plain), atol=1e-5)
    assert not np.allclose(made(asked, truncation=0.5), made(plain, truncation=0.5))


@pytest.mark.parametrize("truncation", [0.0, 2.0])
@pytest.mark.parametrize("classes", [0, 3])
def test_the_ends_of_the_range_are_finite(truncation: float, classes: int) -> None:
    pipe = hf_genimg.ImageGenerationPipeline(generator=generator(num_classes=classes))
    assert np.isfinite(made(pipe, truncation=truncation)).all()


def test_walks_have_them_too(pipe: hf_genimg.ImageGenerationPipeline) -> None:
    walk = pipe.interpolate([3, 4], 2, output_type="np", truncation=0.5, class_labels=1)
    np.testing.assert_allclose(walk, made(pipe, num_images=2, truncation=0.5, class_labels=1), atol=1e-5)


def test_half_precision_has_statistics_of_its_own(pipe: hf_genimg.ImageGenerationPipeline) -> None:
    made(pipe, truncation=0.5)
    pipe.to(dtype=torch.bfloat16)
    assert np.isfinite(made(pipe, truncation=0.5).astype(np.float32)).all()
