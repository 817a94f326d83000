"""Imports point down the list of layers, never up or sideways, and third-party packages stay in the layers that own
them.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "hf_genimg"
LOWEST, FIRST = {"layers", "losses", "features", "data"}, {"models", "objectives", "training", "pipelines"}
MAY_IMPORT = {
    "faults": set(),
    "written": set(),
    "layers": set(),
    "losses": set(),
    "features": {"h5py", "layers"},
    "data": set(),
    "models": {"layers"},
    "objectives": {"losses", "features"},
    "training": set(),
    "pipelines": set(),
    "recipes": LOWEST | FIRST | {"_public"},
    "evaluation": {"data", "features", "models", "pipelines"},
    "hub": LOWEST | FIRST | {"recipes", "evaluation", "_public"},
    "demo": LOWEST | FIRST | {"recipes", "evaluation", "hub"},
    "api": LOWEST | FIRST | {"recipes", "evaluation", "hub", "demo"},
    "commands": LOWEST | FIRST | {"recipes", "evaluation", "hub", "demo", "api", "listing"},
    "cli": {"commands", "listing"},
    "listing": LOWEST | FIRST | {"recipes", "evaluation", "_public"},
    "_public": set(),
    "_imports": {"_public"},
    "__init__": {"_imports", "_public"},
}
FOR_ALL = {"__version__", "faults", "written"}  # what libraries raise, and whether tensors changed
ANYWHERE = {"torch", "numpy", "PIL", "tqdm"}
OUTSIDE = {
    "faults": set(),
    "written": set(),
    "layers": {"safetensors"},
    "losses": set(),
    "features": {"h5py", "diffusers", "safetensors", "torch_fidelity", "torchmetrics"},
    "data": {"datasets", "pyarrow", "pydicom", "sklearn"},
    "models": {"diffusers", "sklearn"},
    "objectives": set(),
    "training": {"accelerate", "safetensors", "filelock", "matplotlib", "opacus"},
    "pipelines": {"diffusers", "safetensors"},
    "recipes": set(),
    "evaluation": {"torch_fidelity", "sklearn", "torchmetrics", "safetensors", "filelock", "scipy", "matplotlib"},
    "hub": {"huggingface_hub", "onnx", "diffusers", "safetensors"},
    "demo": {"gradio", "starlette", "av", "pillow_heif", "filelock"},
    "api": set(),
    "commands": {"typer", "diffusers", "av"},
    "cli": {"typer"},
    "listing": set(),
    "_public": set(),
    "_imports": {"diffusers", "hf_genimg"},
    "__init__": set(),
}
FILES = sorted(PACKAGE.rglob("*.py"))


def layer_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(file: Path) -> Iterator[tuple[str, bool]]:
    """(first part of what is imported, whether it is of the package)."""
    depth = len(file.relative_to(PACKAGE).parts)
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], False) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0], False
        elif isinstance(node, ast.ImportFrom) and node.level == depth:
            yield from (
                [(node.module.split(".")[0], True)] if node.module else [(alias.name, True) for alias in node.names]
            )
        elif isinstance(node, ast.ImportFrom) and node.level > depth:
            yield "something above the package", True


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_point_down(file: Path) -> None:
    layer = layer_of(file)
    inside = {name for name, ours in imports_of(file) if ours} - FOR_ALL
    outside = {name for name, ours in imports_of(file) if not ours} - set(sys.stdlib_module_names) - ANYWHERE
    assert inside - {layer} <= MAY_IMPORT[layer], f"{layer} must not import {inside - {layer} - MAY_IMPORT[layer]}"
    assert outside <= OUTSIDE[layer], f"{layer} must not import {outside - OUTSIDE[layer]}"


def test_gradio_stays_in_the_layout_of_the_demo() -> None:
    """What a visitor's wish does can be called and tested without a page."""
    layout = {"app.py", "style.py"}
    for file in (PACKAGE / "demo").rglob("*.py"):
        if file.name not in layout and file.parent.name != "tabs":
            assert "gradio" not in {name for name, ours in imports_of(file) if not ours}, file


def test_devices_are_left_to_accelerate() -> None:
    """No `.cuda()` anywhere, and the name of a kind of device in one place only."""
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        assert ".cuda(" not in text, file
        assert "torch.cuda" not in text, file


def test_nothing_imports_what_sits_outside() -> None:
    for file in FILES:
        assert not {name for name, _ in imports_of(file)} & {"tests", "benchmarks", "spaces"}, file
