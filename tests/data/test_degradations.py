"""Each degradation against its formula, pure in image and seed."""

from __future__ import annotations

import io

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from hf_genimg.data import DegradedDataset, ImageDataset, open_pairs, parse_degradation
from hf_genimg.data.degradations import dark, downscale, grey, haze, smooth_depth
from hf_genimg.data.real_esrgan import sinc_kernel
from hf_genimg.data.resampling import bicubic, convolve


def image(channels=3, size=32, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (size, size, channels), dtype=np.uint8)


def random():
    return np.random.default_rng(5)


CHAINS = ["downscale:4", "noise:10", "jpeg:40", "blur:2", "grey", "haze", "dark", "realesrgan", "realesrgan:2"]
CHAINS += ["downscale:4+noise:0-50+jpeg:30-95", "blur:0.2-3+grey+noise:5"]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("text", CHAINS)
def test_a_chain_is_a_function_of_image_and_seed(text, channels):
    chain, before = parse_degradation(text), image(channels)
    once = chain(before, 7)
    assert once.dtype == np.uint8 and np.array_equal(once, chain(before.copy(), 7))
    assert np.array_equal(before, image(channels))
    assert once.shape == (32 // chain.scale, 32 // chain.scale, chain.input_channels(channels))
    fixed = text in ("downscale:4", "jpeg:40", "blur:2", "grey")
    assert np.array_equal(once, chain(before, -8)) is fixed


def slow_bicubic(line, factor):
    """MATLAB's imresize of one line, pixel by pixel."""

    def kernel(x):
        x = abs(x)
        if x <= 1:
            return 1.5 * x**3 - 2.5 * x**2 + 1
        return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0

    result = []
    for place in range(len(line) // factor):
        centre, total, weights = (place + 0.5) * factor - 0.5, 0.0, 0.0
        for other in range(-3 * factor, len(line) + 3 * factor):
            weight = kernel((centre - other) / factor)
            mirrored = other if 0 <= other < len(line) else (-1 - other if other < 0 else 2 * len(line) - 1 - other)
            total, weights = total + weight * line[mirrored], weights + weight
        result.append(total / weights)
    return np.array(result)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_downscale_is_the_formula(factor):
    levels = image(1, 24)[..., 0].astype(float)
    rows = np.array([slow_bicubic(row, factor) for row in levels])
    expected = np.array([slow_bicubic(column, factor) for column in rows.T]).T
    assert np.allclose(downscale(levels[..., None], factor)[..., 0], expected.clip(0, 255), atol=1e-9)


@pytest.mark.parametrize(("name", "published"), [("set5", 28.42), ("set14", 26.00)])
def test_bicubic_reaches_the_published_psnr(real_data, name, published):
    table = pq.read_table(real_data("sr-tests") / f"data/{name}-00000-of-00001.parquet")
    found = []
    for row in table["image"].to_pylist():
        picture = Image.open(io.BytesIO(row["bytes"]))
        levels = np.asarray(picture, dtype=float)
        if picture.mode == "RGB":
            levels = levels @ [65.481 / 255, 128.553 / 255, 24.966 / 255] + 16  # BT.601, as rgb2ycbcr
        height, width = (side // 4 * 4 for side in levels.shape)
        luma = np.rint(levels[:height, :width, None])
        small = np.rint(downscale(luma, 4))
        error = (luma - np.rint(bicubic(small, height, width).clip(0, 255)))[4:-4, 4:-4]
        found.append(10 * np.log10(255**2 / np.mean(error**2)))
    assert np.mean(found) == pytest.approx(published, abs=0.006)


def test_noise_has_its_sigma():
    flat = np.full((200, 200, 3), 128, np.uint8)
    difference = parse_degradation("noise:10")(flat, 3).astype(float) - 128
    assert difference.std() == pytest.approx(10, rel=0.02) and abs(difference.mean()) < 0.1
    assert abs(np.corrcoef(difference[..., 0].ravel(), difference[..., 1].ravel())[0, 1]) < 0.02


def test_a_range_is_drawn_uniformly():
    flat = np.full((64, 64, 1), 128, np.uint8)
    chain = parse_degradation("noise:0-50")
    sigmas = [chain(flat, seed).astype(float).std() for seed in range(200)]
    assert min(sigmas) < 3 and max(sigmas) > 45 and np.mean(sigmas) == pytest.approx(25, abs=3)


def test_jpeg_is_what_pillow_writes():
    file = io.BytesIO()
    Image.fromarray(image()).save(file, "JPEG", quality=40)
    assert np.array_equal(parse_degradation("jpeg:40")(image(), 0), np.asarray(Image.open(file)))


@pytest.mark.parametrize("size", [(9, 12), (2, 3)])
def test_convolution_is_the_sum(size):
    levels, kernel = image(3)[: size[0], : size[1]].astype(float), np.random.default_rng(1).random((5, 5))
    padded = np.pad(levels, ((2, 2), (2, 2), (0, 0)), mode="reflect" if min(size) > 2 else "edge")
    expected = np.zeros_like(levels)
    for y in range(5):
        for x in range(5):
            expected += kernel[4 - y, 4 - x] * padded[y : y + size[0], x : x + size[1]]
    assert np.allclose(convolve(levels, kernel), expected)


def test_blur_keeps_the_mean_and_spreads_a_point():
    point = np.zeros((65, 65, 1), np.uint8)
    point[32, 32] = 255
    spread = parse_degradation("blur:2")(np.repeat(point, 1, 2), 0)[..., 0].astype(float)
    assert spread[32, 32] == np.rint(255 / (2 * np.pi * 4))
    assert spread[32, 34] == np.rint(255 / (2 * np.pi * 4) * np.exp(-0.5))
    assert np.array_equal(spread, spread.T) and (parse_degradation("blur:2")(np.full_like(point, 77), 0) == 77).all()


def test_grey_is_the_luma():
    levels = image().astype(float)
    assert np.allclose(grey(levels)[..., 0], levels @ [0.299, 0.587, 0.114])
    assert np.array_equal(parse_degradation("grey")(image(1), 0), image(1))


def test_haze_is_the_formula():
    levels, beta = image().astype(float), 1.2
    expected_random = random()
    transmission = np.exp(-beta * smooth_depth((32, 32), expected_random))[..., None]
    air = 255 * expected_random.uniform(0.6, 1, 3)
    assert np.allclose(haze(levels, beta, random()), levels * transmission + air * (1 - transmission))
    depth = smooth_depth((32, 48), random())
    assert depth.shape == (32, 48) and depth.min() == 0 and depth.max() == 1
    assert np.abs(np.diff(depth, axis=1)).max() < 0.15


def test_dark_is_a_power_and_a_little_noise():
    levels = image().astype(float)
    noise = dark(levels, 3, random()) - 255 * (levels / 255) ** 3
    assert noise.std() == pytest.approx(2, rel=0.05)
    assert parse_degradation("dark")(image(), 0).mean() < image().mean() * 0.8


def test_sinc_kernel_is_a_low_pass():
    kernel = sinc_kernel(21, np.pi / 2)
    response = np.abs(np.fft.fft2(kernel, (64, 64)))
    assert kernel.sum() == pytest.approx(1) and np.allclose(kernel, kernel.T)
    assert response[0, 4] == pytest.approx(1, abs=0.1) and response[0, 28] < 0.1


def test_real_esrgan_loses_detail_but_keeps_the_picture():
    ramp = np.linspace(20, 230, 64)[:, None, None] * np.ones((1, 64, 3))
    for seed in range(20):
        small = parse_degradation("realesrgan:4")(ramp.astype(np.uint8), seed).astype(float)
        assert small.shape == (16, 16, 3)
        assert np.corrcoef(small.mean(axis=(1, 2)), np.arange(16))[0, 1] > 0.9
        assert small.mean() == pytest.approx(125, abs=20)


def dataset(channels=3, count=4, flip=False):
    images = np.stack([image(channels, seed=number) for number in range(count)])
    return ImageDataset(images, None, None, "made", "train", "0", flip=flip)


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("kind", ["centre", "boxes", "strokes"])
def test_masks_blank_and_leave_the_rest_alone(kind, channels_last):
    data = DegradedDataset(dataset(), parse_degradation(f"mask:{kind}"))
    assert data.conditions == ("inputs", "mask") and (data.input_size, data.input_channels) == (32, 3)
    batch = data.batch(torch.arange(4), channels_last=channels_last)
    hole = batch["mask"].expand(-1, 3, -1, -1) == 1
    assert batch["mask"].shape == (4, 1, 32, 32) and set(batch["mask"].unique().tolist()) == {0.0, 1.0}
    assert torch.equal(batch["inputs"][~hole], batch["images"][~hole]) and (batch["inputs"][hole] == 0).all()
    if kind == "centre":
        assert torch.equal(batch["mask"][0, 0].nonzero().aminmax(dim=0).min, torch.tensor([8, 8]))
        assert batch["mask"].mean() == 0.25
    else:
        assert len({mask.numpy().tobytes() for mask in batch["mask"]}) == 4


def test_masks_are_of_sensible_size_and_joined():
    shares = {}
    for kind in ("boxes", "strokes"):
        chain = parse_degradation(f"mask:{kind}")
        shares[kind] = [chain.mask((64, 96), seed).mean() for seed in range(200)]
        assert min(shares[kind]) > 0 and max(shares[kind]) < 0.8
    both = parse_degradation("mask:boxes+mask:strokes")
    joined = [both.mask((64, 96), seed).mean() for seed in range(200)]
    assert np.mean(joined) > max(np.mean(each) for each in shares.values())


def test_seeds_decide_in_training_and_the_index_otherwise():
    data = DegradedDataset(dataset(), parse_degradation("noise:20"))
    held_out = data.batch(torch.tensor([2, 0]))["inputs"]
    assert torch.equal(held_out, data.batch(torch.tensor([2, 0]), seeds=torch.tensor([2, 0]))["inputs"])
    other = data.batch(torch.tensor([2, 0]), seeds=torch.tensor([2**62, -5]))["inputs"]
    assert not torch.equal(other, held_out)
    alone = data.batch(torch.tensor([0]), seeds=torch.tensor([-5]))["inputs"]
    assert torch.equal(alone[0], other[1])  # whatever else is in the batch


def test_inputs_of_their_own_size_and_channels_and_mirrored():
    data = DegradedDataset(dataset(flip=True), parse_degradation("grey+downscale:4"))
    batch = data.batch(torch.arange(8))
    assert batch["inputs"].shape == (8, 1, 8, 8) and batch["images"].shape == (8, 3, 32, 32)
    torch.testing.assert_close(batch["inputs"][4:], batch["inputs"][:4].flip(3), atol=2.1 / 127.5, rtol=0)
    assert (len(data), data.sides) == (8, {"images": 8})
    empty = data.batch(torch.empty(0, dtype=torch.int64))
    assert empty["inputs"].shape == (0, 1, 8, 8)


WRONG = {
    "sharpen:2": "'sharpen:2' in inputs=sharpen:2 is no degradation; use downscale:4, ",
    "noise": "'noise' in inputs=noise needs a number, as in noise:10",
    "downscale:2.5": "downscale takes a whole number from 1 to 16",
    "downscale:2-4": "downscale takes a whole number from 1 to 16",
    "noise:9-2": "noise takes a number or range from 0 to 255",
    "noise:nan": "noise takes a number or range",
    "jpeg:101": "from 1 to 100",
    "grey:2": "grey takes no number",
    "mask:hole": "'mask:hole' in inputs=mask:hole is no mask; use mask:centre, mask:middle, mask:boxes, mask:strokes",
    "mask:boxes+noise:2": "'noise:2' comes after a mask; write masks last",
    "downscale:2+mask:boxes": "makes the image smaller and masks it",
    "": "is no degradation",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_chain_is_one_line(text):
    with pytest.raises(ValueError) as caught:
        parse_degradation(text)
    assert WRONG[text] in str(caught.value) and "\n" not in str(caught.value)


def test_through_the_public_door():
    pairs = open_pairs("digits@test", image_size=32, inputs="downscale:4+noise:10+jpeg:40", progress=False)
    batch = pairs.batch(torch.arange(3))
    assert batch["inputs"].shape == (3, 1, 8, 8) and pairs.input_size == 8 and pairs.conditions == ("inputs",)
    other = open_pairs("digits@test", image_size=32, inputs="downscale:4", progress=False)
    assert other.fingerprint != pairs.fingerprint
    with pytest.raises(ValueError, match="image_size=30 is not a multiple of 4, by which inputs=downscale:4"):
        open_pairs("digits", image_size=30, inputs="downscale:4", progress=False)
    with pytest.raises(ValueError, match="input_size=16 is not possible with inputs=downscale:4"):
        open_pairs("digits", image_size=32, input_size=16, inputs="downscale:4", progress=False)
    with pytest.raises(ValueError, match="noise:999"):
        open_pairs("digits", image_size=32, inputs="noise:999", progress=False)


def test_fading_takes_contrast_and_colour():
    before = np.random.default_rng(2).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    after = parse_degradation("fade:1")(before, 0).astype(float)
    assert after.std() < 0.4 * before.std() and after.mean() > before.mean()
    red_and_blue = [np.std(each[..., 0].astype(float) - each[..., 2]) for each in (before, after)]
    assert red_and_blue[1] < 0.2 * red_and_blue[0]
    assert np.array_equal(parse_degradation("fade:0")(before, 0), before)


def test_scratches_hide_a_few_pixels_and_leave_the_others():
    before = np.full((64, 64, 3), 128, np.uint8)
    after = parse_degradation("scratches:5")(before, 1)
    changed = (after != before).any(2)
    assert 0.005 < changed.mean() < 0.3 and after[changed].max() > 200
    assert np.array_equal(parse_degradation("scratches:0")(before, 1), before)
