"""What is not run for want of a browser, an extra or data is listed at the end, and fails where all was to be run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
OWN = """
import pytest

def test_browser(): pytest.skip("there is no chromium")
def test_extra(): pytest.importorskip("no_such_package")
def test_data(): pytest.skip("/x/shared/data/y is not here")
def test_meant(): pytest.skip("r1 and this loss do not go together")
def test_whole(): pass
"""


def outcome(folder: Path, *tests: str, complete: bool, processes: bool = False) -> tuple[int, str]:
    (folder / "test_own.py").write_text(OWN)
    (folder / "conftest.py").write_text((TESTS / "conftest.py").read_text())
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *(["-n", "2"] if processes else [])]
    run = subprocess.run(
        [*command, "--rootdir", str(folder), *[f"{folder / 'test_own.py'}::{test}" for test in tests]],
        env={**os.environ, "HF_GENIMG_TESTS_COMPLETE": "1" if complete else "", "PYTHONPATH": str(TESTS.parent)},
        capture_output=True,
        text=True,
        cwd=folder,
    )
    return run.returncode, run.stdout


@pytest.mark.parametrize("processes", [pytest.param(False, marks=pytest.mark.slow), True])
def test_what_is_missing_is_one_line_and_a_failure_where_all_was_to_be_run(processes: bool, tmp_path: Path) -> None:
    names = ("test_browser", "test_extra", "test_data", "test_meant", "test_whole")
    status, output = outcome(tmp_path, *names, complete=processes, processes=processes)
    (line,) = [line for line in output.splitlines() if line.startswith("not run: ")]
    for part in (
        "1 for want of a browser (install chromium",
        "1 for want of an extra (pip ",
        "1 for want of a data set",
    ):
        assert part in line
    assert (status, "this is a failure" in line) == ((1, True) if processes else (0, False))


def test_what_is_left_out_on_purpose_is_no_failure(tmp_path: Path) -> None:
    status, output = outcome(tmp_path, "test_meant", "test_whole", complete=True)
    assert status == 0 and "not run" not in output
