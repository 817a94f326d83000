"""Pushing a model to the Hub in one commit, once or while it trains: weights, card, recipe, scores, samples, curve, and
files that load without hf_genimg.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, constants
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import logging as hub_logging
from huggingface_hub.utils import validate_repo_id

from ..faults import causes, explain, is_disk_full, is_no_network, read_errors, reason, status_of
from ..pipelines.loading import RECIPE, load, pipeline_directory
from .card import RESULTS, card_bytes, card_text, eval_results
from .card_facts import without_place
from .standalone import standalone_files

SCORES = "scores.json"
BESIDE = (RECIPE, SCORES, "machine.json", "log.jsonl", "curve.png")  # what a run leaves beside its pipeline
OURS = re.compile(  # what a push may take away again
    r"(\w+/)?(diffusion_pytorch_model[^/]*|hf_genimg\.py|config\.json)|directions\.safetensors|samples/\d+\.png|scores\.json|\.eval_results/hf_genimg\.yaml"
)
WEIGHTS = re.compile(r"diffusion_pytorch_model(?:\.(\w+))?(?:-\d+-of-\d+)?\.safetensors")
ATTEMPTS, FIRST_PAUSE, LONGEST_PAUSE = 5, 1.0, 60.0
PASSING = (408, 429, 500, 502, 503, 504)  # statuses after which the same request may succeed
NO_XET = re.compile(r"404 .*/xet-write-token/")  # how hf_xet says that a Hub has no Xet, such as one of one's own
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError)  # of answers that are not as they should be
Result = TypeVar("Result")


@dataclass(frozen=True)
class Pushed:
    """Where a model lies now. changed: whether this push made a commit; without one, all was there already."""

    url: str
    commit: str
    changed: bool


def push(
    source: str | Path | Any,
    repo_id: str,
    *,
    private: bool = False,
    token: str | None = None,
    commit_message: str | None = None,
    create_pr: bool = False,
    variant: str | None = None,
) -> Pushed:
    """Push a run directory, a pipeline directory or a pipeline in memory to `repo_id`, in one commit, or none where
    nothing changed.

    What a broken push has uploaded already is not sent again. Nothing in `source` is written to.

    Args:
        private: make the repository private, where it is made now.
        token: instead of the one that `hf auth login` or HF_TOKEN gives.
        create_pr: propose the commit instead of making it.
        variant: of the weights of a pipeline in memory, as for `save_pretrained`.

    Raises:
        FileNotFoundError, ValueError: there is no model in `source`, or `repo_id` is no name; before anything is sent.
        OSError: the Hub refuses or cannot be reached; one line that says why and what to do.
    """
    check_id(repo_id)
    with ExitStack() as stack:
        if not isinstance(source, str | Path):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="hf_genimg-push-"))
            source.save_pretrained(folder, variant=variant)
            files = repository_files(Path(folder), repo_id, source)
        else:
            files = repository_files(Path(source).expanduser(), repo_id)
        with one_line(repo_id):
            return _commit(
                files, repo_id, private, HfApi(token=token), commit_message or "Push with hf_genimg", create_pr
            )


@contextmanager
def one_line(repo_id: str) -> Iterator[None]:
    """Say in one line what the Hub refused, and leave what is not of the Hub as it is."""
    try:
        yield
    except Exception as error:  # of the client, the network or the Hub: of no common kind
        if not _is_of_the_hub(error):
            raise
        raise OSError(f"{repo_id} was not pushed: {_why(error)}") from error


def claim(repo_id: str, token: str | None = None) -> None:
    """Make `repo_id` where it is not there, so that a run that is to be pushed learns now whether it may; raises as
    `push` does.
    """
    check_id(repo_id)
    with one_line(repo_id):
        patiently(lambda: HfApi(token=token).create_repo(repo_id, exist_ok=True))


def repository_files(source: Path, repo_id: str, pipeline: Any = None) -> dict[str, Path | bytes]:
    """What a repository holds, by its path there: files of `source`, and texts that are written now."""
    if not source.exists():
        raise FileNotFoundError(f"there is no {source} to push; give a run directory or a pipeline directory")
    folder = pipeline_directory(source)
    variant = _only_variant(folder)
    # raises where there is none, or only pickles
    model = load(source, variant=variant) if pipeline is None else pipeline
    found: dict[str, Path | bytes] = {
        path.relative_to(folder).as_posix(): path for path in _visible(folder) if _is_part(path)
    }
    if folder != source:
        found |= {name: source / name for name in BESIDE if (source / name).is_file()}
        found |= {
            name: _without_places(source / name, part)
            for name, part in ((RECIPE, "fields"), (SCORES, "protocol"))
            if name in found
        }
        found |= {f"samples/{path.name}": path for path in sorted((source / "samples").glob("[0-9]*.png"))}
    known = pipeline is None and variant is None  # a card loads its model by the plain names
    found |= {name: text.encode() for name, text in standalone_files(model).items()}
    found["README.md"] = card_bytes(card_text(source if known else model, repo_id, standalone=True))
    results = eval_results(source) if known else None
    return found | ({RESULTS: results.encode()} if results else {})


def _only_variant(folder: Path) -> str | None:
    """The variant of the weights in `folder`, such as fp16; None where there are plain ones, or none at all."""
    names = [WEIGHTS.fullmatch(path.name) for path in folder.glob("*/*.safetensors")]
    variants = [found[1] for found in names if found]
    return variants[0] if variants and None not in variants else None


def _without_places(file: Path, part: str) -> bytes:
    """A JSON file without the places where its maker keeps data and models: of an absolute path, the last name."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        content[part] = {name: without_place(name, value) for name, value in content[part].items()}
    except read_errors() as error:
        raise ValueError(f"{file} is damaged ({reason(error)}); restore it, or remove it") from error
    return json.dumps(content, indent=2).encode()


