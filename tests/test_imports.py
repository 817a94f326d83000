"""The import hook, in fresh processes: light, in either order, and loud where it must be."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import hf_genimg
from hf_genimg import _imports


def python(code: str, *arguments: str) -> str:
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *arguments], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("pipeline")
    hf_genimg.ImageGenerationPipeline(hf_genimg.MLPGANGenerator(image_size=8, latent_dim=4, width=8)).save_pretrained(
        folder
    )
    return str(folder)


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = """
        import sys, time
        start = time.perf_counter()
        import hf_genimg, hf_genimg.cli
        seconds = time.perf_counter() - start
        print(sorted({"torch", "diffusers", "gradio", "torchvision", "numpy", "accelerate"} & set(sys.modules)))
    """
    assert python(code) == "[]"


def test_the_help_imports_nothing_heavy() -> None:
    code = """
        import sys
        from hf_genimg.cli import main
        assert main(["--help"]) == 0
        assert not {"torch", "diffusers", "gradio"} & set(sys.modules)
    """
    assert "quickstart" in python(code)


ORDERS = {
    "hf_genimg first": "import hf_genimg; from diffusers import DiffusionPipeline",
    "our pipelines first": (  # the hook then fires while these are being imported
        "from hf_genimg import ImageGenerationPipeline; import hf_genimg; from diffusers import DiffusionPipeline"
    ),
    "diffusers first, not used yet": "import diffusers, hf_genimg; from diffusers import DiffusionPipeline",
    "diffusers first, loaded": """
import torch
if not hasattr(torch.ops.torchvision, "nms"):  # what a machine with a fitting torchvision has
    library = torch.library.Library("torchvision", "FRAGMENT")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
from diffusers import DiffusionPipeline
import hf_genimg
""",
}


@pytest.mark.parametrize(
    "order",
    [
        pytest.param("hf_genimg first", marks=pytest.mark.slow),  # all other tests begin so
        "our pipelines first",
        pytest.param("diffusers first, not used yet", marks=pytest.mark.slow),
        "diffusers first, loaded",
    ],
)
def test_diffusers_finds_our_pipelines_in_either_order(order: str, saved: str) -> None:
    code = ORDERS[order] + textwrap.dedent("""
        import sys, diffusers
        pipe = DiffusionPipeline.from_pretrained(sys.argv[1])
        assert type(pipe) is hf_genimg.ImageGenerationPipeline is diffusers.ImageGenerationPipeline
        assert type(pipe.generator) is hf_genimg.MLPGANGenerator
        assert diffusers.pipelines.hf_genimg is hf_genimg
        print(pipe(seed=0).images[0].size)
    """)
    assert python(code, saved).endswith("(8, 8)")


def test_torchvision_and_what_imports_it_work_here() -> None:
    pytest.importorskip("torchvision")
    code = """
        import hf_genimg, torchvision, torch
        from torchvision.transforms.functional import hflip
        assert torch.equal(hflip(torch.arange(4.0).view(1, 1, 4)), torch.arange(4.0).flip(0).view(1, 1, 4))
    """
    python(code)


def test_onnxruntime_is_imported_when_asked_for_and_not_before(saved: str, tmp_path: Path) -> None:
    """A stand-in for it, which leaves a mark."""
    (tmp_path / "onnxruntime").mkdir()
    (tmp_path / "onnxruntime/__init__.py").write_text("VALUE = 7\nprint('imported')\n")
    code = """
        import importlib.util, sys
        sys.path.insert(0, sys.argv[1])
        import hf_genimg
        hf_genimg.load(sys.argv[2])
        assert "onnxruntime" not in sys.modules
        print("loaded")
        from diffusers.pipelines import onnx_utils
        print(onnx_utils.ort.VALUE, sys.modules["onnxruntime"].VALUE)
    """
    assert python(code, str(tmp_path), saved).splitlines() == ["loaded", "imported", "7 7"]


def test_operators_are_declared_only_where_torchvision_needs_it(tmp_path: Path) -> None:
    """A torchvision whose operators are there is left alone; one without gets exactly the two it insists on."""
    code = """
        import sys, torch
        sys.path.insert(0, sys.argv[1])
        if sys.argv[2] == "fits":
            own = torch.library.Library("torchvision", "FRAGMENT")
            own.define("nms(Tensor boxes) -> Tensor")
        import hf_genimg
        from hf_genimg import _imports
        import torchvision
        print(torchvision.SCHEMA, len(_imports._kept_alive))
    """
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision/__init__.py").write_text(
        "import torch\nSCHEMA = str(torch.ops.torchvision.nms.default._schema)\n"
    )
    assert python(code, str(tmp_path), "fits").endswith("(Tensor boxes) -> Tensor 0")
    assert "float iou_threshold" in python(code, str(tmp_path), "does not")


def test_a_diffusers_outside_the_tested_range_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import diffusers

    monkeypatch.setattr(diffusers, "__version__", "0.99.0")
    with pytest.warns(
        RuntimeWarning, match=r"diffusers 0\.99\.0 is installed, but hf_genimg was tested with diffusers >=0\.42,<0\.43"
    ):
        _imports.check_diffusers()


def test_the_tested_range_is_the_required_one() -> None:
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text()
    low, high = (".".join(map(str, version)) for version in _imports.TESTED_DIFFUSERS)
    assert f'"diffusers>={low},<{high}"' in text


def test_what_is_there_is_not_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    import diffusers

    foreign = object()
    monkeypatch.setattr(diffusers, "ImageGenerationPipeline", foreign)
    with pytest.warns(
        RuntimeWarning, match="already has a 'ImageGenerationPipeline' that is not hf_genimg's, and it is left alone"
    ):
        _imports.register_with_diffusers()
    assert diffusers.ImageGenerationPipeline is foreign


def test_public_names_are_found_and_unknown_ones_are_not() -> None:
    assert {"load", "train", "DCGANGenerator", "MLPVAE", "ImageReconstructionPipeline", "ModelMixin"} <= set(
        dir(hf_genimg)
    )
    for name in (
        "load",
        "train",
        "MLPVAE",
        "ImageGenerationPipeline",
        "open_dataset",
        "ModelMixin",
        "DiffusionPipeline",
    ):
        assert getattr(hf_genimg, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'DCGANGenerater'; it has: .*DCGANDiscriminator, "):
        hf_genimg.DCGANGenerater  # noqa: B018


def test_the_hook_is_installed_once() -> None:
    _imports.install()
    assert sum(isinstance(finder, _imports.Finder) for finder in sys.meta_path) == 1
