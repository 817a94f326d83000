"""How long the studio makes people wait, whether it stays as large as it was, and whether a crowd is served rightly.

    python benchmarks/studio.py [MOVES] [REQUESTS] [CLIENTS]

Starts `python app.py` of spaces/digits (a DCGAN and a VAE, on the CPU) as a process of its own and measures, one thing
after the other:

- start: seconds from the start of the process until the page is given (limit 10), and until chromium, which runs
  already, has decoded the first picture (limit 15). Files are in the system's cache, for the page is started once
  before, unmeasured.
- slider_page: MOVES (100) moves of the slider Morph in chromium, each begun when the last is answered: milliseconds
  from the event of the slider until all 16 pictures of the gallery are other ones and decoded. The median is to be at
  most 150.
- slider_endpoint: the same request through gradio_client, without fetching the pictures.
- memory: resident memory of the app's process, noted ten times over REQUESTS (1,000) such requests. The first fifth is
  warm-up; through the other notes a line is laid by least squares. It is flat where that line rises by at most 2
  percent of the last note in 1,000 requests.
- sessions: the same over REQUESTS requests, each of a new visitor, for gradio keeps a state of every visitor.
- crowd: CLIENTS (100) clients, a thread each, all let go at once, ask for an image of a seed of their own: how many got
  the pixels that the pipeline makes of their seed in this process, and seconds until the last was served.

Needs chromium at /usr/bin/chromium and playwright (`pip install -e '.[dev]'`). Linux only: it reads /proc.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from _measure import write

ROOT = Path(__file__).parents[1]
SPACE = ROOT / "spaces" / "digits"
NOTES, WARM_UP, FLAT = 10, 0.2, 0.02
MOVE = """async (value) => {
  const slider = document.querySelector('#mix input[type=range]');
  const shown = () => [...document.querySelectorAll('#images img')];
  const before = shown().map((image) => image.src), began = performance.now();
  slider.value = value;
  slider.dispatchEvent(new Event('input', { bubbles: true }));
  for (;;) {
    const now = shown();
    const isNew = (image, i) => image.src !== before[i] && image.complete && image.naturalWidth;
    if (now.length === before.length && now.every(isNew)) {
      await Promise.all(now.map((image) => image.decode()));
      return performance.now() - began;
    }
    if (performance.now() - began > 20000) throw new Error('no answer');
    await new Promise(requestAnimationFrame);
  }
}"""


@contextmanager
def app() -> Iterator[tuple[subprocess.Popen[bytes], str, float]]:
    """The page in a process of its own, given already: process, address, and the seconds that took."""
    with socket.socket() as free, tempfile.TemporaryDirectory() as folder:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        own = {"GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": folder, "PYTHONPATH": paths}
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "app.py"], cwd=SPACE, env=os.environ | own, stdout=subprocess.DEVNULL
        )
        try:
            url = f"http://127.0.0.1:{port}/"
            while not _given(url):
                if process.poll() is not None or time.perf_counter() - began > 120:
                    raise SystemExit("the page did not come up")
                time.sleep(0.02)
            yield process, url, time.perf_counter() - began
        finally:
            process.terminate()
            process.wait(30)


def _given(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status == 200
    except OSError:
        return False


def in_browser(moves: int) -> tuple[dict[str, float], dict[str, float]]:
    """`start` and `slider_page`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        began = time.perf_counter()
        with app() as (_, url, up):
            page.goto(url)
            page.wait_for_function("() => document.querySelector('#images img')?.naturalWidth > 0", timeout=60_000)
            start = {"page_seconds": round(up, 2), "first_picture_seconds": round(time.perf_counter() - began, 2)}
            page.wait_for_timeout(2000)  # until it has settled
            times = [page.evaluate(MOVE, round(0.01 + 0.98 * ((37 * i) % moves) / moves, 2)) for i in range(moves)]
        browser.close()
    return start, _summary(times)


