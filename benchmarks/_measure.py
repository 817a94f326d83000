"""What the timing scripts share: alternating runs, quartiles of their ratios, and a file that says where and when."""

from __future__ import annotations

import datetime
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

RESULTS = Path(__file__).parent / "results"


Clock = Callable[[], float]


def seconds(work: Callable[[], Any], clock: Clock = time.perf_counter) -> float:
    """How long `work` takes. clock: `time.process_time` for processor time on one thread, which other programs on the
    same core do not change.
    """
    began = clock()
    work()
    return clock() - began


def alternate(
    ours: Callable[[], Any], theirs: Callable[[], Any], pairs: int, clock: Clock = time.perf_counter
) -> dict[str, float]:
    """Time both in turns, one unmeasured run of each first: medians, and the quartiles of theirs / ours (above 1: ours
    is faster).
    """
    ours(), theirs()
    times = []
    for number in range(pairs):
        first, second = (ours, theirs) if number % 2 else (theirs, ours)
        one, two = seconds(first, clock), seconds(second, clock)
        times.append((one, two) if number % 2 else (two, one))
        print(f"  ours {times[-1][0]:.4f} s, theirs {times[-1][1]:.4f} s", file=sys.stderr)
    low, middle, high = statistics.quantiles([theirs / ours for ours, theirs in times], n=4)
    return {
        "ours_seconds": round(statistics.median(ours for ours, _ in times), 5),
        "theirs_seconds": round(statistics.median(theirs for _, theirs in times), 5),
        "ratio": round(middle, 3),
        "ratio_low": round(low, 3),
        "ratio_high": round(high, 3),
        "pairs": pairs,
    }


def write(name: str, method: str, measured: dict[str, Any], **more: Any) -> Path:
    """Write results/NAME.json with the machine, the versions and the date."""
    cpu = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    record = {
        "method": " ".join(method.split()),
        "date": datetime.date.today().isoformat(),
        "machine": {"cpu": cpu, "threads": torch.get_num_threads(), "system": platform.platform()},
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        **more,
        "measured": measured,
    }
    path = RESULTS / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(record, indent=2) + "\n")
    return path


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []
