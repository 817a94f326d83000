"""Models that a visitor names by their Hub id: looked at before they are fetched, and fetched as a stranger would."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from ..faults import explain
from ..pipelines.loading import HUB_ID, PICKLES, load

log = logging.getLogger("hf_genimg.hub")
MOST_REPOSITORY_BYTES = 2 * 2**30


def fetch(name: str) -> Any:
    """The pipeline of a public repository of the Hub, as it was when it was looked at.

    It is asked for without the token of whoever serves the page, so that nobody sees the models which only they may
    see. Nothing of the repository is run, and nothing but safetensors and JSON is read.

    Raises:
        ValueError, FileNotFoundError: one line for the visitor, before anything is fetched where the Hub's list of
            files shows why not.
    """
    if not HUB_ID.fullmatch(name):
        raise ValueError(f"{name[:80]!r} is no Hub id; type one such as owner/name")
    if Path(name).exists():  # `load` would open it, and a visitor means the Hub
        raise ValueError(f"{name!r} cannot be shown here; type another Hub id")
    revision = _look(name)
    try:
        return load(name, revision=revision, token=False)
    except Exception as error:  # whatever files of strangers make of diffusers, torch and safetensors
        log.warning("%s could not be loaded", name, exc_info=error)
        reason = " ".join(str(error).split())
        if isinstance(error, ValueError | FileNotFoundError) and reason.startswith(name) and "snapshots" not in reason:
            raise  # of ours, and without a path of this machine
        raise ValueError(f"{name} is damaged or no model of this version of hf_genimg; type another Hub id") from error


def _look(name: str) -> str:
    """The commit to fetch, of a repository that may be; asks the Hub for the list of its files and their sizes."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HFValidationError

    try:
        found = HfApi().model_info(name, files_metadata=True, token=False, timeout=20)
    except HFValidationError:
        raise ValueError(f"{name[:80]!r} is no Hub id; type one such as owner/name") from None
    except Exception as error:  # of the Hub, or of the client's transport: of no common kind
        raise FileNotFoundError(f"{name} cannot be had from the Hub: {explain(error)}") from error
    if found.gated:  # it may lie in the cache, for those who have been let in
        raise ValueError(f"{name} is gated, and this page shows what everybody may see; type another Hub id")
    files = {file.rfilename: file.size or 0 for file in found.siblings or []}
    total = sum(files.values())
    if total > MOST_REPOSITORY_BYTES:
        limit = f"{MOST_REPOSITORY_BYTES / 1e9:.1f} GB"
        raise ValueError(
            f"{name} has {total / 1e9:.1f} GB of files, and this page fetches at most {limit}; type a smaller model's "
            "id"
        )
    if "model_index.json" not in files:
        raise ValueError(f"{name} has no model_index.json, so it holds no pipeline; type another Hub id")
    suffixes = {Path(file).suffix for file in files}
    if ".safetensors" not in suffixes:
        has = "pickles only, which can run code" if suffixes & set(PICKLES) else "no weights"
        raise ValueError(f"{name} has {has}; this page reads safetensors only")
    return found.sha
