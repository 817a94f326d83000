"""The real client against the Hub of the tests: in a fresh process, or in this one."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from .server import Hub

ROOT = Path(__file__).parents[2]


def environment(hub: Hub, home: Path, token: str | None = "alice", **more: str) -> dict[str, str]:
    """What a process needs to take `hub` for the Hub: all of it is read when huggingface_hub is imported.

    home: a folder for its cache. token: a name from `Hub.tokens`, or None.
    """
    mine = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HF_HUB_", "HF_TOKEN", "HUGGING_FACE"))
    }
    switches = dict.fromkeys(("HF_HUB_DISABLE_XET", "HF_HUB_DISABLE_TELEMETRY", "HF_HUB_DISABLE_PROGRESS_BARS"), "1")
    return {
        **mine,
        **switches,
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(home),
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        **({"HF_TOKEN": hub.tokens.get(token, token)} if token else {}),
        **more,
    }


def python(
    hub: Hub, home: Path, code: str, *arguments: str, token: str | None = "alice", check: bool = True, **more: str
) -> str:
    """Run `code` in a fresh process; returns what it printed, or with `check=False` also what went wrong."""
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        env=environment(hub, home, token, **more),
        cwd=home if home.is_dir() else ROOT,
        capture_output=True,
        text=True,
        timeout=240,
    )
    if check and result.returncode:
        raise AssertionError(f"exit status {result.returncode}\n{result.stdout}\n{result.stderr}")
    return result.stdout.strip() if check else f"{result.returncode}\n{result.stdout}\n{result.stderr}"


def use_here(hub: Hub, home: Path, patch: pytest.MonkeyPatch, token: str | None = "alice") -> None:
    """Let the huggingface_hub of this process talk to `hub`, for as long as `patch` lasts."""
    from huggingface_hub import constants, file_download, hf_api, repocard
    from huggingface_hub.utils import close_session

    close_session()
    for name, value in {
        "ENDPOINT": hub.url,
        "HUGGINGFACE_CO_URL_TEMPLATE": hub.url + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_HUB_OFFLINE": False,
        "HF_HUB_DISABLE_XET": True,
        "HF_HUB_CACHE": str(home / "hub"),
        "HF_TOKEN_PATH": str(home / "token"),
    }.items():
        patch.setattr(constants, name, value)
    patch.setattr(hf_api.api, "endpoint", hub.url)
    assert file_download.constants is repocard.constants is constants
    if token:
        patch.setenv("HF_TOKEN", hub.tokens.get(token, token))
    else:
        patch.delenv("HF_TOKEN", raising=False)
