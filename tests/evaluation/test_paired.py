"""PSNR, SSIM and MS-SSIM against slow computations of their formulas, and `evaluate --paired` as a user calls it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from datasets import load_dataset
from PIL import Image
from scipy.ndimage import convolve1d

import hf_genimg
from hf_genimg.cli import main
from hf_genimg.evaluation.paired import paired_scores, scales_for
from hf_genimg.evaluation.scores import Report


@pytest.fixture
def pair() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    smooth = torch.rand(5, 3, 6, 6, generator=generator)
    targets = torch.nn.functional.interpolate(smooth, (32, 32), mode="bicubic").clamp(0, 1).mul(255).round()
    images = (targets + 20 * torch.randn(targets.shape, generator=generator)).clamp(0, 255).round()
    return tuple(side.to(torch.uint8).permute(0, 2, 3, 1).contiguous() for side in (images, targets))


def slow_ssim(image: np.ndarray, target: np.ndarray) -> float:
    """Wang et al. 2004, eq. 13, with a Gaussian of 11 pixels, where the whole window lies inside."""
    window = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    window /= window.sum()

    def blurred(channel: np.ndarray) -> np.ndarray:
        return convolve1d(convolve1d(channel, window, 0), window, 1)[5:-5, 5:-5]

    found = []
    for x, y in zip(np.moveaxis(image.astype(float), 2, 0), np.moveaxis(target.astype(float), 2, 0), strict=True):
        mx, my = blurred(x), blurred(y)
        vx, vy, covariance = blurred(x * x) - mx**2, blurred(y * y) - my**2, blurred(x * y) - mx * my
        one, two = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        found.append((2 * mx * my + one) * (2 * covariance + two) / ((mx**2 + my**2 + one) * (vx + vy + two)))
    return float(np.mean(found))


def test_psnr_and_ssim_are_their_formulas(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    scores = paired_scores(*pair, ["psnr", "ssim"])
    arrays = [side.numpy() for side in pair]
    errors = ((arrays[0].astype(float) - arrays[1]) ** 2).mean((1, 2, 3))
    assert scores["psnr"].value == pytest.approx((10 * np.log10(255**2 / errors)).mean(), rel=1e-6)
    assert scores["ssim"].value == pytest.approx(
        np.mean([slow_ssim(*sides) for sides in zip(*arrays, strict=True)]), rel=1e-6
    )
    assert scores["ssim"].low < scores["ssim"].value < scores["ssim"].high < 1


def test_equal_images_are_perfect(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    scores = paired_scores(pair[1], pair[1])
    assert {name: score.value for name, score in scores.items()} == pytest.approx(
        {"psnr": 100, "ssim": 1, "ms_ssim": 1}
    )


def test_ms_ssim_uses_as_many_scales_as_fit(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    assert [scales_for(size) for size in (10, 11, 21, 22, 44, 88, 176, 1000)] == [0, 1, 1, 2, 3, 4, 5, 5]
    small = [side[:, :20, :20].contiguous() for side in pair]
    scores = paired_scores(*small)
    assert scores["ms_ssim"].value == pytest.approx(scores["ssim"].value, abs=0.05), (
        "one scale is SSIM, but for the border"
    )
    assert paired_scores(*pair)["ms_ssim"].value > paired_scores(*pair)["ssim"].value, "coarse scales forgive noise"


def test_chunks_change_nothing(pair: tuple[torch.Tensor, torch.Tensor], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = paired_scores(*pair)
    monkeypatch.setattr("hf_genimg.evaluation.paired.CHUNK", 2)
    for name, score in paired_scores(*pair).items():
        assert score.value == pytest.approx(whole[name].value, rel=1e-9)


@pytest.mark.parametrize(
    ("change", "names", "line"),
    [
        (lambda side: side[:4], ["psnr"], "give equally many, of one size"),
        (lambda side: side, ["lips"], "--metrics lips is no metric of pairs; use some of psnr, ssim, ms_ssim, psnr_y"),
        (lambda side: side, ["lpips"], "lpips needs the weights of its backbone; give --extractor-weights FILE"),
    ],
)
def test_what_cannot_be_is_one_line(
    pair: tuple[torch.Tensor, torch.Tensor], change: object, names: list[str], line: str
) -> None:
    with pytest.raises(ValueError, match=line):
        paired_scores(change(pair[0]), pair[1], names)


def test_small_images_have_psnr_only(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    tiny = [side[:, :8, :8].contiguous() for side in pair]
    assert list(paired_scores(*tiny, ["psnr"])) == ["psnr"]
    with pytest.raises(
        ValueError, match="images of 8 pixels are smaller than the 11 of SSIM's window; use --metrics psnr"
    ):
        paired_scores(*tiny)
    with pytest.raises(ValueError, match="1 pair is too few for an interval"):
        paired_scores(pair[0][:1], pair[1][:1])


def test_a_translator_is_scored_on_its_pairs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hf_genimg.train("pix2pix", tmp_path / "run", images=16, batch_size=8, width=4, image_size=16, progress=False)
    out = tmp_path / "scores.json"
    arguments = [
        "evaluate",
        str(tmp_path / "run"),
        "--reference",
        "digits@test",
        "--paired",
        "--num",
        "20",
        "--out",
        str(out),
    ]
    assert main(arguments) == 0
    report = Report.load(out)
    assert "20 pairs of digits@test" in capsys.readouterr().out
    assert (
        report.protocol["num_pairs"] == 20
        and report.protocol["split"] == "test"
        and report.protocol["ms_ssim"]["scales"] == 1
    )
    assert 0 < report.scores["psnr"].value < 40


def test_sets_of_images_are_compared_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    report = hf_genimg.evaluate("digits@test", "digits@test", paired=True, progress=False)
    assert report.scores["psnr"].value == 100
    assert main(["evaluate", "digits@test", "--reference", "digits", "--paired"]) == 1
    assert "pairs by position need as many of one as of the other" in capsys.readouterr().err
    assert main(["evaluate", "digits", "--reference", "digits", "--paired", "--skip-bad"]) == 1
    assert "leave out --skip-bad" in capsys.readouterr().err


def slow_luma_psnr(image: np.ndarray, target: np.ndarray, border: int) -> float:
    """As of super-resolution: rgb2ycbcr of BT.601, then PSNR without the border."""
    weights = np.array([65.481, 128.553, 24.966])
    y = [(side[border:-border, border:-border].astype(float) / 255) @ weights + 16 for side in (image, target)]
    return float(10 * np.log10(255**2 / ((y[0] - y[1]) ** 2).mean()))


def test_luma_metrics_crop_a_border_of_the_scale(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    arrays = [side.numpy() for side in pair]
    for scale, names in ((4, ["psnr_y", "ssim_y"]), (1, ["psnr_y:4", "ssim_y:4"])):
        scores = paired_scores(*pair, names, scale=scale)
        expected = np.mean([slow_luma_psnr(*sides, 4) for sides in zip(*arrays, strict=True)])
        assert list(scores) == ["psnr_y", "ssim_y"] and scores["psnr_y"].value == pytest.approx(expected, rel=1e-9)
    grey = [side[..., :1] for side in pair]
    assert paired_scores(*grey, ["psnr_y"])["psnr_y"].value == pytest.approx(
        paired_scores(*grey, ["psnr"])["psnr"].value
    ), "a grey image is its own luma"
    for name in ("psnr:4", "psnr_y:x", "ssim:"):
        with pytest.raises(ValueError, match="a width goes with psnr_y or ssim_y"):
            paired_scores(*pair, [name])
    with pytest.raises(ValueError, match="images of 8 pixels are smaller than the 11"):
        paired_scores(*pair, ["ssim_y:12"])


@pytest.mark.parametrize(("name", "count", "decibels"), [("set5", 5, 28.42), ("set14", 14, 26.00)])
def test_bicubic_scores_as_published(name: str, count: int, decibels: float) -> None:
    """The x4 bicubic baseline of super-resolution's papers on Set5 and Set14: PSNR of the luma, 4 pixels cropped."""
    folder = Path(__file__).parents[3] / "shared/data/sr-tests"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here")
    pictures = load_dataset(str(folder), split=name)["image"]
    values = []
    for picture in pictures:
        target = torch.from_numpy(np.array(picture))
        target = target[..., None] if target.dim() == 2 else target
        height, width = (side // 4 * 4 for side in target.shape[:2])
        target = target[None, :height, :width]
        small = resized(target, (height // 4, width // 4))
        twice = [side.expand(2, -1, -1, -1) for side in (resized(small, (height, width)), target)]
        values.append(paired_scores(*twice, ["psnr_y:4"])["psnr_y"].value)
    assert len(values) == count and np.mean(values) == pytest.approx(decibels, abs=0.05)


def resized(pixels: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """uint8 [N, H, W, C] by the bicubic kernel with a = -0.5, with antialiasing."""
    images = pixels.permute(0, 3, 1, 2).double()
    images = torch.nn.functional.interpolate(images, size, mode="bicubic", antialias=True)
    return images.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


def folder_of(folder: Path, names: list[str], images: list[int], size: int = 16) -> Path:
    """Pictures by name; each number is a pattern of its own."""
    for name, number in zip(names, images, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (size, size), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name)
    return folder


def test_pairs_are_by_name_where_names_are_shared(tmp_path: Path) -> None:
    targets = folder_of(tmp_path / "targets", ["test/a.png", "test/b.png", "test/c.png"], [0, 1, 2])
    images = folder_of(tmp_path / "images", ["b.png", "c.webp", "d.png", "a.bmp"], [1, 7, 3, 0])
    Image.open(tmp_path / "targets/test/c.png").save(tmp_path / "images/c.webp", lossless=True)
    with pytest.warns(UserWarning, match=r"3 names are shared by the 4 pictures of .*; the others are left out"):
        report = hf_genimg.evaluate(images, f"{targets}@test", paired=True, progress=False)
    assert report.scores["psnr"].value == 100 and report.protocol["num_pairs"] == 3
    assert report.protocol["pairing"] == "by name"


def test_pairs_are_by_position_where_none_is_shared(tmp_path: Path) -> None:
    targets = folder_of(tmp_path / "targets", ["a.png", "b.png"], [0, 1])
    images = folder_of(tmp_path / "images", ["1.png", "2.png"], [0, 1])
    with pytest.warns(UserWarning, match="no picture of .* is named as one of .*; they are paired by position"):
        report = hf_genimg.evaluate(images, targets, paired=True, progress=False)
    assert report.scores["psnr"].value == 100 and report.protocol["pairing"] == "by position"
    folder_of(images, ["a.png", "4.png", "5.png"], [0, 4, 5])
    with pytest.raises(ValueError, match=r"only 1 names are shared by the 5 pictures|pairs"):
        hf_genimg.evaluate(images, folder_of(targets, ["c.png", "d.png"], [3, 4]), paired=True, progress=False)


def test_a_generator_has_no_pairs(tmp_path: Path) -> None:
    network = hf_genimg.MLPGANGenerator(image_size=16, image_channels=1, latent_dim=4, width=8)
    hf_genimg.ImageGenerationPipeline(generator=network).save_pretrained(tmp_path / "mine")
    with pytest.raises(ValueError, match="makes images from noise; --paired scores translators"):
        hf_genimg.evaluate(tmp_path / "mine", "digits", paired=True, progress=False)
    with pytest.raises(ValueError, match="--metrics psnr compares pairs of images; add --paired"):
        hf_genimg.evaluate(tmp_path / "mine", "digits", metrics=["psnr"], progress=False)


def test_a_translator_is_scored_by_the_features_of_its_outputs(tmp_path: Path) -> None:
    hf_genimg.train("pix2pix", tmp_path / "run", images=16, batch_size=8, width=4, image_size=16, progress=False)
    report = hf_genimg.evaluate(
        tmp_path / "run", "digits@test", metrics=["fid", "recall"], extractor="digits", num=60, progress=False
    )
    assert report.protocol["condition"] == "inputs of the reference" and report.protocol["num_fake"] == 60
    assert report.protocol["num_real"] == 297, "all targets"
    assert report.scores["fid"].value > 1 and report.diagnosis is None
    np.savez(tmp_path / "known.npz", mu=np.zeros(2), sigma=np.eye(2))
    with pytest.raises(ValueError, match="an .npz holds no inputs for it"):
        hf_genimg.evaluate(tmp_path / "run", tmp_path / "known.npz", extractor="digits", progress=False)


def test_a_perceptual_distance_by_any_feature_network(tmp_path: Path) -> None:
    hf_genimg.train("pix2pix", tmp_path / "run", images=16, batch_size=8, width=4, image_size=16, progress=False)
    asked = {"paired": True, "extractor": "digits", "progress": False}
    report = hf_genimg.evaluate(tmp_path / "run", "digits@test", metrics=["perceptual"], num=20, **asked)
    assert list(report.scores) == ["perceptual"] and 0.1 < report.scores["perceptual"].value < 10
    assert report.protocol["perceptual"]["network"] == "digits" and len(report.protocol["perceptual"]["sha256"]) == 64
    same = hf_genimg.evaluate("digits@test", "digits@test", metrics=["perceptual"], num=20, **asked)
    assert same.scores["perceptual"].value == pytest.approx(0, abs=1e-5)
    with pytest.raises(ValueError, match="perceptual needs a feature network; give --extractor NAME"):
        hf_genimg.evaluate("digits@test", "digits@test", metrics=["perceptual"], paired=True, progress=False)


def test_unpaired_data_are_scored_by_features_only(tmp_path: Path) -> None:
    """Inputs and targets of different numbers, as of trainA and trainB: all outputs against all targets."""
    for side, count in (("A", 24), ("B", 30)):
        names = [f"{side}{number:02}.png" for number in range(count)]
        folder_of(tmp_path / "data" / f"test{side}", names, list(range(count)))
        folder_of(tmp_path / "data" / f"train{side}", names, list(range(count)))
    hf_genimg.train("pix2pix", tmp_path / "run", images=16, batch_size=8, width=4, image_size=16, progress=False)
    model, data = tmp_path / "run/pipeline", f"{tmp_path / 'data'}@test"
    report = hf_genimg.evaluate(model, data, metrics=["fid"], extractor="digits", progress=False)
    assert (report.protocol["num_fake"], report.protocol["num_real"]) == (24, 30)
    with pytest.raises(ValueError, match="is alone|no pairs|are not pairs|unpaired"):
        hf_genimg.evaluate(model, data, paired=True, progress=False)
