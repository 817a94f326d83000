"""The only place that knows about devices: everything else does as Accelerate says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState


def make_accelerator(mixed_precision: str) -> Accelerator:
    """An Accelerator for this machine: its accelerator if it has one (CUDA, ROCm, XPU, MPS), otherwise the CPU.

    Raises `ValueError` for a launch it cannot serve, rather than let several processes write the same run.
    """
    AcceleratorState._reset_state()  # so that two runs in one process may differ in precision
    accelerator = Accelerator(cpu=not torch.accelerator.is_available(), mixed_precision=mixed_precision)
    launched = int(os.environ.get("WORLD_SIZE", "1"))
    if launched > 1 or accelerator.num_processes > 1:
        raise ValueError(f"{launched} processes were launched, but this version trains on one; start `hf-genimg train` without a launcher")
    if mixed_precision == "fp16" and accelerator.device.type == "cpu":
        raise ValueError("mixed_precision=fp16 needs an accelerator, and this machine has none; use mixed_precision=bf16 or no")
    return accelerator


def seed_noise(*key: int | str) -> None:
    """Seed torch's generators, on every device, from what is being drawn for: equal keys, equal noise."""
    digest = blake2b(repr(key).encode(), digest_size=8).digest()
    torch.manual_seed(int.from_bytes(digest, "big") >> 1)


@contextmanager
def deterministic_kernels() -> Iterator[None]:
    """Choose convolution kernels that give the same bits each time (cuDNN would otherwise pick by a stopwatch), then restore the choice."""
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark
    cudnn.deterministic, cudnn.benchmark = True, False
    try:
        yield
    finally:
        cudnn.deterministic, cudnn.benchmark = before
