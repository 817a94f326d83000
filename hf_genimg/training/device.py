"""The only place that knows about devices: everything else does as Accelerate says."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import InitProcessGroupKwargs, is_bf16_available
from accelerate.utils.modeling import get_mixed_precision_context_manager
from torch import nn

TRACKERS = ("tensorboard", "trackio", "wandb")
LAUNCHED = ("WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE")  # where launchers say how many processes they started
SHARDING = ("DEEPSPEED", "FSDP", "MEGATRON_LM", "PARALLELISM_CONFIG")
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
LARGEST_KEPT = 1 << 30  # bytes
PATIENCE = timedelta(
    hours=2
)  # while one process measures or saves, the others wait; a lost connection is noticed at once


def make_accelerator(mixed_precision: str, trackers: str | None = None, folder: Path | None = None) -> Accelerator:
    """An Accelerator for this machine: its accelerator if it has one (CUDA, ROCm, XPU, MPS), otherwise the CPU.

    trackers: names joined with commas, which write below `folder`.

    Raises `ValueError` for a launch it cannot serve, rather than let several processes write the same run.
    """
    AcceleratorState._reset_state()  # so that two runs in one process may differ in precision
    names = [name.strip() for name in trackers.split(",")] if trackers else []
    refuse_unknown_trackers(names)
    refuse_sharding()
    accelerated = torch.accelerator.is_available()
    if mixed_precision == "fp16" and not accelerated:
        raise ValueError(
            "mixed_precision=fp16 needs an accelerator, and this machine has none; use mixed_precision=bf16 or no"
        )
    AcceleratorState._reset_state()  # so that two runs in one process may differ in precision
    patience = InitProcessGroupKwargs(timeout=PATIENCE)
    accelerator = Accelerator(
        cpu=not accelerated,
        mixed_precision=mixed_precision,
        log_with=names or None,
        project_dir=folder,
        kwargs_handlers=[patience],
    )
    launched = max(int(os.environ.get(name, "1")) for name in LAUNCHED)
    if launched != accelerator.num_processes:
        raise ValueError(
            f"{launched} processes were launched, but Accelerate joined {accelerator.num_processes}; "
            "each would train alone and overwrite the others: launch with torchrun or accelerate launch as "
            "docs/training.md shows"
        )
    return accelerator


def refuse_sharding() -> None:
    """Raise `ValueError` for a launch that splits one network over processes: a run has several networks, and these
    serve one.
    """
    for name in SHARDING:
        if os.environ.get(f"ACCELERATE_USE_{name}", "false").lower() in ("true", "1", "yes"):
            raise ValueError(
                f"this launch asks for {name}, which serves one network and a run has several; "
                "launch with --multi_gpu instead"
            )


def refuse_unknown_trackers(names: list[str]) -> None:
    """Raise `ValueError` for a tracker that does not exist, or is not installed: Accelerate would leave it out without
    a word.
    """
    for name in names:
        if name not in TRACKERS:
            raise ValueError(f"trackers={name} is not known; use some of {', '.join(TRACKERS)}, joined with commas")
        if importlib.util.find_spec(name) is None:
            raise ValueError(f"trackers={name} is not installed; pip install {name}")


def autocast(accelerator: Accelerator) -> AbstractContextManager[None]:
    """The precision of `accelerator` as a context that may be entered again and again; to make one anew is dear in a
    small step.
    """
    return get_mixed_precision_context_manager(accelerator.native_amp, accelerator.autocast_handler)


def seed_noise(*key: int | str) -> None:
    """Seed torch's generators, on every device, from what the noise is for: equal keys, equal noise."""
    digest = blake2b(repr(key).encode(), digest_size=8).digest()
    number = int.from_bytes(digest, "big") >> 1
    # Where there is no accelerator, torch.manual_seed also notes the whole call stack for the one that may come: a
    # tenth of a small step.
    (torch if torch.accelerator.is_available() else torch.default_generator).manual_seed(number)


def keep_freed_memory(device: torch.device) -> bool:
    """On a CPU with glibc, keep the memory of freed tensors for the next ones; returns whether that is so.

    By itself glibc gives large blocks back to the system, which clears each page again in the next step: up to a sixth
    of the time of a step. Lasts as long as the process. The environment variables `MALLOC_TRIM_THRESHOLD_` and
    `MALLOC_MMAP_THRESHOLD_`, glibc's own, have the last word.
    """
    chosen = any(name in os.environ for name in ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"))
    if device.type != "cpu" or chosen or platform.libc_ver()[0] != "glibc":
        return False
    change = ctypes.CDLL(None).mallopt
    return all(change(option, LARGEST_KEPT) for option in (M_TRIM_THRESHOLD, M_MMAP_THRESHOLD))


def bf16_is_quicker() -> bool:
    """Whether the device has instructions for bfloat16; never by a stopwatch, so that a run repeats itself.

    A CPU without them emulates bfloat16, slower than float32. With AVX512-BF16, steps of nine recipes take 0.63 to
    0.88 times as long (benchmarks/limit.py).
    """
    if torch.accelerator.is_available():
        return is_bf16_available(ignore_tpu=True)
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def refuse_compile_without_compiler() -> None:
    """Raise `ValueError` where torch.compile would find no C++ compiler for the kernels that it writes."""
    if not any(shutil.which(name) for name in (os.environ.get("CXX", "g++"), "clang++", "cl")):
        raise ValueError(
            "compile=true needs a C++ compiler such as g++, and there is none here; install one, or leave "
            "compile=true out"
        )


def compile_parts(networks: Mapping[str, nn.Module]) -> None:
    """torch.compile each direct child of each network, in place, so that `encode` and `decode` gain too and names of
    weights stay.
    """
    for network in networks.values():
        for part in network.children():
            part.compile()


def describe_machine(accelerator: Accelerator) -> dict[str, Any]:
    """What a run is trained on, for its card: nothing of who owns it."""
    named = getattr(torch, accelerator.device.type, None) if accelerator.device.type in ("cuda", "xpu") else None
    return {
        "device": named.get_device_name() if named is not None else accelerator.device.type,
        "mixed_precision": accelerator.mixed_precision,
        "processes": accelerator.num_processes,
        "threads": torch.get_num_threads(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def peak_accelerator_memory() -> int:
    """The most bytes of tensors that this process has held on its accelerator; 0 where there is none."""
    return torch.accelerator.max_memory_allocated() if torch.accelerator.is_available() else 0


@contextmanager
def deterministic_kernels() -> Iterator[None]:
    """Choose convolution kernels that give the same bits each time (cuDNN would otherwise pick by a stopwatch), then
    restore the choice.
    """
    cudnn = torch.backends.cudnn
    before = cudnn.deterministic, cudnn.benchmark
    cudnn.deterministic, cudnn.benchmark = True, False
    try:
        yield
    finally:
        cudnn.deterministic, cudnn.benchmark = before
