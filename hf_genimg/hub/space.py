"""A Space from a model: app.py, README.md and requirements.txt, with the model and this package beside them."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from huggingface_hub import CommitOperationAdd, HfApi, SpaceCardData

from ..pipelines.loading import pipeline_directory
from .push import check_id, one_line, patiently
from .static_space import write_static_space

PACKAGE = Path(__file__).parents[1]
EXTRAS = {"video": "av", "heic": "pillow_heif"}  # that a Space has where they are installed, and their packages
PYTHON = "3.12"  # the Hub's default is too old for diffusers
APP = '''"""A page to play with {name}, made by hf_genimg."""

from pathlib import Path

import hf_genimg

model = {model}
demo = hf_genimg.build_demo(model)

if __name__ == "__main__":
    demo.launch()
'''


def make_space(
    model: str,
    pipeline: Any,
    repo_id: str,
    local: Path | None = None,
    *,
    static: bool = False,
    runtime: Path | None = None,
) -> str:
    """Write a Space for a model into the folder `local`, or push it to `repo_id`; returns where it is.

    model: as it was given. pipeline: it, loaded. A local model is copied into the Space; one of the Hub is loaded from
    there. static: a page that runs in the visitor's browser (`static_space`), with onnxruntime-web from `runtime`.
    Raises `ValueError`, before anything is written, for an id that is none or a folder that is not empty; `OSError`
    where it cannot be written, and then leaves nothing of it.
    """
    check_id(repo_id)
    if local is not None and local.exists() and (not local.is_dir() or any(local.iterdir())):
        raise ValueError(f"--local {local} exists already and is not overwritten; name a new or empty folder")
    if runtime is not None and not static:
        raise ValueError("--runtime is for a page without a server; give --static as well, or leave it out")
    write = partial(write_static_space, pipeline, repo_id, runtime=runtime)
    write = write if static else partial(write_space, model, pipeline, repo_id)
    if local is None:
        with tempfile.TemporaryDirectory() as folder:
            _write(write, Path(folder))
            return _push(Path(folder), repo_id, "static" if static else "gradio")
    existed = local.exists()
    try:
        _write(write, local)
    except BaseException:
        _clear(local, existed)
        raise
    return str(local)


def _write(write: Callable[..., None], folder: Path) -> None:
    """Write the Space; one line where a disk is full or a file cannot be read."""
    try:
        write(folder=folder)
    except FileNotFoundError as error:
        if error.errno is None:  # of ours, in one line already
            raise
        raise OSError(f"the Space cannot be written: {error.filename}: {error.strerror}") from error
    except shutil.Error as error:  # of a copied folder: a list of (from, to, why)
        failed, _, why = error.args[0][0]
        raise OSError(f"the Space cannot be written: {failed}: {why}") from error
    except OSError as error:
        where = error.filename or folder
        raise OSError(f"the Space cannot be written: {where}: {error.strerror or error}") from error


def _clear(folder: Path, keep: bool) -> None:
    """Remove what was written of a Space that failed."""
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)
        return
    for path in folder.iterdir():
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def write_space(model: str, pipeline: Any, repo_id: str, folder: Path) -> None:
    """Write everything that a Space is made of into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    source = Path(model).expanduser()
    local = source.exists()
    name = re.sub(r"[^\w.-]+", "-", pipeline.model_name) if local else model
    place = name if name != PACKAGE.name else f"{name}-model"
    if local:
        shutil.copytree(pipeline_directory(source), folder / place, ignore=shutil.ignore_patterns(".*"))
    where = f"Path(__file__).parent / {place!r}" if local else repr(model)
    app = APP.format(name=name, model=where)
    (folder / "app.py").write_text(app if local else app.replace("from pathlib import Path\n\n", ""), encoding="utf-8")
    (folder / "README.md").write_text(_readme(name, repo_id, None if local else model), encoding="utf-8")
    (folder / "requirements.txt").write_text("\n".join(requirements()) + "\n", encoding="utf-8")
    shutil.copytree(PACKAGE, folder / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__", ".*"))


def requirements() -> list[str]:
    """What the package needs, pinned to the versions that are installed here, with what makes films and reads HEIC
    where that is installed.

    gradio is not among it, for the Space brings it.
    """
    try:
        needed = metadata.requires(PACKAGE.name) or []
    except metadata.PackageNotFoundError as error:
        raise ValueError("hf_genimg is not installed, so what it needs is not known; pip install it first") from error
    extras = [extra for extra, package in EXTRAS.items() if find_spec(package) is not None]
    wanted = [line for line in needed if "extra ==" not in line or any(f'extra == "{name}"' in line for name in extras)]
    names = [re.match(r"[\w.-]+", line)[0] for line in wanted]
    return [f"{name}=={metadata.version(name).partition('+')[0]}" for name in names if name != "gradio"]


def _readme(name: str, repo_id: str, hub_model: str | None) -> str:
    data = SpaceCardData(
        title=repo_id.rpartition("/")[2],
        sdk="gradio",
        sdk_version=metadata.version("gradio"),
        python_version=PYTHON,
        app_file="app.py",
        models=[hub_model] if hub_model else None,
        tags=["hf_genimg"],
    )
    text = f"A page to play with `{name}`. The images that it generates are synthetic."
    return f"---\n{data.to_yaml()}\n---\n\n# {name}\n\n{text}\n"


def _push(folder: Path, repo_id: str, sdk: str) -> str:
    api = HfApi()
    with one_line(repo_id):
        url = patiently(lambda: api.create_repo(repo_id, repo_type="space", space_sdk=sdk, exist_ok=True))
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        operations = [CommitOperationAdd(path.relative_to(folder).as_posix(), path) for path in files]
        patiently(
            lambda: api.create_commit(repo_id, operations, repo_type="space", commit_message="Space by hf_genimg")
        )
    return str(url)