def _visible(folder: Path) -> list[Path]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [path for path in files if not any(part.startswith(".") for part in path.relative_to(folder).parts)]


def _is_part(path: Path) -> bool:
    return path.suffix in (".json", ".safetensors")


def _commit(
    files: dict[str, Path | bytes], repo_id: str, private: bool, api: HfApi, message: str, create_pr: bool
) -> Pushed:
    """Create the repository where it is absent, and commit; again from a new parent where somebody was quicker."""
    url = str(patiently(lambda: api.create_repo(repo_id, private=private, exist_ok=True)))
    for attempt in range(3):
        info = patiently(lambda: api.model_info(repo_id))
        if private and not info.private:
            remedy = "make it private on its page, or leave --private out"
            raise ValueError(f"{repo_id} is there already and public, and was not pushed to; {remedy}")
        stale = [
            each.rfilename
            for each in info.siblings or ()
            if OURS.fullmatch(each.rfilename) and each.rfilename not in files
        ]
        try:
            send = partial(_send, api, repo_id, files, stale, info.sha, message, create_pr)
            made = patiently(send)
            return Pushed(url, made.oid, made.oid != info.sha)
        except Exception as error:
            if status_of(error) not in (409, 412) or attempt == 2:
                raise
    raise AssertionError("the last attempt returns or raises")


def _send(
    api: HfApi,
    repo_id: str,
    files: dict[str, Path | bytes],
    stale: list[str],
    parent: str,
    message: str,
    create_pr: bool,
) -> Any:
    """One commit; the client leaves out what the parent holds already, and makes none where that is all."""

    def commit() -> Any:
        operations = [CommitOperationAdd(name, content) for name, content in files.items()]
        operations += [CommitOperationDelete(name) for name in stale]
        return api.create_commit(repo_id, operations, commit_message=message, parent_commit=parent, create_pr=create_pr)

    verbosity = hub_logging.get_verbosity()
    hub_logging.set_verbosity_error()  # it warns of a commit that would be empty
    try:
        return commit()
    except ConnectionError as error:
        if not NO_XET.search(str(error)):
            raise
        with _without_xet():
            return commit()
    finally:
        hub_logging.set_verbosity(verbosity)


@contextmanager
def _without_xet() -> Iterator[None]:
    """Large files as LFS sends them, which the client does by itself only where hf_xet is not installed."""
    before, constants.HF_HUB_DISABLE_XET = constants.HF_HUB_DISABLE_XET, True
    try:
        yield
    finally:
        constants.HF_HUB_DISABLE_XET = before


