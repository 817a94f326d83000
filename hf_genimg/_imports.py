"""One import hook, three jobs, done at the moment they are needed and never earlier.

1. Just before `torchvision` runs, whoever imports it: where its compiled part does not fit the installed torch (a CUDA
   build beside a CPU torch), declare the two operators that its Python part insists on. Where torchvision works by
   itself, nothing is declared.
2. As soon as `diffusers` has loaded its pipelines: make ours known to it, so that `DiffusionPipeline.from_pretrained`
finds them.
3. While the part of diffusers runs that imports `onnxruntime`, which it does for every pipeline: put a stand-in there,
   which imports it once something of it is asked for. Its import writes a device id into the user's home.

Nothing here imports torch or diffusers before somebody else does.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

# Registration reaches into diffusers beyond its public interface: these are the versions it was tested with.
TESTED_DIFFUSERS = ((0, 42), (0, 43))

_kept_alive: list[Any] = []  # an operator library undeclares its operators when it is collected


def declare_torchvision_operators(spec: ModuleSpec) -> None:
    """Make `import torchvision` possible beside a torch that its compiled part was not built for."""
    import torch

    for folder in spec.submodule_search_locations or ():
        for compiled in sorted(Path(folder).glob("_C*.so")) + sorted(Path(folder).glob("_C*.pyd")):
            try:
                torch.ops.load_library(str(compiled))  # torchvision does the same; a second load is free
            except OSError:
                continue
    if not hasattr(torch.ops.torchvision, "nms"):
        library = torch.library.Library("torchvision", "FRAGMENT")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _kept_alive.append(library)


def check_diffusers(_: ModuleSpec | None = None) -> None:
    """Warn, once and clearly, about a diffusers that the registration was not tested with."""
    version = sys.modules["diffusers"].__version__
    low, high = TESTED_DIFFUSERS
    if not low <= tuple(int(part) for part in version.split(".")[:2]) < high:
        tested = f">={'.'.join(map(str, low))},<{'.'.join(map(str, high))}"
        warnings.warn(
            f"diffusers {version} is installed, but hf_genimg was tested with diffusers {tested}: "
            "loading and saving of pipelines may fail. "
            f"Install a tested version: pip install 'diffusers{tested}'",
            RuntimeWarning,
            stacklevel=2,
        )


def register_with_diffusers(_: ModuleSpec | None = None) -> None:
    """Give diffusers our library (for components) and our pipeline classes (for `model_index.json`)."""
    import diffusers
    import diffusers.pipelines

    import hf_genimg

    from ._public import classes_in

    _claim(diffusers.pipelines, "hf_genimg", hf_genimg)
    for name in classes_in("pipelines"):
        if name.endswith("Pipeline"):
            _claim(diffusers, name, getattr(hf_genimg, name))


def _claim(owner: ModuleType, name: str, value: Any) -> None:
    """Set `owner.name` unless something else is there already."""
    there = getattr(owner, name, None)
    if there is None:
        setattr(owner, name, value)
    elif there is not value:
        warnings.warn(
            f"{owner.__name__} already has a {name!r} that is not hf_genimg's, and it is left alone: load with "
            f"hf_genimg.load(...) instead of DiffusionPipeline.from_pretrained(...)",
            RuntimeWarning,
            stacklevel=2,
        )


class _LateModule(ModuleType):
    """Stands for a module until an attribute of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # Python's import system asks for these
            raise AttributeError(name)
        _withdraw(self.__name__)
        return getattr(import_module(self.__name__), name)


def postpone_onnxruntime(_: ModuleSpec | None = None) -> None:
    """Let diffusers import a stand-in for `onnxruntime`."""
    sys.modules.setdefault(ONNX, _LateModule(ONNX))


def withdraw_onnxruntime(_: ModuleSpec | None = None) -> None:
    """Let everybody else import the real one."""
    _withdraw(ONNX)


def _withdraw(name: str) -> None:
    if isinstance(sys.modules.get(name), _LateModule):
        del sys.modules[name]


ONNX = "onnxruntime"
BEFORE: dict[str, Callable[[ModuleSpec], None]] = {
    "torchvision": declare_torchvision_operators,
    "diffusers.pipelines.onnx_utils": postpone_onnxruntime,
}
AFTER: dict[str, Callable[[ModuleSpec], None]] = {
    "diffusers.pipelines.onnx_utils": withdraw_onnxruntime,
    "diffusers": check_diffusers,
    # The module that defines DiffusionPipeline: until it has run there is nothing to register with, and `import
    # diffusers` stays lazy.
    "diffusers.pipelines.pipeline_utils": register_with_diffusers,
}


class Finder(MetaPathFinder):
    """Lets every other finder find the module, then puts our step before or after its execution."""

    def find_spec(self, fullname: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname not in BEFORE and fullname not in AFTER:
            return None
        others = (finder for finder in sys.meta_path if finder is not self and hasattr(finder, "find_spec"))
        spec = next((found for finder in others if (found := finder.find_spec(fullname, path, target))), None)
        if spec is not None and spec.loader is not None:
            _surround(spec)
        return spec


def _surround(spec: ModuleSpec) -> None:
    """Run our steps around `spec.loader.exec_module`, on this one loader object, once."""
    loader, execute = spec.loader, spec.loader.exec_module

    def exec_module(module: ModuleType) -> None:
        loader.exec_module = execute
        if spec.name in BEFORE:
            BEFORE[spec.name](spec)
        execute(module)
        if spec.name in AFTER:
            AFTER[spec.name](spec)

    loader.exec_module = exec_module


def install() -> None:
    """Put the hook in place, and do at once what the user's own imports have already made due."""
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder())
    for name, step in AFTER.items():
        if name in sys.modules:
            step(None)
