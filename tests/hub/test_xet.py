"""Xet, where hf_xet is installed: onto a Hub that has it, and onto one that has not."""

from __future__ import annotations

import hashlib

import pytest

from hf_genimg.hub import push as pushing

from .client import python
from .test_push import ID, run  # noqa: F401 (a fixture)

pytest.importorskip("hf_xet")
PUSH = """
    import sys
    from huggingface_hub import constants
    from hf_genimg.hub.push import push
    assert not constants.HF_HUB_DISABLE_XET
    print(push(sys.argv[1], "alice/model").changed, push(sys.argv[1], "alice/model").changed)
    assert not constants.HF_HUB_DISABLE_XET
    import hf_genimg
    print(hf_genimg.load("alice/model")(2, seed=7, output_type="uint8").images.float().mean().item())
"""


def pushed_and_loaded(hub, folder, home) -> list:
    """Whether two pushes changed something, and the mean of the pixels of what was loaded."""
    *changed, mean = python(hub, home, PUSH, folder, HF_HUB_DISABLE_XET="0").split()
    return [*changed, float(mean)]


def pixels(folder) -> float:
    from hf_genimg.api import load

    return load(folder)(2, seed=7, output_type="uint8").images.float().mean().item()


@pytest.mark.slow  # a process of twenty seconds; all other tests of pushing use LFS
def test_a_hub_without_xet_gets_the_files_as_lfs(hub, run, tmp_path):  # noqa: F811
    assert pushed_and_loaded(hub, run, tmp_path) == ["True", "False", pixels(run)]
    assert len(hub.repository(ID).history) == 2
    assert any("/xet-write-token/" in request for request in hub.requests) and any(
        request.startswith("PUT /lfs/") for request in hub.requests
    )


def test_a_hub_with_xet_gets_the_files_by_it(hub, run, tmp_path):  # noqa: F811
    hub.store.xet = tmp_path / "xet"
    hub.store.xet.mkdir()
    files = pushing.repository_files(run, ID)
    large = [
        content if isinstance(content, bytes) else content.read_bytes()
        for name, content in files.items()
        if hub.store.is_large(name, 0)
    ]
    hub.store.large |= {
        hashlib.sha256(content).hexdigest(): content for content in large
    }  # a real Hub would ask its Xet server for them
    assert pushed_and_loaded(hub, run, tmp_path) == ["True", "False", pixels(run)]
    assert len(hub.repository(ID).history) == 2 and not any("lfs" in request for request in hub.requests)
    sent = sum(path.stat().st_size for path in hub.store.xet.rglob("*") if path.is_file())
    assert sent > 0.5 * sum(map(len, large))  # whole weights, less what it compresses
