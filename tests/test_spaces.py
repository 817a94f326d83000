"""The Spaces of the repository: what the Hub needs is there, and `python app.py` opens a page."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import SpaceCard

from .hub.test_space import _page, free_port

ROOT = Path(__file__).parents[1]
SPACES = sorted(path.name for path in (ROOT / "spaces").iterdir())
every_space = pytest.mark.parametrize("name", SPACES)


@every_space
def test_a_space_says_what_the_hub_needs(name: str) -> None:
    folder = ROOT / "spaces" / name
    assert len((folder / "app.py").read_text().splitlines()) <= 15
    data = SpaceCard.load(folder / "README.md").data
    assert (data.sdk, data.python_version, data.app_file) == ("gradio", "3.12", "app.py")
    tested = (ROOT / "constraints.txt").read_text().lower().replace("_", "-").splitlines()
    assert f"gradio=={data.sdk_version}" in tested
    assert {line.lower().replace("_", "-") for line in (folder / "requirements.txt").read_text().splitlines()} <= set(
        tested
    )


@pytest.mark.parametrize(
    "name", [name if name == "digits" else pytest.param(name, marks=pytest.mark.slow) for name in SPACES]
)
def test_python_app_py_opens_the_page(name: str, tmp_path: Path) -> None:
    port = free_port()
    quiet = {
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_ANALYTICS_ENABLED": "False",
        "GRADIO_TEMP_DIR": str(tmp_path),
        "PYTHONPATH": str(ROOT),
    }
    with (tmp_path / "log").open("w") as log:
        app = subprocess.Popen(
            [sys.executable, "app.py"], env=os.environ | quiet, cwd=ROOT / "spaces" / name, stdout=log, stderr=log
        )
    try:
        page = _page(f"http://127.0.0.1:{port}/config", app, tmp_path / "log")
        assert ("vae-digits" in page) == (name == "digits")
    finally:
        app.terminate()
        app.wait(30)


def test_make_spaces_puts_the_package_beside_each(tmp_path: Path) -> None:
    copy = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(copy)], check=True)
    subprocess.run(["make", "-s", "spaces"], cwd=copy, check=True)
    for name in SPACES:
        assert {"app.py", "README.md", "requirements.txt", "hf_genimg"} <= {
            path.name for path in (copy / "build/spaces" / name).iterdir()
        }
