"""How the threads of torch wait for each other."""

from __future__ import annotations

import os

SPINS = 10_000  # some microseconds


def sleep_soon() -> None:
    """Let a thread that waits for another sleep after some microseconds, unless the environment says how to wait. Before torch is imported.

    GNU's OpenMP, with which torch is built on Linux, would keep it awake for a millisecond: where cores have other work, it then holds the
    one that the other thread waits for, in every layer of every step (benchmarks/busy.py).
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", str(SPINS))
