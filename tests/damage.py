"""Seeded damage to files, and a watch over what a reader does beside reading."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

SLOWEST = 10.0  # seconds of work that a reader may spend on one file
ODD = (None, True, -1, 0, 10**18, 10**400, 1e308, float("nan"), "", "x", "../..", "a\nb\x1b", [], {}, [[]], [None])
DEEP = "[" * 100_000
PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "pty.spawn")


def damaged(content: bytes, random: np.random.Generator) -> bytes:
    """Some bytes changed, cut out, repeated or cut off."""
    found = bytearray(content)
    for _ in range(int(random.integers(1, 5))):
        start = int(random.integers(0, max(1, len(found))))
        stop = start + int(random.integers(1, 12))
        kind = random.integers(5)
        if kind < 2:
            found[start:stop] = random.bytes(stop - start)
        elif kind == 2:
            found[start:stop] = b""
        elif kind == 3:
            found[start:start] = found[start:stop] * int(random.integers(1, 4))
        else:
            del found[start + int(random.integers(0, max(1, len(found) - start))) :]
    return bytes(found)


def damaged_json(content: bytes, random: np.random.Generator) -> bytes:
    """One or two values of a JSON file replaced by odd ones, taken away or put under another name."""
    found = json.loads(content)
    for _ in range(int(random.integers(1, 3))):
        places = list(_places(found))
        if not places:
            return DEEP.encode()
        parent, key = places[int(random.integers(len(places)))]
        kind = random.integers(6)
        if kind == 0:
            del parent[key]
        elif kind == 1 and isinstance(parent, dict):
            parent["other"] = parent.pop(key)
        else:
            parent[key] = ODD[int(random.integers(len(ODD)))]
    return DEEP.encode() if random.integers(40) == 0 else json.dumps(found).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


class Watch:
    """What the process does while it is watched: programs that it starts, files that it writes, classes of pickles."""

    def __init__(self) -> None:
        self.allowed: tuple[Path, ...] | None = None
        self.seen: list[str] = []
        sys.addaudithook(self._look)  # for as long as the process lives

    def _look(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.allowed is None:
            return
        if event in PROGRAMS or event == "pickle.find_class":
            self.seen.append(f"{event} {arguments[:2]}")
        elif event == "open" and isinstance(arguments[0], str | bytes) and arguments[2] & (os.O_WRONLY | os.O_RDWR):
            path = Path(os.path.abspath(os.fsdecode(arguments[0])))
            if path != Path(os.devnull) and not any(path.is_relative_to(folder) for folder in self.allowed):
                self.seen.append(f"writes {path}")
        elif event in ("os.remove", "os.rmdir", "os.rename") and not isinstance(arguments[0], int):
            path = Path(os.path.abspath(os.fsdecode(arguments[0])))
            if not any(path.is_relative_to(folder) for folder in self.allowed):
                self.seen.append(f"{event} {path}")

    @contextmanager
    def only_in(self, *folders: Path) -> Iterator[None]:
        """Inside, anything written elsewhere, any program and more than 10 seconds of work are failures."""
        temporary = Path(tempfile.gettempdir()) / "tmp"  # what the tempfile module makes for itself
        self.seen, self.allowed, started = [], folders, time.process_time()
        try:
            yield
        finally:
            self.allowed = None
        seen = [each for each in self.seen if f"writes {temporary}" not in each]
        assert not seen, seen
        assert time.process_time() - started < SLOWEST
