"""`load`: a pipeline from a run directory, a pipeline directory or the Hub, or one line that says why not."""

from __future__ import annotations

import json
import os
import re
from importlib import import_module
from pathlib import Path
from typing import Any

from diffusers import DiffusionPipeline, ModelMixin
from diffusers.utils import logging

from ..faults import explain, is_no_network, read_errors, reason, status_of
from ._pipeline import Pipeline
from .kinds import LIBRARY

INDEX, NETWORK, RECIPE = "model_index.json", "config.json", "recipe.json"
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")
REFUSED = ", which can run code: hf_genimg reads safetensors only"
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
HUB_OPTIONS = ("cache_dir", "force_download", "proxies", "token", "local_files_only", "revision")


def load(model: str | os.PathLike[str], **kwargs: Any) -> Pipeline:
    """Load a pipeline, in eval mode, on the CPU.

    Args:
        model: a run directory (its pipeline lies in `<run>/pipeline`), a pipeline directory, or a Hub id such as
            `owner/name`. A directory wins over a Hub id; only where there is none is the network used.
        kwargs: as for `DiffusionPipeline.from_pretrained`: `dtype`, `variant`, `revision`, `token`, `cache_dir`, ...

    Raises:
        FileNotFoundError: it is none of these, or a run that has not finished its first checkpoint.
        ValueError: it is a single network, holds pickles instead of safetensors, or is another library's pipeline.
    """
    path = Path(model).expanduser()
    source = str(pipeline_directory(path)) if path.exists() else _hub_id(str(model))
    _ask_for_code(path, source, kwargs)
    try:
        return _pipeline_class(source, kwargs).from_pretrained(source, **kwargs)
    except (
        TypeError,
        AttributeError,
        KeyError,
        RecursionError,
    ) as error:  # what a damaged JSON file makes of diffusers
        raise ValueError(
            f"{source} is damaged ({type(error).__name__}: {reason(error)}); save or download the model again"
        ) from error
    except Exception as error:  # of diffusers or the Hub's client: of no common kind
        variant = "such modeling files" in str(error)  # diffusers' words for a variant that is not there
        if not isinstance(error, OSError) and status_of(error) is None and not is_no_network(error) and not variant:
            raise
        if not Path(source).is_dir():
            raise _not_from_the_hub(source, error) from error
        fact = " ".join(str(error).split()).partition(" at '")[0]
        raise ValueError(f"{source} is damaged ({fact}); save or download the model again") from error


def load_component(model: str | os.PathLike[str], name: str) -> ModelMixin:
    """The network called `name` of a pipeline, without diffusers' bar for the files that it reads.

    Raises as `load`, and `ValueError` for a pipeline without such a network.
    """
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        pipeline = load(model)
    finally:
        if shown:
            logging.enable_progress_bar()
    if pipeline.components.get(name) is None:
        raise ValueError(f"{model} is a {type(pipeline).__name__} without {name}; use a model that has one")
    return pipeline.components[name]


def code_of(path: Path) -> dict[str, str] | None:
    """The file that the networks of a run are defined in, as `file` and `sha256`; None where they are hf_genimg's."""
    try:
        code = json.loads((path / RECIPE).read_text(encoding="utf-8")).get("code")
    except read_errors():
        return None
    known = isinstance(code, dict) and isinstance(code.get("file"), str) and isinstance(code.get("sha256"), str)
    return code if known else None


def _ask_for_code(path: Path, source: str, kwargs: dict[str, Any]) -> None:
    """Raise `ValueError` where classes of a model are defined in a file of a user that was not imported. It is never
    looked for: what lies beside a model that was downloaded is a stranger's code.
    """
    code = code_of(path)
    if code is None:
        return
    name = _class_name(source, kwargs)
    index = DiffusionPipeline.load_config(source)
    named = [entry[1] for entry in index.values() if isinstance(entry, list | tuple) and entry[:1] == [LIBRARY]]
    package = import_module(LIBRARY)
    missing = sorted({each for each in named if not _has(package, each)} | ({name} - set(_own_classes())))
    if missing:
        raise ValueError(
            f"{path} has classes of its user's own ({', '.join(missing)}), from a file {code['file']:.60} of sha256 "
            f"{code['sha256'][:12]}; if you trust that file, name it: --code {code['file']:.60} (in Python: "
            f"load(..., code={code['file']!r:.60}))"
        )


def _has(package: Any, name: Any) -> bool:
    try:
        return isinstance(name, str) and isinstance(getattr(package, name), type)
    except AttributeError:
        return False


