"""`hf genimg`: registered with the real `hf` command, in a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .limits import files_of_at_most

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(
    not (BIN / "hf-genimg").exists(), reason="the package's program is not installed beside this Python"
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def call(home: Path, *command: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    quiet = {
        "HOME": str(home),
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    environment = os.environ | quiet | {"PYTHONPATH": str(ROOT)} | ({"PATH": path} if path is not None else {})
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def install(home: Path) -> subprocess.CompletedProcess[str]:
    return call(home, sys.executable, "-m", "hf_genimg.cli", "install-hf-extension")


def manifest(home: Path) -> Path:
    return home / ".local/share/hf/extensions/hf-genimg/manifest.json"


def test_hf_runs_us_and_passes_the_status_on(home: Path) -> None:
    assert call(home, str(BIN / "hf"), "genimg", "list", "recipes").returncode != 0
    done = install(home)
    assert (done.returncode, done.stderr) == (0, "")
    listed = call(home, str(BIN / "hf"), "genimg", "list", "recipes")
    assert (listed.returncode, "dcgan" in listed.stdout) == (0, True)
    wrong = call(home, str(BIN / "hf"), "genimg", "list", "colours")
    assert wrong.returncode == 1
    assert "'colours' cannot be listed" in wrong.stderr
    assert "genimg" in call(home, str(BIN / "hf"), "--help").stdout


def test_twice_is_once(home: Path) -> None:
    assert "registered by" in install(home).stdout
    before = manifest(home).read_text()
    assert "registered already" in install(home).stdout
    assert manifest(home).read_text() == before
    manifest(home).write_text(json.dumps({**json.loads(before), "executable_path": "/old/hf-genimg"}))
    assert "registered by" in install(home).stdout  # the environment has moved
    assert json.loads(manifest(home).read_text())["executable_path"] == str(BIN / "hf-genimg")


@pytest.mark.parametrize("content", ['{"owner": "ann"}', "nothing", None])
def test_an_extension_of_somebody_else_is_left_alone(content: str | None, home: Path) -> None:
    manifest(home).parent.mkdir(parents=True)
    if content is not None:
        manifest(home).write_text(content)
    done = install(home)
    assert done.returncode == 1
    assert "holds another extension of that name and is left alone" in done.stderr
    assert [file.read_text() for file in manifest(home).parent.iterdir()] == ([content] if content is not None else [])


def test_a_full_disk_is_one_line_and_leaves_what_was_there(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hf_genimg.hub import extension

    assert "registered by" in install(home).stdout
    old = json.dumps({**json.loads(manifest(home).read_text()), "executable_path": "/old/hf-genimg"})
    manifest(home).write_text(old)
    monkeypatch.setattr(extension, "_manifest_file", lambda: manifest(home))
    with files_of_at_most(10), pytest.raises(OSError, match=r"cannot be written: File too large; nothing was regis"):
        extension.install_extension()
    assert manifest(home).read_text() == old


def test_where_hf_is_not_there(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    from hf_genimg.hub.extension import install_extension

    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(ValueError, match="the hf command is not installed here"):
        install_extension()
    assert not manifest(home).exists()
