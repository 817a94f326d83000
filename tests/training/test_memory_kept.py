"""Freed memory is kept on CPUs with glibc, unless the environment says otherwise."""

from __future__ import annotations

import platform

import pytest
import torch

from hf_genimg.training.device import keep_freed_memory


def faults() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has these settings")
def test_large_tensors_made_anew_need_no_new_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"):
        monkeypatch.delenv(name, raising=False)
    assert keep_freed_memory(torch.device("cpu"))
    for _ in range(3):
        torch.zeros(16_000_000)  # 64 MB, above what glibc keeps by itself
    before = faults()
    for _ in range(3):
        torch.zeros(16_000_000)
    assert faults() - before < 1000  # 3 times 15,600 pages if each was cleared anew


@pytest.mark.parametrize("setting", ["MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"])
def test_the_environment_and_other_devices_are_left_alone(monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    assert not keep_freed_memory(torch.device("cuda"))
    monkeypatch.setenv(setting, "100000")
    assert not keep_freed_memory(torch.device("cpu"))
