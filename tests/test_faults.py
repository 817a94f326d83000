"""Errors of libraries become one line, a full disk leaves the older state whole, a fault of ours asks for a report."""

from __future__ import annotations

import errno
import json
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file

from hf_genimg.cli import main
from hf_genimg.faults import FAULT, MISTAKE, is_disk_full, last_line, one_line, read_errors, reason
from hf_genimg.training.checkpoint import current_checkpoint

from .hub.limits import files_of_at_most

OWN_RECIPE = """
from dataclasses import dataclass
from hf_genimg.recipes.mlp_gan import MLPGAN

@dataclass(frozen=True)
class Mine(MLPGAN):
    '''Mine.'''
    def objective(self):
        return None + 1
"""


def raised(call: Callable[[], object]) -> Exception:
    with pytest.raises(Exception) as caught:
        call()
    return caught.value


ERRORS = {
    "safetensors": lambda folder: load_file(folder / "x"),
    "picture": lambda folder: Image.open(folder / "x"),
    "zlib": lambda _: zlib.decompress(b"x"),
    "json": lambda _: json.loads("{"),
    "json depth": lambda _: json.loads("[" * 100_000),
    "numpy": lambda folder: np.load(folder / "x", allow_pickle=False),
    "encoding": lambda folder: (folder / "x").read_text(encoding="utf-8"),
    "memory": lambda _: np.zeros((1 << 50,), np.float64),
    "absent": lambda folder: (folder / "y").read_bytes(),
}


@pytest.mark.parametrize("kind", ERRORS)
def test_what_libraries_raise_is_a_mistake_in_one_line(kind: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff\xfenothing of the kind\n" * 3)
    error = raised(lambda: ERRORS[kind](tmp_path))
    line, status = last_line(error)
    assert status == MISTAKE and line and "\n" not in reason(error)
    assert isinstance(error, read_errors())
    assert str(tmp_path / "y") in line or kind != "absent"
    if not isinstance(error, OSError):
        with pytest.raises(ValueError, match=r"^the file x: .+$"), one_line("the file x"):
            raise error


def test_a_network_that_is_not_there_is_one_line() -> None:
    error = raised(lambda: httpx.get("http://127.0.0.1:9/"))
    assert last_line(error) == ("the network: the Hub cannot be reached; try again with a connection", MISTAKE)


def test_a_full_disk_is_recognised_in_what_every_writer_raises(tmp_path: Path) -> None:
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        assert is_disk_full(OSError(number, "no space", "x"))
    full = Path("/dev/full")
    if full.exists():
        with full.open("w") as opened:
            error = raised(lambda: (opened.write("x"), opened.flush()))
            assert is_disk_full(error) and last_line(error)[1] == MISTAKE
            with pytest.raises(OSError):
                opened.close()
    with files_of_at_most(10):
        assert is_disk_full(raised(lambda: np.save(tmp_path / "x.npy", np.zeros(1000))))
    assert not is_disk_full(raised(lambda: (tmp_path / "y").read_bytes()))
    assert not is_disk_full(SafetensorError("Error while deserializing header: header too small"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 320 images with its card."""
    run = tmp_path_factory.mktemp("full") / "run"
    assert main(["train", "mlp_gan", "--smoke", "--out", str(run), "images=320"]) == 0
    return run


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(trained, tmp_path / "run"))


def contents(run: Path) -> dict[str, bytes]:
    files = [file for folder in (run / "state", run / "pipeline") for file in folder.rglob("*") if file.is_file()]
    return {str(file.relative_to(run)): file.read_bytes() for file in files}


def test_a_disk_that_is_full_from_the_start_is_one_line(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with files_of_at_most(20_000):
        assert main(["train", "mlp_gan", "--smoke", "--out", str(tmp_path / "new")]) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("hf-genimg: the disk of") and line.endswith(
        "is full; nothing was saved yet. Free some space, and the same command continues"
    )
    assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.parametrize("limit", [200, 3_000, 60_000])  # at a line of the log, a grid, the state
def test_a_disk_that_is_full_later_leaves_the_older_state_whole(
    limit: int, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command, before = ["train", "mlp_gan", "--smoke", "--out", str(run), "images=640"], contents(run)
    with files_of_at_most(limit):
        assert main(command) == 1
    assert "is full; the state of 320 images is kept whole. Free some space" in capsys.readouterr().err.splitlines()[-1]
    assert contents(run) == before
    assert not list(run.rglob("*.partial")) and not (run / ".pipeline.new").exists()
    assert main(command) == 0
    assert current_checkpoint(run / "state").name == "640"


def test_a_disk_that_is_full_at_the_card_keeps_the_older_card(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    measure = ["evaluate", str(run), "--reference", "digits", "--metrics", "fid", "--num", "64"]
    assert main(measure) == 0
    card, scores = (run / "README.md").read_bytes(), (run / "scores.json").read_bytes()
    with files_of_at_most(200):
        assert main([*measure[:-1], "65"]) == 1
    assert "the disk is full" in capsys.readouterr().err.splitlines()[-1]
    assert (run / "README.md").read_bytes() == card and (run / "scores.json").read_bytes() == scores
    assert not [file.name for file in run.iterdir() if file.name.startswith((".README", ".scores"))]


def test_a_fault_in_a_recipe_of_ones_own_names_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.py").write_text(OWN_RECIPE)
    command = ["train", str(tmp_path / "mine.py"), "--smoke", "--out", str(tmp_path / "run")]
    assert main(command) == FAULT
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and f"{tmp_path / 'mine.py'}, line 9: TypeError: unsupported operand" in lines[0]
    monkeypatch.setenv("HF_GENIMG_TRACEBACK", "1")
    assert main(command) == FAULT
    output = capsys.readouterr().err
    assert output.startswith("Traceback (most recent call last)") and output.splitlines()[-1] == lines[0]


def test_a_fault_of_ours_asks_for_a_report() -> None:
    error = raised(lambda: reason(OSError(1, "x", object())) and load_file(3))  # a wrong call by this test
    assert "test_faults.py, line" in last_line(error)[0] and last_line(error)[1] == FAULT
    inside = raised(lambda: last_line(None))  # type: ignore[arg-type]  # fails inside the package
    line, status = last_line(inside)
    assert status == FAULT and line.startswith("a fault of hf_genimg, not of yours (")
    assert "hf_genimg/faults.py, line" in line and "HF_GENIMG_TRACEBACK=1" in line
