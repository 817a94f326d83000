"""A dataset from a Hub, for real: the library `datasets` and the real client against the Hub of the tests, in fresh
processes.
"""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from PIL import Image

from ..hub.client import environment

ID = "alice/levels"


def parquet(count: int) -> bytes:
    """A table of `count` grey pictures of 16 pixels, as on the Hub."""
    pictures = []
    for level in range(count):
        encoded = io.BytesIO()
        Image.new("L", (16, 16), level).save(encoded, "PNG")
        pictures.append({"bytes": encoded.getvalue(), "path": f"{level}.png"})
    written = io.BytesIO()
    pq.write_table(pa.table({"image": pictures, "label": [level % 2 for level in range(count)]}), written)
    return written.getvalue()


@pytest.fixture
def served(hub: Any) -> Any:
    """A Hub that has the dataset ID, private."""
    store = HfApi(hub.url, token=hub.tokens["alice"])
    store.create_repo(ID, repo_type="dataset", private=True)
    files = {f"data/{split}-00000-of-00001.parquet": parquet(count) for split, count in (("train", 40), ("test", 8))}
    store.create_commit(
        ID, [CommitOperationAdd(*file) for file in files.items()], commit_message="levels", repo_type="dataset"
    )
    return hub


def train(
    hub: Any, home: Path, *fields: str, token: str | None = "alice", **more: str
) -> subprocess.CompletedProcess[str]:
    home.mkdir(exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "hf_genimg.cli",
        "train",
        "mlp_gan",
        "--smoke",
        f"data={ID}",
        "image_size=16",
        *fields,
    ]
    known = environment(hub, home, token, **more)
    return subprocess.run(command, env=known, cwd=home, capture_output=True, text=True, timeout=240)


@pytest.fixture(autouse=True)
def plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client of this process uploads over LFS, as those of the fresh processes do."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)


def test_a_run_learns_from_an_id_and_later_without_the_hub(served: Any, tmp_path: Path) -> None:
    done = train(served, tmp_path / "home", "--out", str(tmp_path / "run"))
    assert done.returncode == 0, done.stderr
    assert f"fetching {ID}, once" in done.stderr
    assert "held out" in done.stdout  # the test split was found too
    before = len(served.requests)
    again = train(served, tmp_path / "home", "--out", str(tmp_path / "again"), HF_HUB_OFFLINE="1")
    assert again.returncode == 0, again.stderr
    assert len(served.requests) == before
    weights = "pipeline/generator/diffusion_pytorch_model.safetensors"
    assert (tmp_path / "run" / weights).read_bytes() == (tmp_path / "again" / weights).read_bytes()


@pytest.mark.slow  # a process of ten seconds; the line is that of `test_hub_datasets`
def test_without_access_it_is_refused_in_one_line(served: Any, tmp_path: Path) -> None:
    refused = train(served, tmp_path / "home", "--out", str(tmp_path / "run"), token=None)
    assert refused.returncode == 1
    assert len(refused.stderr.strip().splitlines()) == 1, refused.stderr
    assert f"{ID} cannot be read" in refused.stderr and "hf auth login" in refused.stderr
    assert not (tmp_path / "run").exists()
