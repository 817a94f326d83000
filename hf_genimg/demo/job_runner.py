"""Runs the commands that the studio's jobs wait for, one at a time: `python -m hf_genimg.demo.job_runner FOLDER`.

A process of its own, so that whatever becomes of the page interrupts nothing. All that is known of a job lies in files,
so another runner goes on where one was killed: a command that has no exit status is given again, and training resumes.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

QUEUE, REPORTS, LOCK = ".queue", ".jobs", ".runner.lock"
LOOK = 0.2  # seconds between two looks at a command
KEPT_LOG = 2**20  # bytes of a command's output that are kept when it is given again
ANONYMOUS = {"HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}
TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")


def main(folder: Path) -> None:
    """Run what waits in `folder` until nothing does; at once nothing, where another runner is at work."""
    while waiting(folder):
        try:
            with FileLock(folder / LOCK).acquire(timeout=0):
                while entries := waiting(folder):
                    run(folder, entries[0])
        except Timeout:
            return  # before it leaves, the other one looks once more


def waiting(folder: Path) -> list[Path]:
    """The requests that are not answered yet, in their order."""
    return sorted((folder / QUEUE).glob("[0-9]*.json"))


def is_held(folder: Path) -> bool:
    """Whether a runner is at work in `folder`."""
    try:
        with FileLock(folder / LOCK).acquire(timeout=0):
            return False
    except Timeout:
        return True


def run(folder: Path, entry: Path) -> None:
    """Answer one request: start its command, or wait for one that was started before, and note how it ends."""
    request = read(entry)
    if request is None:  # taken back in this moment, or damaged
        entry.unlink(missing_ok=True)
        return
    reports = folder / REPORTS / request["job"]
    reports.mkdir(parents=True, exist_ok=True)
    report = reports / f"{request['action']}.json"
    before = read(report) or {}
    while "exit" not in before and is_alive(before.get("pid"), request["marker"]):
        time.sleep(LOOK)  # of a runner that was killed: how it ends cannot be learned, so it is given once more
    if not entry.exists():
        write(report, {**before, "exit": 130, "ended": time.time()})
        return
    status = _command(request, entry, report, reports / f"{request['action']}.log")
    write(report, {**(read(report) or {}), "exit": status, "ended": time.time()})
    entry.unlink(missing_ok=True)


def _command(request: Mapping[str, Any], entry: Path, report: Path, log: Path) -> int:
    """Run the command to its end; returns its exit status."""
    if log.exists() and log.stat().st_size > KEPT_LOG:
        log.unlink()
    with log.open("ab") as output:
        child = subprocess.Popen(
            command(request["arguments"]),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_environment(anonymous=request["anonymous"]),
            start_new_session=True,
        )
        write(report, {"pid": child.pid, "started": time.time(), "action": request["action"]})
        if not entry.exists():  # taken back between two lines above
            child.send_signal(signal.SIGINT)
        return child.wait()


def command(arguments: Sequence[str]) -> list[str]:
    """The command line of this package, by the Python that runs here."""
    return [sys.executable, "-m", "hf_genimg.cli", *arguments]


def _environment(*, anonymous: bool) -> dict[str, str]:
    """Without the token of who serves the page, where strangers ask."""
    if not anonymous:
        return dict(os.environ)
    return {name: value for name, value in os.environ.items() if name not in TOKENS} | ANONYMOUS


def is_alive(pid: Any, marker: str) -> bool:
    """Whether a process runs whose command line holds `marker`; where the system does not show that, whether one runs
    under this number.
    """
    if not isinstance(pid, int):
        return False
    shown = Path("/proc") / str(pid) / "cmdline"
    if Path("/proc/self/cmdline").exists():
        try:
            return os.fsencode(marker) in shown.read_bytes()
        except OSError:
            return False
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def read(file: Path) -> dict[str, Any] | None:
    """A JSON object; None where there is none, or a damaged one."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def write(file: Path, content: Mapping[str, Any]) -> None:
    """Replace a small file in one step."""
    partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
    partial.write_text(json.dumps(content), encoding="utf-8")
    os.replace(partial, file)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
