"""lerp, slerp and walks against closed forms."""

from __future__ import annotations

import math

import pytest
import torch

from hf_genimg.pipelines.interpolation import lerp, slerp, walk


@pytest.mark.parametrize("t", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_lerp_is_the_line(t):
    a, b = torch.randn(3, 4, 5), torch.randn(5)
    torch.testing.assert_close(lerp(a, b, t), (1 - t) * a + t * b)


@pytest.mark.parametrize("t", [0.0, 0.25, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("angle", [1e-5, 0.01, 1.0, math.pi / 2, 3.0, math.pi - 1e-5])
def test_slerp_is_the_great_circle(t, angle):
    a = torch.tensor([1.0, 0, 0], dtype=torch.float64)
    b = torch.tensor([math.cos(angle), math.sin(angle), 0], dtype=torch.float64)
    expected = torch.tensor([math.cos(t * angle), math.sin(t * angle), 0], dtype=torch.float64)
    torch.testing.assert_close(slerp(a, b, t), expected, atol=1e-9, rtol=0)


def test_slerp_of_unlike_lengths_is_the_textbook_formula():
    a, b = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 5.0])  # at a right angle
    t = torch.tensor([0.0, 0.3, 1.0])
    expected = torch.stack([2 * torch.cos(t * math.pi / 2), 5 * torch.sin(t * math.pi / 2)], dim=1)
    torch.testing.assert_close(slerp(a, b, t), expected)


def test_slerp_keeps_the_length_of_gaussian_latents_and_lerp_does_not():
    torch.manual_seed(0)
    a, b = torch.nn.functional.normalize(torch.randn(2, 7, 100), dim=-1)
    assert (slerp(a, b, 0.5).norm(dim=-1) - 1).abs().max() < 1e-6
    assert lerp(a, b, 0.5).norm(dim=-1).max() < 0.85


def test_parallel_vectors_fall_back_to_the_line():
    a = torch.randn(6)
    torch.testing.assert_close(slerp(a, 3 * a, 0.25), 1.5 * a)
    torch.testing.assert_close(slerp(a, a, 0.7), a)
    torch.testing.assert_close(slerp(a, torch.zeros(6), 0.25), 0.75 * a)
    assert torch.equal(slerp(torch.zeros(6), torch.zeros(6), 0.5), torch.zeros(6))


def test_opposite_vectors_go_round_a_half_circle():
    a = torch.randn(6)
    t = torch.linspace(0, 1, 9)
    path = slerp(a, -a, t)
    torch.testing.assert_close(path.norm(dim=-1), a.norm().expand(9))
    torch.testing.assert_close((path @ a) / a.norm() ** 2, torch.cos(math.pi * t), atol=1e-6, rtol=0)
    torch.testing.assert_close(
        slerp(torch.tensor([2.0]), torch.tensor([-2.0]), 0.25), torch.tensor([1.0])
    )  # no way round in one dimension


def test_each_vector_of_a_batch_is_its_own_case():
    a = torch.tensor([[1.0, 0], [1.0, 0], [1.0, 0], [0, 0]])
    b = torch.tensor([[0, 1.0], [2.0, 0], [-1.0, 0], [1.0, 0]])
    together = slerp(a, b, 0.5)
    assert together.isfinite().all()
    for i in range(4):
        torch.testing.assert_close(slerp(a[i], b[i], 0.5), together[i])


@pytest.mark.parametrize("mode", ["lerp", "slerp"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_ends_are_exact(mode, dtype):
    points = torch.randn(3, 7).to(dtype)
    path = walk(points, 5, mode)
    assert path.shape == (9, 7) and path.dtype == dtype
    assert torch.equal(path[[0, 4, 8]], points)
    assert torch.equal(slerp(points[0], points[1], 1.0), points[1])


@pytest.mark.parametrize("mode", ["lerp", "slerp"])
def test_a_walk_passes_through_the_images_of_its_seeds(pipe, mode):
    path = pipe.interpolate([4, 90, 7], 4, mode=mode, output_type="pt", max_batch_size=3)
    assert len(path) == 7
    for index, seed in ((0, 4), (3, 90), (6, 7)):
        assert (path[index] - pipe(seed=seed, output_type="pt").images[0]).abs().max() < 1e-5
    assert (path[1] - path[2]).abs().max() > 1e-4
    assert len(pipe.interpolate([1, 2], 2)) == 2


def test_a_walk_takes_the_label_of_the_nearer_seed(conditional):
    def labels(**kwargs):
        levels = conditional.interpolate([0, 1], 6, output_type="pt", **kwargs).mean(dim=(1, 2, 3)) * 2 - 1
        return ((levels + 0.8) / 1.6 * 5).round().int().tolist()

    assert labels(class_labels=[5, 1]) == [5, 5, 5, 1, 1, 1]
    assert labels(class_labels=3) == [3] * 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seeds": [1]}, "two seeds or more"),
        ({"seeds": 3}, "two seeds or more"),
        ({"seeds": [1, -2]}, "seed=-2"),
        ({"seeds": [1, None]}, "seed=None"),
        ({"seeds": [1, 2], "steps": 1}, "steps=1"),
        ({"seeds": [1, 2], "mode": "cubic"}, "mode='cubic' is not known; use one of slerp, lerp"),
        ({"seeds": [1, 2], "truncation": 9}, "truncation=9"),
        ({"seeds": [1, 2], "output_type": "gif"}, "output_type='gif'"),
        ({"seeds": [1, 2], "class_labels": 0}, "unconditional"),
    ],
)
def test_bad_walks(colour, arguments, message):
    with pytest.raises(ValueError, match=message):
        colour.interpolate(**{"steps": 3, **arguments})
