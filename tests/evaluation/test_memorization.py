"""Planted copies are found, real images are left alone, and every number is what counting by hand gives."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hf_genimg.data import open_dataset
from hf_genimg.evaluation.memorization import ImageSet, audit, picture
from hf_genimg.evaluation.neighbors import nearest_by_features, nearest_by_pixels

CELEBA = Path(__file__).parents[3] / "shared" / "data" / "celeba-10k"
SHIFTS = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)]
Draw = tuple[ImageSet, ImageSet, ImageSet]  # samples that are all real, training, held out


def seen(pixels: np.ndarray) -> ImageSet:
    """With fixed random projections as features."""
    directions = np.random.default_rng(0).normal(size=(pixels[0].size, 32)) / 255
    return ImageSet(pixels, (pixels.reshape(len(pixels), -1) @ directions).astype(np.float32))


def as_jpeg(image: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image.squeeze()).save(file, "JPEG", quality=90)
    return np.asarray(Image.open(file)).reshape(image.shape)


def copied(image: np.ndarray, number: int) -> np.ndarray:
    """Exact, through JPEG, mirrored, and shifted by one pixel in turn."""
    shift = SHIFTS[number // 4 % len(SHIFTS)]
    return [lambda: image, lambda: as_jpeg(image), lambda: image[:, ::-1], lambda: np.roll(image, shift, axis=(0, 1))][
        number % 4
    ]()


def planted(draw: Draw, share: float) -> tuple[ImageSet, np.ndarray, np.ndarray]:
    """(the samples with that share of copies, where these are, what they are copies of)."""
    samples, training, _ = draw
    rng = np.random.default_rng(1)
    count = round(share * len(samples))
    places, originals = rng.permutation(len(samples))[:count], rng.permutation(len(training))[:count]
    pixels = samples.pixels.copy()
    for number, (place, original) in enumerate(zip(places, originals, strict=True)):
        pixels[place] = copied(training.pixels[original], number)
    return seen(pixels), places, originals


def split_sets(source: Path, size: int, training: int) -> Draw:
    images = open_dataset(source, image_size=size, split="train", progress=False).images
    images = images[np.random.default_rng(0).permutation(len(images))[: training + 1500]]
    return tuple(seen(part) for part in (images[:1000], images[1500:], images[1000:1500]))


FACES = pytest.param("faces", marks=pytest.mark.slow)  # all pairs of 1,000 and 3,000 images in eighteen poses


@pytest.fixture(scope="module")
def digits(mnist: Path) -> Draw:
    return split_sets(mnist, 28, 4000)


@pytest.fixture(scope="module")
def faces() -> Draw:
    if not CELEBA.is_dir():
        pytest.skip("the CelebA of the shared data is not on this machine")
    return split_sets(CELEBA, 32, 3000)


@pytest.mark.parametrize("name", ["digits", FACES])
@pytest.mark.parametrize("share", [pytest.param(0.01, marks=pytest.mark.slow), 0.05, 0.2])
def test_planted_copies_are_found_and_nothing_else(name: str, share: float, request: pytest.FixtureRequest) -> None:
    draw = request.getfixturevalue(name)
    samples, places, originals = planted(draw, share)
    found = audit(samples, draw[1], draw[2] if share == 0.05 else None)
    hits = np.isin(found.copies, places).sum()
    assert hits / len(places) >= 0.95
    assert hits / len(found.copies) >= 0.95
    assert (found.by_pixels.indices[places] == originals).mean() >= 0.95
    assert found.planted_share >= 0.95
    assert found.real_share <= 0.002


@pytest.mark.parametrize("name", ["digits", FACES])
def test_real_images_are_no_copies(name: str, request: pytest.FixtureRequest) -> None:
    samples, training, held_out = request.getfixturevalue(name)
    found = audit(samples, training, held_out)
    assert len(found.copies) <= 1
    assert len(found.duplicates) <= 1
    assert found.gap.low < 0 < found.gap.high


def test_the_gap_shows_memory(digits: Draw) -> None:
    gap = audit(planted(digits, 0.2)[0], digits[1], digits[2]).gap
    pixels = digits[1].pixels[:600]
    memory = audit(seen(pixels), seen(pixels), digits[2]).gap  # at distance 0 of what it was trained on
    assert gap.value < memory.value
    assert memory.low > 0


def test_near_duplicates_among_samples(digits: Draw) -> None:
    pixels = digits[0].pixels[:300].copy()
    pixels[10], pixels[21], pixels[32] = pixels[100], as_jpeg(pixels[121]), np.roll(pixels[132][:, ::-1], 1, axis=0)
    assert audit(seen(pixels), digits[1]).duplicates.tolist() == [[10, 100], [21, 121], [32, 132]]


def test_a_generator_of_one_image_that_is_no_copy(digits: Draw) -> None:
    """Its samples are near each other, and as far from training images as real ones are."""
    found = audit(seen(np.repeat(digits[0].pixels[:1], 50, axis=0)), digits[1])
    assert len(found.copies) == 0
    assert set(found.duplicates.ravel()) == set(range(50))


def test_authenticity_is_what_counting_by_hand_gives(digits: Draw) -> None:
    samples, training = (ImageSet(each.pixels[:400], each.features[:400]) for each in digits[:2])
    samples.features[:40] = training.features[:40]
    found = audit(samples, training)
    to_training = np.linalg.norm(samples.features[:, None].astype(float) - training.features, axis=2)
    among = np.linalg.norm(training.features[:, None].astype(float) - training.features, axis=2)
    np.fill_diagonal(among, np.inf)
    nearest = to_training.argmin(1)
    assert np.array_equal(found.by_features.indices, nearest)
    np.testing.assert_allclose(found.by_features.distances, to_training.min(1))
    assert (found.by_features.distances[:40] == 0).all()
    assert found.authentic_percent == pytest.approx(100 * (to_training.min(1) > among.min(1)[nearest]).mean())
    assert 0 < found.authentic_percent <= 90


def test_pixel_distances_are_the_best_of_all_poses() -> None:
    rng = np.random.default_rng(0)
    queries, table = (rng.integers(0, 256, (count, 9, 10, 3), dtype=np.uint8) for count in (5, 8))
    found = nearest_by_pixels(queries, table, len(table))
    for query, indices, distances in zip(queries, found.indices, found.distances, strict=True):
        windows = [each[y : y + 7, x : x + 8] for each in (query, query[:, ::-1]) for y in range(3) for x in range(3)]
        brute = [
            min(np.sqrt(np.square(window - other[1:-1, 1:-1].astype(float)).mean()) for window in windows)
            for other in table
        ]
        assert indices.tolist() == np.argsort(brute).tolist()
        np.testing.assert_allclose(distances, np.sort(brute), rtol=1e-5)


def test_an_image_is_not_its_own_neighbour() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (30, 8, 8, 1), dtype=np.uint8)
    pixels[20:] = pixels[:10]  # so that an image is not always the first at distance 0
    rows = np.arange(30)
    for neighbours in (
        nearest_by_pixels(pixels, pixels, 3, own=rows),
        nearest_by_features(
            pixels.reshape(30, -1).astype(np.float32), pixels.reshape(30, -1).astype(np.float32), 3, own=rows
        ),
    ):
        assert not (neighbours.indices == rows[:, None]).any()
        assert (neighbours.indices[:10, 0] == rows[20:]).all()
        assert (np.diff(neighbours.distances) >= 0).all()


def test_the_picture_puts_the_copy_beside_its_original(digits: Draw) -> None:
    samples, places, originals = planted(digits, 0.002)
    found = audit(samples, digits[1])
    shown = np.asarray(picture(found, samples.pixels, digits[1].pixels, rows=4))
    cell = 28 * 2 + 2
    assert shown.shape == (4 * cell, 3 * cell)
    first = shown[1 : cell - 1 : 2, 1 : cell - 1 : 2]
    third = shown[1 : cell - 1 : 2, 2 * cell + 1 : 3 * cell - 1 : 2]
    exact = places[0]
    assert found.closeness[exact] == 0
    assert np.array_equal(first, samples.pixels[exact, ..., 0])
    assert np.array_equal(third, digits[1].pixels[originals[0], ..., 0])


def test_the_same_seed_gives_the_same_audit(digits: Draw) -> None:
    samples = ImageSet(digits[0].pixels[:50], digits[0].features[:50])
    one, two, other = (audit(samples, *digits[1:], seed=seed) for seed in (3, 3, 4))
    assert (one.threshold, one.gap) == (two.threshold, two.gap)
    assert one.threshold != other.threshold


def test_what_does_not_go_together_is_refused() -> None:
    pixels, features = np.zeros((30, 8, 8, 1), np.uint8), np.zeros((30, 4), np.float32)
    whole = ImageSet(pixels, features)
    for wrong, message in (
        ({"pixels": pixels.astype(np.float32)}, "pixels is float32"),
        ({"pixels": pixels[:, :7]}, "8 or more pixels a side"),
        ({"features": features[:9]}, "one row an image"),
        ({"features": features * np.nan}, "all finite"),
    ):
        with pytest.raises(ValueError, match=message):
            replace(whole, **wrong)
    few = ImageSet(pixels[:5], features[:5])
    for sets, message in (
        ((few, whole), "samples has 5 images"),
        ((whole, few), "training has 5 images"),
        ((whole, whole, ImageSet(pixels[:0], features[:0])), "held_out has 0 images"),
        ((ImageSet(np.zeros((30, 9, 9, 1), np.uint8), features), whole), "give both at one size"),
        ((ImageSet(pixels, features[:, :3]), whole), "3 features and training"),
    ):
        with pytest.raises(ValueError, match=message):
            audit(*sets)


def test_flat_images_are_copies_of_flat_images() -> None:
    """Nothing is divided by an ordinary distance of zero."""
    flat = ImageSet(np.full((30, 8, 8, 3), 7, np.uint8), np.zeros((30, 4), np.float32))
    found = audit(flat, flat)
    assert len(found.copies) == 30
    assert found.real_share == 1