def load_any(model: str | os.PathLike[str], **kwargs: Any) -> DiffusionPipeline:
    """As `load`, and pipelines of diffusers itself too, where their weights are safetensors. Code that comes with a
    model is not run.
    """
    path = Path(model).expanduser()
    source = str(pipeline_directory(path)) if path.exists() else _hub_id(str(model))
    if _class_name(source, kwargs) in _own_classes():
        return load(model, **kwargs)
    try:
        return DiffusionPipeline.from_pretrained(source, use_safetensors=True, trust_remote_code=False, **kwargs)
    except read_errors() as error:
        raise ValueError(f"{source} cannot be loaded as a pipeline of diffusers: {reason(error)}") from error


def pipeline_directory(path: Path) -> Path:
    """Where the pipeline of a run, of what was pushed and downloaded again, or of a pipeline directory lies; raises
    where there is none.
    """
    run = (path / RECIPE).is_file() and not (path / INDEX).is_file()  # what was pushed and downloaded again has both
    directory = path / "pipeline" if run else path
    if (directory / INDEX).is_file():
        _refuse_pickles(directory)
        return directory
    if directory != path:
        raise FileNotFoundError(
            f"{path} is a run that has not finished its first checkpoint; train it on with the same command"
        )
    if (path / NETWORK).is_file():
        how = f"hf_genimg.{_network_class(path)}.from_pretrained({str(path)!r})"
        raise ValueError(f"{path} holds a single network and no pipeline; load it with {how}")
    if path.suffix in PICKLES or (path.is_dir() and _only_pickles(path)):
        raise ValueError(f"{path} is a pickle{REFUSED}; get the model with safetensors")
    raise FileNotFoundError(
        f"{path} holds neither {RECIPE} nor {INDEX}; give a run directory, a pipeline directory or a Hub id"
    )


def _refuse_pickles(directory: Path) -> None:
    component = next((each for each in sorted(directory.iterdir()) if each.is_dir() and _only_pickles(each)), None)
    if component:
        raise ValueError(f"{component} holds its weights as a pickle{REFUSED}; get the model with safetensors")


def _only_pickles(directory: Path) -> bool:
    suffixes = {file.suffix for file in directory.iterdir()}
    return ".safetensors" not in suffixes and not suffixes.isdisjoint(PICKLES)


def _network_class(path: Path) -> str:
    try:
        return json.loads((path / NETWORK).read_text(encoding="utf-8"))["_class_name"]
    except read_errors():
        return "<Class>"


def _hub_id(model: str) -> str:
    if HUB_ID.fullmatch(model):
        if (folder := Path(model).parent).is_dir():
            raise FileNotFoundError(
                f"there is nothing at {model} in the folder {folder}; give a run or pipeline directory, or a Hub id"
            )
        return model
    raise FileNotFoundError(
        f"{model} does not exist and is no Hub id; give a run or pipeline directory, or an id such as owner/name"
    )


def _not_from_the_hub(source: str, error: Exception) -> Exception:
    """The one line for a Hub id whose files could not be had."""
    if "such modeling files" in str(error):
        return ValueError(
            f"{source} has no safetensors for all its parts in the variant that was asked for; leave out variant"
        )
    if "safetensors" in str(error) and status_of(error) is None:  # diffusers found other files only
        pickles = "where it has pickles, they are left alone: hf_genimg reads safetensors only"
        return ValueError(f"{source} has no safetensors for all its parts; {pickles}")
    return FileNotFoundError(f"{source} is no directory here, and the Hub gave no pipeline for it: {explain(error)}")


def _pipeline_class(source: str, kwargs: dict[str, Any]) -> type[Pipeline]:
    """The class that `model_index.json` names. Found among ours, so that it does not matter what diffusers has under
    that name.
    """
    name, classes = _class_name(source, kwargs), _own_classes()
    if name not in classes:
        raise ValueError(
            f"{source} is a {name:.60}, which is no pipeline of hf_genimg; "
            "use diffusers' DiffusionPipeline.from_pretrained"
        )
    return classes[name]


def _own_classes() -> dict[str, type[Pipeline]]:
    return {each.__name__: each for each in _subclasses(Pipeline)}


def _class_name(source: str, kwargs: dict[str, Any]) -> str:
    """What `model_index.json` calls the pipeline."""
    try:
        options = {key: kwargs[key] for key in HUB_OPTIONS if key in kwargs}
        return Pipeline.load_config(source, **options)["_class_name"]
    except OSError as error:
        if Path(source).is_dir():
            raise
        raise FileNotFoundError(
            f"{source} is no directory here, and the Hub gave no pipeline for it: {explain(error)}"
        ) from error


def _subclasses(cls: type) -> list[type]:
    return [each for child in cls.__subclasses__() for each in (child, *_subclasses(child))]
