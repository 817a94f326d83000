"""For all tests: no network but loopback, one image cache, and hf_genimg imported first (its hook makes torchvision importable)."""

from __future__ import annotations

import os
import socket
from pathlib import Path

os.environ |= {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "MPLCONFIGDIR": os.environ.get("MPLCONFIGDIR", "/tmp/hf_genimg-matplotlib"),
}

import pytest

import hf_genimg  # noqa: F401

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
_connect = socket.socket.connect


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
def mnist() -> Path:
    """The real MNIST, where this machine has it."""
    if not (SHARED_DATA / "mnist").is_dir():
        pytest.skip("the MNIST of the shared data is not on this machine")
    return SHARED_DATA / "mnist"
