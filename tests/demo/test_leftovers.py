"""A server that is on for months leaves nothing of what it was given and what it made: no files, no directories."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from PIL import Image

import hf_genimg
from hf_genimg.demo import app
from hf_genimg.demo.leftovers import remove_empty

from .looking import until

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")


def test_only_directories_that_are_empty_and_old_go(tmp_path: Path) -> None:
    for name in ("old", "new", "used"):
        (tmp_path / name).mkdir()
    (tmp_path / "used" / "a.png").write_bytes(b"1")
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path / "old")
    for name in ("old", "used", "file"):
        os.utime(tmp_path / name, (0, time.time() - 100))
    remove_empty(tmp_path, 60)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link", "new", "used"]
    remove_empty(tmp_path / "none", 60)


def test_uploads_and_answers_go_with_their_directories(
    models: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gradio_client import Client, handle_file

    served = tmp_path / "served"
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(served))
    monkeypatch.setattr(app, "FORGET", (1, 1))
    Image.new("L", (16, 16), 90).save(tmp_path / "mine.png")
    demo = hf_genimg.build_demo(models[1])
    _, url, _ = demo.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    try:
        client = Client(url, verbose=False, download_files=str(tmp_path / "downloads"))
        client.predict("vae", handle_file(str(tmp_path / "mine.png")), api_name="/reconstruct")
        client.predict(seeds="1, 2", steps=2, api_name="/walk_gif")
        assert any(served.iterdir())
        until(lambda: not any(served.iterdir()), 20)
    finally:
        demo.close(verbose=False)
