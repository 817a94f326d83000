"""PSNR, SSIM and MS-SSIM against slow computations of their formulas, and `evaluate --paired` as a user calls it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
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
        (lambda side: side[:4], ["psnr"], "give as many of each|as many of one as of the other"),
        (lambda side: side, ["lips"], "--metrics lips is none of pairs; use some of psnr, ssim, ms_ssim, lpips"),
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
    assert "pairs need as many of one as of the other" in capsys.readouterr().err
    assert main(["evaluate", "digits", "--reference", "digits", "--paired", "--extractor", "digits"]) == 1
    assert "leave out --extractor" in capsys.readouterr().err
