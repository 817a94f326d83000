"""The built wheel in an environment of its own: complete, with its console script, and with the code of a card."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from hf_genimg import __version__

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow  # a minute: builds, installs and imports everything anew


def call(*command: object, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    shutil.copytree(ROOT / "hf_genimg", source / "hf_genimg", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    call(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        out,
        source,
        cwd=out,
    )
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel in it, which finds what the wheel needs where these tests have it."""
    folder = tmp_path_factory.mktemp("environment")
    call(sys.executable, "-m", "venv", folder, cwd=folder)
    call(folder / "bin/python", "-m", "pip", "install", "-q", "--no-deps", "--no-index", wheel, cwd=folder)
    own = next(folder.glob("lib/python*/site-packages"))
    (own / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    assert wheel.name == f"hf_genimg-{__version__}-py3-none-any.whl"
    files = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "hf_genimg").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    held = set(zipfile.ZipFile(wheel).namelist())
    assert files - held == set()
    assert all(name.startswith(("hf_genimg/", "hf_genimg-")) for name in held)


def test_the_console_script_and_the_code_of_a_card_work(environment: Path, tmp_path: Path) -> None:
    script = environment / "bin/hf-genimg"
    assert call(script, "--version", cwd=tmp_path) == f"hf-genimg {__version__}\n"
    where = call(environment / "bin/python", "-c", "import hf_genimg; print(hf_genimg.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(environment)
    call(script, "train", "mlp_gan", "--smoke", "--out", "runs/mine", cwd=tmp_path)
    call(script, "sample", "runs/mine", "--num", "4", "--seed", "0", "--out", "grid-of-four.png", cwd=tmp_path)
    card = (tmp_path / "runs/mine/README.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", card, re.DOTALL)[1]
    assert "hf_genimg.load" in code
    call(environment / "bin/python", "-W", "error::DeprecationWarning:hf_genimg", "-c", code, cwd=tmp_path)
    assert (tmp_path / "grid.png").exists() and (tmp_path / "grid-of-four.png").exists()