def patiently(call: Callable[[], Result]) -> Result:
    """Call, and again after a while where the Hub or the network may be better then."""
    for attempt in range(ATTEMPTS):
        try:
            return call()
        except Exception as error:
            if (
                attempt == ATTEMPTS - 1
                or not (status_of(error) in PASSING or is_no_network(error) or _is_unreadable(error))
                or _is_offline(error)
            ):
                raise
            time.sleep(_pause(error, attempt))
    raise AssertionError("the last attempt returns or raises")


def _pause(error: Exception, attempt: int) -> float:
    """Seconds to wait: what the Hub asks for, within reason; otherwise twice as long each time."""
    answers = [each.response.headers for each in causes(error) if getattr(each, "response", None) is not None]
    asked = next((headers["retry-after"] for headers in answers if headers.get("retry-after", "").isdigit()), None)
    return min(float(asked) if asked is not None else FIRST_PAUSE * 2**attempt, LONGEST_PAUSE)


def _is_offline(error: Exception) -> bool:
    return any(type(each).__name__ == "OfflineModeIsEnabled" for each in causes(error))


def _is_of_the_hub(error: Exception) -> bool:
    return status_of(error) is not None or is_no_network(error) or _is_offline(error) or _is_unreadable(error)


def _is_unreadable(error: Exception) -> bool:
    """Whether the client could not make sense of an answer, such as a page in place of JSON, or half of it."""
    frames = traceback.extract_tb(error.__traceback__)
    in_client = any("huggingface_hub" in Path(frame.filename).parts for frame in frames)
    return in_client and isinstance(error, UNREADABLE) and not isinstance(error, HFValidationError)


def _why(error: Exception) -> str:
    if _is_unreadable(error):
        return "what the Hub answered is not what a Hub answers (a page or a half of it); try again later"
    if status_of(error) == 404:
        return (
            "there is no such owner or repository that this token may see; check the name, and log in with `hf auth "
            "login`"
        )
    return explain(error)


def check_id(repo_id: str) -> None:
    """Raise `ValueError` for what is not `owner/name`."""
    try:
        validate_repo_id(repo_id)
    except HFValidationError as error:
        raise ValueError(
            f"{repo_id!r} cannot be the name of a repository; use owner/name, of letters, digits, '-', '_' and '.'"
        ) from error
    if repo_id.count("/") != 1:
        raise ValueError(f"{repo_id!r} names no owner; give owner/name")


class Pushing:
    """A callback of a run: one commit each time, to `repo_id`. What fails is a warning, and the next snapshot is pushed
    again, for the run goes on without the Hub.

    every: images between two pushes. The finished run is left to its caller, who has its card.
    """

    name = "push"

    def __init__(self, every: int, repo_id: str) -> None:
        self.every, self.repo_id = every, repo_id

    def __call__(self, run: Any) -> None:
        if run.images >= run.recipe.images:
            return
        try:
            with tempfile.TemporaryDirectory(prefix="hf_genimg-push-") as folder:
                copy = copy_of(run, Path(folder))
                push(copy, self.repo_id, commit_message=f"{run.images:,} of {run.recipe.images:,} images")
        except Exception as error:
            if not (isinstance(error, OSError) or is_disk_full(error)):
                raise
            why = reason(error) if is_disk_full(error) else " ".join(str(error).split())
            why = why if self.repo_id in why else f"{self.repo_id} was not pushed: {why}"
            warnings.warn(
                f"at {run.images:,} images: {why}; the run goes on, and pushes again later",
                UserWarning,
                stacklevel=2,
            )

    def state(self) -> dict[str, Any]:
        """Nothing: the Hub knows what it has."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Nothing to continue from."""


def copy_of(run: Any, folder: Path) -> Path:
    """A directory as that of the run, with the model as it is now: the one on disk is that of the last checkpoint."""
    source, copy = run.directory.path, folder / run.directory.path.absolute().name
    copy.mkdir()
    run.pipeline().save_pretrained(copy / "pipeline")
    for name in BESIDE:
        if (source / name).is_file():
            shutil.copyfile(source / name, copy / name)
    if run.directory.samples.is_dir():
        shutil.copytree(run.directory.samples, copy / "samples")
    return copy
