"""What the commands share: their arguments' types, loading a MODEL, and one line for each mistake."""

from __future__ import annotations

import io
import os
import signal
import sys
import time
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..faults import printable

if TYPE_CHECKING:
    from ..evaluation.scores import Report

STARTED = time.monotonic()  # of the command, but for Python itself
SPINS = 10_000  # how often a waiting thread of torch looks before it sleeps

Model = Annotated[str, typer.Argument(metavar="MODEL", help="A run directory, a pipeline directory or a Hub id.")]
Seed = Annotated[int, typer.Option(help="Image i of a call is made from seed + i.", min=0)]


def _run_code(file: Path | None) -> Path | None:
    """Run a user's own file, as soon as the option is read, so that its classes are there whatever loads them."""
    if file is not None:
        from ..recipes import import_file

        import_file(file)
    return file


Code = Annotated[
    Path | None,
    typer.Option(metavar="FILE.py", callback=_run_code, help="Your own file with the model's classes, which is run."),
]


def load_model(model: str) -> Any:
    """The pipeline of a MODEL."""
    from ..api import load

    hide_loading_bars()
    return load(model)


def hide_loading_bars() -> None:
    """Without diffusers' bar for the two files that it reads."""
    from diffusers.utils import logging

    logging.disable_progress_bar()


def rank() -> str:
    """Which process of a launch this is; the first, where nothing was launched."""
    return os.environ.get("RANK", "0")


def fail(message: str, status: int) -> int:
    """Print one line, with control characters as escapes, and pass the exit status on."""
    process = "" if rank() == "0" else f" [process {rank()}]"
    print(f"hf-genimg{process}: {printable(' '.join(message.split()))}", file=sys.stderr)
    return status


def print_what_cannot_be_encoded() -> None:
    """Have letters that the terminal or the pipe cannot take printed as escapes, instead of an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def let_threads_sleep() -> None:
    """Before torch is imported: let a thread that waits for another sleep soon, unless the environment says how to
    wait.

    GNU's OpenMP, with which torch is built on Linux, has it look 300,000 times: where cores have other work, it then
    holds the one that the other thread needs, in every layer of every step (benchmarks/busy.py).
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", str(SPINS))


def answer_ctrl_c() -> None:
    """Have Ctrl-C raise `KeyboardInterrupt` as usual, but inside an import end the process at once, with the same line
    and status.

    Raised there it is lost: what is half-imported swallows it, or fails later in a way of its own.
    """
    signal.signal(signal.SIGINT, _stop)


def _stop(_: int, frame: FrameType | None) -> None:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            os.write(2, b"hf-genimg: stopped\n" if rank() == "0" else b"")
            os._exit(130)
        frame = frame.f_back
    raise KeyboardInterrupt


def print_scores(source: str, reference: str, target: Path | None, **settings: Any) -> int:
    """Measure, print, and keep the scores in `target`."""
    from ..api import evaluate as measure
    from ..evaluation.page import read_log, write_page

    records = read_log(Path(source) / "log.jsonl")  # a damaged log is an error before any work
    report = measure(source, reference, **settings)
    if rank() != "0":
        return 0  # the first process speaks for all
    print(report.table())
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        report = _saved(report, target)
        print(f"scores and protocol in {target}")
        page, table = write_page(report, target, records)
        print(f"to look at: {page}; as a table: {table}")
    if target == Path(source) / "scores.json":
        from ..hub.card import write_card

        print(f"model card in {write_card(source)}")
    return 0


def _saved(report: Report, target: Path) -> Report:
    """Save the scores, and return them: with those that `target` has of the same weights and protocol. Others are kept
    under another name.
    """
    from ..evaluation.scores import Report

    kept = None
    if target.exists():  # a run's own, for no other file is written to
        with suppress(ValueError):
            earlier = Report.load(target)
            if (earlier.protocol, earlier.source) == (report.protocol, report.source):
                report = report.joined(earlier)
                report.save(target)
                return report
        names = (target.with_name(f"{target.stem}-{number}.json") for number in count(1))
        kept = next(name for name in names if not name.exists())
    new = report.save(target.with_name(f".{target.name}.new"))
    if kept is not None:
        target.rename(kept)
        print(f"the scores that were there, of other weights or another protocol, are in {kept} now")
    new.replace(target)
    return report


def serve(
    models: list[str],
    port: int = 0,
    host: str = "127.0.0.1",
    share: bool = False,
    train: bool | None = None,
    data: str | None = None,
) -> int:
    """Serve the studio until Ctrl-C; on this machine only, unless `host` or `share` say otherwise. Who is on this
    machine may save named directions with the models.
    """
    import threading

    from ..api import build_demo
    from ..demo.hosts import hosts_of

    hide_loading_bars()
    if data is not None:
        from ..data import available_splits

        available_splits(data)  # raises where nothing is there
    page = build_demo(models, train=train, data=data, keeps=not share and hosts_of(host) == frozenset())
    _, address, public = page.launch(
        server_name=host, server_port=port or None, share=share, prevent_thread_lock=True, quiet=True
    )
    trains = f", and trains at {public or address}train" if page.jobs else ""
    print(f"the studio is open at {public or address}{trains} (Ctrl-C ends it)", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        goes_on = "; what trains goes on, and hf-genimg demo --train shows it" if page.jobs and page.jobs.busy else ""
        print(f"the studio is closed{goes_on}")
    finally:
        page.close(verbose=False)
    return 0
