"""SIGINT and SIGTERM ask a run to save and leave; they never cut an update in two."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import Self


class Interrupts:
    """While entered: `received` is the first signal that came, if one did. The same one again ends the process at once,
    as usual.

    Another one does not: launchers answer Ctrl-C, which reaches every process, with a SIGTERM to each.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # Python delivers signals nowhere else
            self._before = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def _note(self, number: int, _: FrameType | None) -> None:
        self.received = self.received or signal.Signals(number)
        signal.signal(number, self._before.pop(number))

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def __exit__(self, *_: object) -> None:
        self._restore()

    def join(self) -> None:
        """Leave because another process of the run was asked to."""
        self.received = self.received or signal.SIGTERM

    def leave(self, images: int, speak: bool = True) -> None:
        """End as the signal would have: KeyboardInterrupt or exit status 143, after the state of `images` images was
        saved.
        """
        if self.received is None:
            return
        if speak:
            print(f"{self.received.name}: saved at {images:,} images; the same command continues", file=sys.stderr)
        if self.received == signal.SIGINT:
            raise KeyboardInterrupt(f"saved at {images:,} images")  # one without a text was not answered here
        raise SystemExit(128 + self.received)
