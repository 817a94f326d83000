"""k-same: groups of near latents, equal images within a group, and so at most one of k found again."""

from __future__ import annotations

import pytest
import torch

from hf_genimg import AAE, ConvVAE, ImageReconstructionPipeline
from hf_genimg.pipelines.deidentification import k_same, k_same_groups


def test_groups_are_of_near_ones_and_the_last_has_the_rest() -> None:
    latents = torch.tensor([[0.0], [10.0], [0.2], [10.3], [0.1], [10.1], [20.0]])
    assert k_same_groups(latents, 3) == [[0, 4, 2], [1, 3, 5, 6]]
    assert k_same_groups(latents, 2) == [[0, 4], [1, 5], [2, 3, 6]]
    assert k_same_groups(latents, 7) == [list(range(7))]
    made = k_same(latents, 3)
    torch.testing.assert_close(made[[0, 2, 4]], torch.full((3, 1), 0.1))
    assert len(made.unique(dim=0)) == 2 and latents[2].item() == pytest.approx(0.2), "the given ones are unchanged"


def test_equal_latents_stay_in_one_group_with_their_first() -> None:
    assert k_same_groups(torch.zeros(5, 2), 2) == [[0, 1], [2, 3, 4]]


@pytest.mark.parametrize("k", [2, 3, 5])
def test_at_most_one_of_k_is_found_again(k: int) -> None:
    latents = torch.randn(23, 4, generator=torch.Generator().manual_seed(k))
    made = k_same(latents, k)
    found = torch.cdist(made, latents).argmin(1)
    assert (found == torch.arange(23)).float().mean() <= 1 / k


def test_a_pipeline_makes_equal_images_of_a_group_and_notes_it() -> None:
    torch.manual_seed(0)
    network = ConvVAE(image_size=28, latent_dim=3, width=2).eval()
    pipe, images = ImageReconstructionPipeline(network), torch.rand(5, 1, 28, 28) * 2 - 1
    made = pipe.deidentify(images, 2)
    groups = k_same_groups(pipe.encode(images), 2)
    assert {frozenset(group) for group in groups} == {
        frozenset(place for place in range(5) if made[place].tobytes() == made[first].tobytes()) for first in range(5)
    }
    assert '"k": 2' in str(made[0].info) or "'k': 2" in str(made[0].info)
    expected = network.decode(network.encode(images).mean[groups[0]].mean(0, keepdim=True))
    torch.testing.assert_close(pipe.deidentify(images, 2, "pt")[groups[0][0]], (expected[0] + 1) / 2)


def test_refusals() -> None:
    pipe = ImageReconstructionPipeline(ConvVAE(image_size=28, latent_dim=3, width=2).eval())
    for k in (1, 4, 2.0, True):
        with pytest.raises(ValueError, match=f"k={k!r} is not possible with 3 images; give a whole number from 2 to 3"):
            pipe.deidentify(torch.zeros(3, 1, 28, 28), k)
    labelled = ImageReconstructionPipeline(AAE(latent_dim=3, num_classes=2, width=4).eval())
    with pytest.raises(ValueError, match="AAE is conditioned on classes, which k-same would mix"):
        labelled.deidentify(torch.zeros(3, 1, 28, 28), 2)
