"""A Space from a model: its files say what the Hub needs, and `python app.py` opens the page."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import SpaceCard

from hf_genimg.api import load
from hf_genimg.cli import main
from hf_genimg.hub.space import make_space, requirements

from .client import use_here
from .limits import files_of_at_most


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "mine"
    assert main(["train", "mlp_gan", "--smoke", "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def space(run: Path) -> Path:
    folder = run.parent / "space"
    assert main(["space", str(run), "me/page", "--local", str(folder)]) == 0
    return folder


def test_the_files_are_what_a_space_needs(space: Path, run: Path) -> None:
    assert len((space / "app.py").read_text().splitlines()) <= 15
    data = SpaceCard.load(space / "README.md").data
    assert (data.title, data.sdk, data.sdk_version, data.python_version) == (
        "page",
        "gradio",
        metadata.version("gradio"),
        "3.12",
    )
    assert (data.app_file, data.models) == ("app.py", None)
    pinned = (space / "requirements.txt").read_text().splitlines()
    assert pinned == requirements()
    assert f"torch=={metadata.version('torch').partition('+')[0]}" in pinned
    assert all(line.count("==") == 1 and "+" not in line for line in pinned)
    assert any(line.startswith("av==") for line in pinned) == (find_spec("av") is not None)
    assert not any(line.startswith("gradio=") for line in pinned)  # the Space brings the one of sdk_version
    weights = "generator/diffusion_pytorch_model.safetensors"
    assert (space / "mine" / weights).read_bytes() == (run / "pipeline" / weights).read_bytes()
    assert not list(space.rglob("__pycache__"))


def test_the_app_opens_where_nothing_else_of_ours_is(space: Path, tmp_path: Path) -> None:
    port = free_port()
    hidden = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    quiet = {
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HF_HUB_OFFLINE": "1",
        "GRADIO_TEMP_DIR": str(tmp_path),
    }
    with (tmp_path / "log").open("w") as log:
        app = subprocess.Popen(
            [sys.executable, str(space / "app.py")], env=hidden | quiet, cwd=tmp_path, stdout=log, stderr=log
        )
    try:
        assert "mine" in _page(f"http://127.0.0.1:{port}/config", app, tmp_path / "log")
    finally:
        app.terminate()
        app.wait(30)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _page(address: str, app: subprocess.Popen, log: Path) -> str:
    for _ in range(240):
        assert app.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(address, timeout=5) as page:
                return page.read().decode()
        except OSError:
            time.sleep(0.5)
    raise AssertionError(log.read_text())


def test_what_was_pushed_and_downloaded_again_becomes_a_space_too(run: Path, tmp_path: Path) -> None:
    downloaded = tmp_path / "downloaded"
    shutil.copytree(run / "pipeline", downloaded)
    shutil.copy(run / "recipe.json", downloaded)
    assert main(["space", str(downloaded), "me/page", "--local", str(tmp_path / "space")]) == 0
    assert (tmp_path / "space/downloaded/model_index.json").is_file()


def test_mistakes_are_one_line(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "space"
    for arguments, message in (
        ((run, "page", "--local", out), "'page' names no owner; give owner/name"),
        ((run, "me/my page", "--local", out), "'me/my page' cannot be the name of a repository; use owner/name"),
        ((tmp_path / "none", "me/page", "--local", out), "does not exist"),
        (
            (run, "me/page", "--local", run),
            f"--local {run} exists already and is not overwritten; name a new or empty folder",
        ),
    ):
        assert main(["space", *map(str, arguments)]) == 1
        error = capsys.readouterr().err.strip()
        assert message in error
        assert len(error.splitlines()) == 1
    assert not out.exists()


@pytest.mark.parametrize("existed", [True, False])
def test_a_full_disk_is_one_line_and_leaves_nothing(run: Path, tmp_path: Path, existed: bool) -> None:
    pipeline, folder = load(run), tmp_path / "space"
    if existed:
        folder.mkdir()
    with (
        files_of_at_most(3000),
        pytest.raises(OSError, match=r"^the Space cannot be written: .*: .*File too large") as e,
    ):
        make_space(str(run), pipeline, "me/page", folder)
    assert len(str(e.value).splitlines()) == 1
    assert folder.exists() == existed
    assert not existed or not list(folder.iterdir())


def test_pushed_it_is_a_space_in_one_commit(
    run: Path, hub: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_here(hub, tmp_path, monkeypatch)
    assert main(["space", str(run), "alice/page"]) == 0
    repository = hub.store.repositories["spaces", "alice/page"]
    assert len(repository.history) == 2
    assert {"app.py", "README.md", "requirements.txt", "mine/model_index.json", "hf_genimg/api.py"} <= set(
        repository.head.files
    )
    hub.fault("/commit/", 403)
    with pytest.raises(OSError, match="alice/other was not pushed: this token may not do that"):
        make_space(str(run), load(run), "alice/other")