def _summary(milliseconds: list[float]) -> dict[str, float]:
    low, middle, high = (round(value, 1) for value in statistics.quantiles(milliseconds, n=4))
    return {
        "median": middle,
        "quartile_low": low,
        "quartile_high": high,
        "worst": round(max(milliseconds), 1),
        "moves": len(milliseconds),
    }


def by_programs(moves: int, requests: int, clients: int) -> dict[str, Any]:
    """`slider_endpoint`, `memory`, `sessions` and `crowd`."""
    from gradio_client import Client

    with app() as (process, url, _):
        client = Client(
            url, verbose=False, download_files=False, ssl_verify=False
        )  # it would read certificates for each request
        times = []
        for number in range(moves):
            began = time.perf_counter()
            _ask(client, number, moves)
            times.append(1e3 * (time.perf_counter() - began))
        return {
            "slider_endpoint": _summary(times),
            "memory": _growth(_notes(client, process.pid, requests, new_visitors=False), requests),
            "sessions": _growth(_notes(client, process.pid, requests, new_visitors=True), requests),
            "crowd": crowd(url, clients),
        }


def _notes(client: Any, pid: int, requests: int, new_visitors: bool) -> list[tuple[int, float]]:
    """Requests so far and resident memory then, ten times; with `new_visitors` each request has its own session."""
    notes = []
    for number in range(requests):
        if new_visitors:
            client.session_hash = uuid.uuid4().hex
        _ask(client, number, requests)
        if (number + 1) % max(1, requests // NOTES) == 0:
            notes.append((number + 1, _resident(pid)))
            print(f"  {notes[-1][0]} requests, {notes[-1][1]:.1f} MB", file=sys.stderr)
    return notes


def _ask(client: Any, number: int, all: int) -> None:
    client.predict(seed=number, count=16, mix=round(0.01 + 0.98 * number / all, 4), api_name="/generate")


def _resident(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _growth(notes: list[tuple[int, float]], requests: int) -> dict[str, Any]:
    late = [note for note in notes if note[0] > WARM_UP * requests]
    slope = 1000 * statistics.linear_regression(*zip(*late, strict=True)).slope
    return {
        "megabytes": [round(megabytes, 1) for _, megabytes in notes],
        "megabytes_more_in_1000_requests": round(slope, 2),
        "flat": slope <= FLAT * late[-1][1],
        "requests": requests,
    }


def crowd(url: str, clients: int) -> dict[str, Any]:
    """Everybody at once, each with a seed of their own."""
    from gradio_client import Client
    from PIL import Image

    import hf_genimg

    expected = [image.tobytes() for image in hf_genimg.load(SPACE / "dcgan-digits")(clients, seed=0).images]
    ready = threading.Barrier(clients + 1)

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(clients) as pool:
        tempfile.tempdir = folder  # where gradio's client leaves an empty directory for each file
        callers = [
            Client(url, verbose=False, download_files=folder) for _ in range(clients)
        ]  # first: a barrier waits for all

        def ask(seed: int) -> bool:
            ready.wait()
            shown = callers[seed].predict(seed=seed, count=1, api_name="/generate")[0][0]["image"]
            with Image.open(shown) as image:
                return max(abs(a - b) for a, b in zip(image.tobytes(), expected[seed], strict=True)) <= 1

        answers = [pool.submit(ask, seed) for seed in range(clients)]
        ready.wait()
        began = time.perf_counter()
        right = sum(answer.exception() is None and answer.result() for answer in answers)
        tempfile.tempdir = None
    return {"clients": clients, "right": right, "seconds": round(time.perf_counter() - began, 2)}


def main(moves: int = 100, requests: int = 1000, clients: int = 100) -> None:
    """Measure all and write results/studio.json."""
    with app():
        pass  # once, so that all files are in the system's cache
    start, page = in_browser(moves)
    print(start, page, file=sys.stderr)
    measured = {"start": start, "slider_page_milliseconds": page}
    measured |= by_programs(moves, requests, clients)
    measured["slider_endpoint_milliseconds"] = measured.pop("slider_endpoint")
    print(write("studio", __doc__, measured), measured)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
