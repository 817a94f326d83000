"""For all tests: no network but loopback, one image cache, and hf_genimg imported first (its hook makes torchvision
importable); at the end, one line on what was not run for want of a browser, an extra or data.
"""

from __future__ import annotations

import json
import os
import re
import socket
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

os.environ |= {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "MPLCONFIGDIR": os.environ.get("MPLCONFIGDIR", "/tmp/hf_genimg-matplotlib"),
}

os.environ.setdefault(
    "OMP_NUM_THREADS", "1"
)  # tiny networks are faster so, and tests do not fight over cores with what else runs

import pytest
from safetensors.torch import load_file

import hf_genimg  # noqa: F401
from hf_genimg.recipes import recipe_class
from hf_genimg.training.checkpoint import current_checkpoint
from hf_genimg.training.recipe import Recipe

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
CHROMIUM = Path("/usr/bin/chromium")
COMPLETE = "HF_GENIMG_TESTS_COMPLETE"  # environment: 1 makes a failure of what is not run for want of something
WANTS = {  # in the reason of a skip: what is missing, and how to have it
    r"chromium": ("a browser", "install chromium (Debian: apt-get install chromium)"),
    r"could not import|No module named|the extra `\w+`|program is not installed": (
        "an extra",
        "pip install -c constraints.txt -e '.[dev]'",
    ),
    r"onnxruntime-web": ("onnxruntime-web", "python -m hf_genimg.hub.browser_runtime fetches it once"),
    r"shared[ /]data|is not here$": ("a data set", "put it into ../shared/data"),
}
_connect = socket.socket.connect


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Where several processes share the tests, a file stays in one, and all that share the studio's server and browser
    do.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByServer(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "demo" if nodeid.startswith("tests/demo/") else nodeid.partition("::")[0]

    return ByServer(config, log)


def missing(reasons: Iterable[str]) -> Counter[tuple[str, str]]:
    """How many skips of these reasons are for want of each thing of `WANTS`; others are meant, and do not count."""
    found = (next((want for words, want in WANTS.items() if re.search(words, reason)), None) for reason in reasons)
    return Counter(want for want in found if want is not None)


def _not_run(config: pytest.Config) -> Counter[tuple[str, str]]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    skips = reporter.stats.get("skipped", []) if reporter else []
    return missing(skip.longrepr[2] for skip in skips if isinstance(skip.longrepr, tuple))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what was not run, and how to have it run."""
    if found := _not_run(config):
        parts = [f"{count} for want of {what} ({remedy})" for (what, remedy), count in found.items()]
        verdict = f"; {COMPLETE}=1, so this is a failure" if os.environ.get(COMPLETE) == "1" else ""
        terminalreporter.write_line(f"not run: {', '.join(parts)}{verdict}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail where everything was to be run."""
    if os.environ.get(COMPLETE) == "1" and session.exitstatus == pytest.ExitCode.OK and _not_run(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _loopback_only(self: socket.socket, address: object) -> None:
    if self.family != socket.AF_UNIX and str(address[0]) not in ("127.0.0.1", "::1", "localhost"):
        raise AssertionError(f"a test tried to reach {address}")
    _connect(self, address)


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> None:
    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", _loopback_only)
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def _image_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    patch = pytest.MonkeyPatch()
    patch.setenv("HF_GENIMG_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


@pytest.fixture(scope="session")
def _hub_server() -> Iterator[Any]:
    from .hub.server import Hub

    server = Hub()
    yield server
    server.close()


@pytest.fixture
def hub(_hub_server: Any) -> Any:
    """An empty Hub on loopback (`tests/hub`): `hub.url`, `hub.tokens`; `tests.hub.client` runs the real client against
    it.
    """
    _hub_server.reset()
    return _hub_server


@pytest.fixture(scope="session")
def mnist() -> Path:
    """The real MNIST, where this machine has it."""
    if not (SHARED_DATA / "mnist").is_dir():
        pytest.skip("the MNIST of the shared data is not on this machine")
    return SHARED_DATA / "mnist"


@pytest.fixture
def tiny() -> Callable[..., Recipe]:
    """tiny("dcgan", images=32) is that recipe's smoke run with these fields."""
    return lambda name="mlp_gan", **fields: recipe_class(name)().smoke().override(**fields)


@pytest.fixture
def tensors_of() -> Callable[[Path], dict[str, Any]]:
    """Every tensor of a run's current state, by file and name."""

    def read(run: Path) -> dict[str, Any]:
        folder = current_checkpoint(run / "state")
        return {
            f"{file.name}:{key}": tensor
            for file in folder.glob("*.safetensors")
            for key, tensor in load_file(file).items()
        }

    return read


@pytest.fixture
def log_of() -> Callable[[Path], list[dict[str, Any]]]:
    """The lines of a run's log without what a stopwatch says."""

    def read(run: Path) -> list[dict[str, Any]]:
        records = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
        return [{key: value for key, value in record.items() if key != "images_per_second"} for record in records]

    return read


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's chromium, one for all tests of a process: playwright runs one event loop in a thread."""
    sync = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip("there is no chromium")
    with sync.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield opened
        opened.close()
