"""LPIPS by weights from a file: its formula, written anew, and what is refused. Weights are random, for the published
ones are not here.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
import torchvision
from safetensors.torch import save_file

import hf_genimg
from hf_genimg.cli import main
from hf_genimg.evaluation.paired import paired_scores
from hf_genimg.evaluation.perceptual import Perceptual

NETWORKS = {"alex": "alexnet", "vgg": "vgg16", "squeeze": "squeezenet1_1"}
TAPS = {
    "alex": (1, 4, 7, 9, 11),
    "vgg": (3, 8, 15, 22, 29),
    "squeeze": (1, 4, 7, 9, 10, 11, 12),
}  # whose outputs are compared


def saved(folder: Path, backbone: str) -> tuple[Path, torch.nn.Module]:
    torch.manual_seed(0)
    features = getattr(torchvision.models, NETWORKS[backbone])(weights=None).features.eval()
    path = folder / f"{backbone}.safetensors"
    save_file({f"features.{name}": tensor for name, tensor in features.state_dict().items()}, path)
    return path, features


def slow(features: torch.nn.Module, backbone: str, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Equation 1 of the paper, with the linear layers of torchmetrics' file."""
    import torchmetrics

    layers = torch.load(
        Path(torchmetrics.__file__).parent / f"functional/image/lpips_models/{backbone}.pth",
        weights_only=True,
        map_location="cpu",
    )
    shift, scale = (
        torch.tensor(values).view(1, 3, 1, 1) for values in ((-0.030, -0.088, -0.188), (0.458, 0.448, 0.450))
    )
    maps = [(side.expand(-1, 3, -1, -1).float() / 127.5 - 1 - shift) / scale for side in (images, targets)]
    total, taken = 0, 0
    for number, layer in enumerate(features[: TAPS[backbone][-1] + 1]):
        maps = [layer(side) for side in maps]
        if number in TAPS[backbone]:
            one, other = (F.normalize(side, dim=1, eps=1e-12) for side in maps)
            total = total + ((one - other) ** 2 * layers[f"lin{taken}.model.1.weight"]).sum(1).mean((1, 2))
            taken += 1
    return total


@pytest.mark.parametrize("backbone", ["alex", "squeeze"])
@pytest.mark.parametrize("channels", [1, 3])
def test_it_is_the_formula(tmp_path: Path, backbone: str, channels: int) -> None:
    path, features = saved(tmp_path, backbone)
    measure = Perceptual(path)
    images, targets = torch.randint(
        0, 256, (2, 4, channels, 40, 40), generator=torch.Generator().manual_seed(1)
    ).double()
    with torch.no_grad():
        expected = slow(features, backbone, images, targets)
    assert measure.backbone == backbone
    torch.testing.assert_close(measure(images, targets).float(), expected, rtol=1e-3, atol=1e-6)
    assert measure(images, images).abs().max() < 1e-6


def test_it_is_scored_beside_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, _ = saved(tmp_path, "squeeze")
    report = hf_genimg.evaluate(
        "digits@test", "digits@test", paired=True, num=6, extractor_weights=path, progress=False
    )
    assert list(report.scores) == ["psnr", "ssim", "ms_ssim", "lpips"] and report.scores[
        "lpips"
    ].value == pytest.approx(0, abs=1e-6)
    assert report.protocol["lpips"]["backbone"] == "squeeze" and len(report.protocol["lpips"]["sha256"]) == 64
    arguments = [
        "evaluate",
        "digits@test",
        "--reference",
        "digits@test",
        "--paired",
        "--num",
        "4",
        "--metrics",
        "lpips",
    ]
    assert main([*arguments, "--extractor-weights", str(path)]) == 0
    assert "lpips" in capsys.readouterr().out
    assert main(arguments) == 1
    assert "lpips needs the weights of its backbone; give --extractor-weights FILE" in capsys.readouterr().err


class Danger:
    def __reduce__(self) -> tuple:
        return (exec, ("raise SystemExit('a pickle was run')",))


def test_weights_that_are_none_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken.safetensors").write_bytes(b"no")
    save_file({"features.0.weight": torch.zeros(1)}, tmp_path / "other.safetensors")
    torch.save(Danger(), tmp_path / "pickle.pth")
    for name, line in (
        ("absent.pth", "cannot be read"),
        ("pickle.pth", "which is none of torchvision's alexnet"),
        ("broken.safetensors", "are no plain state dict"),
        ("other.safetensors", "are of no backbone of lpips; give torchvision's alexnet, vgg16 or squeezenet1_1"),
    ):
        with pytest.raises(ValueError, match=line):
            Perceptual(tmp_path / name)


@pytest.mark.parametrize(("backbone", "least"), [("alex", 31), ("squeeze", 17)])
def test_images_that_are_too_small_are_refused(tmp_path: Path, backbone: str, least: int) -> None:
    measure = Perceptual(saved(tmp_path, backbone)[0])
    images = torch.zeros(2, 3, least, least).double()
    assert measure(images, images).shape == (2,)
    with pytest.raises(RuntimeError):
        measure(images[..., :-1, :-1], images[..., :-1, :-1])
    few = torch.zeros(2, least - 1, least - 1, 3, dtype=torch.uint8)
    with pytest.raises(
        ValueError, match=f"images of {least - 1} pixels are too small for lpips by {backbone}; it needs {least}"
    ):
        paired_scores(few, few, ["lpips"], measure)
