"""How near to the speed of its layers alone a training step of each recipe is, and where the rest of the time goes.

    python benchmarks/limit.py [RECIPE ...] [FIELD=VALUE ...] [--precision no|bf16] [--before DIR]

Each recipe at its default size, on the data that it trains on by default; where fields are given, with these, on random
colour images of `image_size` pixels. Only recipes that need no other data or run are taken where none is named.

share: a training step (or as many as lie between two lazy penalties) is run once while every convolution and matrix
product that it starts, forward and backward, is noted with its shapes. Step and these operations alone, each as often
and in the faster of two layouts (channels_last, contiguous), are then timed alternately in one process, in processor
time on one thread; `share` is the time of the operations over that of the step, `gflops` what torch's FlopCounterMode
counts in a step over its time. `elsewhere` is the share of a step that each kind of operation takes; `python` is what
is left, in which none runs (below zero where timing each operation took longer than that); `features` is the share of
frozen feature networks.
before: with `--before DIR`, a checkout of the package as it was, one process with the package in DIR and one with this
one each make a few training steps in turns, the other waiting: quartiles of before / now, above 1 is faster now. `auto`
compares DIR in float32 with this one in bfloat16. Results go to results/limit.json and results/limit_before.json, which
keep the recipes of earlier calls.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from _measure import RESULTS, write
from speed import Memory, our_run
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map
from torch.utils.flop_counter import FlopCounterMode

from hf_genimg.features import FeatureNetwork
from hf_genimg.recipes import recipe_class
from hf_genimg.training import device
from hf_genimg.training.fields import parse_fields

RECIPES = [
    *("dcgan", "acgan", "cgan", "cgan_projection", "infogan", "wgan_gp", "sngan", "sagan", "biggan", "biggan_deep"),
    *("r3gan", "progan", "stylegan2", "fastgan", "mlp_gan", "cgan_mlp", "unrolled_gan", "mlp_vae", "conv_vae"),
    *("beta_vae", "cvae", "vqvae", "vqgan", "kl_vae", "vaegan", "aae", "wae", "rae", "classifier"),
]
LAYERS = ("convolution", "convolution_backward", "mm", "addmm", "bmm", "baddbmm")
KINDS = {  # of operations, by their names; the first that matches counts
    "layers": r"convolution|^(mm|addmm|bmm|baddbmm)$",
    "normalization": r"norm",
    "resampling": r"upsample|pool|pad|pixel_shuffle|im2col|col2im",
    "activation": r"relu|clamp_min|threshold|tanh|sigmoid|softmax|softplus|gelu|silu",
    "optimizer": r"adam|lerp|_foreach",
    "copies": r"copy|clone|cat$|contiguous|to_copy",
    "arithmetic": r"^(add|sub|mul|div|pow|sum|mean|rsqrt|sqrt|addcmul|square|neg|exp|log|abs|where|mv|dot)",
}
Thunk = Callable[[], Any]


def seconds(work: Thunk) -> float:
    """The processor time that `work` takes on one thread: other programs on the same core do not count."""
    began = time.process_time()
    work()
    return time.process_time() - began


class Noted(TorchDispatchMode):
    """Notes the operations of layers with the shapes, strides and types of their arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[tuple[Any, ...]] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func._schema.name.partition("::")[2] in LAYERS:
            noted = tree_map(lambda a: (tuple(a.shape), a.dtype) if isinstance(a, torch.Tensor) else a, args)
            self.calls[func, json.dumps(noted, default=str), _frozen(noted)] += 1
        return func(*args, **(kwargs or {}))


def _frozen(noted: Any) -> Any:
    """Lists as tuples, so that it can be a key."""
    return tuple(_frozen(item) for item in noted) if isinstance(noted, list | tuple) else noted


def _is_tensor(noted: Any) -> bool:
    return isinstance(noted, tuple) and len(noted) == 2 and isinstance(noted[1], torch.dtype)


def alone(func: Any, noted: Any) -> Thunk:
    """The operation on random tensors, in the faster layout."""

    def arguments(layout: torch.memory_format) -> list[Any]:
        made = []
        for item in noted:
            if _is_tensor(item):
                tensor = torch.randn(item[0], dtype=torch.float32).to(item[1])
                made.append(tensor.contiguous(memory_format=layout) if tensor.dim() == 4 else tensor)
            else:
                made.append(list(item) if isinstance(item, tuple) else item)
        return made

    def thunk(layout: torch.memory_format) -> Thunk:
        return partial(func, *arguments(layout))

    flat = all(len(item[0]) != 4 for item in noted if _is_tensor(item))
    layouts = [torch.contiguous_format] if flat else [torch.channels_last, torch.contiguous_format]
    thunks = [thunk(layout) for layout in layouts]
    return min(thunks, key=lambda run: min(seconds(run) for _ in range(3)))


def layers_alone(run: Any, steps: int) -> tuple[Thunk, float]:
    """All operations of layers of so many training steps of `run`, one after another, and how many additions and
    multiplications they are.
    """
    noted = Noted()
    with noted:
        for _ in range(steps):
            run.training_step()
    thunks = [(alone(func, arguments), times) for (func, _, arguments), times in noted.calls.items()]

    @torch.no_grad()
    def work() -> None:
        for thunk, times in thunks:
            for _ in range(times):
                thunk()

    with FlopCounterMode(display=False) as counter:
        work()
    return work, counter.get_total_flops()


class Timed(TorchDispatchMode):
    """Adds up the processor time of operations by their names."""

    def __init__(self) -> None:
        super().__init__()
        self.took: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        began = time.process_time()
        made = func(*args, **(kwargs or {}))
        self.took[func._schema.name.partition("::")[2]] += time.process_time() - began
        return made


def elsewhere(run: Any, step: float, steps: int) -> dict[str, float]:
    """The share of each kind of operation in a training step of `step` seconds."""
    timed = Timed()
    with timed:
        for _ in range(steps):
            run.training_step()
    shares: Counter[str] = Counter()
    for name, took in timed.took.items():
        kind = next((kind for kind, names in KINDS.items() if re.search(names, name)), "other")
        shares[kind] += took / steps / step
    shares["python"] = 1 - sum(shares.values())
    return {kind: round(share, 3) for kind, share in shares.most_common()}


def feature_share(run: Any, steps: int) -> float | None:
    """The share of frozen feature networks, forward and backward, in training steps; None where there are none."""
    networks = [part for each in run.frozen.values() for part in each.modules() if isinstance(part, FeatureNetwork)]
    took, began = 0.0, []

    def end(gradient: torch.Tensor) -> None:
        nonlocal took
        took += time.process_time() - began.pop()

    def watched(forward: Callable[..., Any], images: torch.Tensor, *taps: Any) -> Any:
        nonlocal took
        since = time.process_time()
        followed = images.requires_grad and torch.is_grad_enabled()
        if followed:
            images = images.view_as(images)
            images.register_hook(end)
        maps = forward(images, *taps)
        if followed:
            list(maps.values())[-1].register_hook(lambda gradient: began.append(time.process_time()))
        took += time.process_time() - since
        return maps

    for network in networks:
        network.forward = partial(watched, network.forward)
    step = seconds(lambda: [run.training_step() for _ in range(steps)])
    for network in networks:
        del network.forward
    return round(took / step, 3) if networks else None


def run_of(name: str, precision: str) -> Any:
    """A run of the recipe, in a process whose allocator is as `train` sets it up: older packages left it as it was.

    name: of a recipe, and fields after it.
    """
    if "keep_freed_memory" in vars(device):
        device.keep_freed_memory(torch.device("cpu"))
    name, *given = name.split()
    if not given:
        return our_run(name, recipe_class(name)().dataset(), mixed_precision=precision)
    fields = parse_fields(recipe_class(name), given)
    return our_run(name, Memory(256, 3, fields["image_size"]), mixed_precision=precision, **fields)


def limit(name: str, precision: str) -> dict[str, Any]:
    """What a recipe reaches, and of what."""
    run = run_of(name, precision)
    cycle = getattr(run.recipe, "penalty_every", 1)  # steps after which the work is the same again
    work, operations = layers_alone(run, cycle)
    passes = max(1, round(0.3 / seconds(lambda: [run.training_step() for _ in range(cycle)])))
    steps = cycle * passes
    times = [
        (seconds(lambda: [run.training_step() for _ in range(steps)]), seconds(lambda: [work() for _ in range(passes)]))
        for _ in range(5)
    ]
    step, layers = (statistics.median(side) / steps for side in zip(*times, strict=True))
    operations /= cycle
    low, middle, high = statistics.quantiles([theirs / ours for ours, theirs in times], n=4)
    return {
        "step_ms": round(1000 * step, 2),
        "images_per_second": round(run.step_images / step, 1),
        "gflops": round(operations / step / 1e9, 1),
        "layers_alone_gflops": round(operations / layers / 1e9, 1),
        "share": round(middle, 3),
        "share_quartiles": [round(low, 3), round(high, 3)],
        "elsewhere": elsewhere(run, step, steps),
        "features": feature_share(run, steps),
    }


def serve(name: str, precision: str) -> None:
    """Make as many training steps as each line of standard input says, and answer with the seconds that they took."""
    run = run_of(name, precision)
    run.training_step()
    print("ready", flush=True)
    for line in sys.stdin:
        print(seconds(lambda steps=int(line): [run.training_step() for _ in range(steps)]), flush=True)


@contextmanager
def server(folder: Path, name: str, precision: str) -> Iterator[Callable[[int], float]]:
    """A process with the package in `folder`: from a number of training steps to the seconds that they took."""
    command = [sys.executable, __file__, name, "--precision", precision, "--serve"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True, env=environment, bufsize=1) as process:

        def steps(count: int) -> float:
            process.stdin.write(f"{count}\n")
            return float(process.stdout.readline())

        process.stdout.readline()
        yield steps
        process.stdin.close()


def against(before: Path, name: str, one: str, two: str, pairs: int = 9) -> dict[str, Any]:
    """Training steps of the package in `before` at precision `one`, and of this one at `two`, in turns."""
    here = Path(__file__).resolve().parents[1]
    with server(before, name, one) as theirs, server(here, name, two) as ours:
        count = max(1, round(0.3 / theirs(1)))
        ours(count)
        times = [(theirs(count) / count, ours(count) / count) for _ in range(pairs)]
    low, middle, high = statistics.quantiles([b / n for b, n in times], n=4)
    return {
        "before_ms": round(1000 * statistics.median(b for b, _ in times), 2),
        "now_ms": round(1000 * statistics.median(n for _, n in times), 2),
        "ratio": round(middle, 3),
        "quartiles": [round(low, 3), round(high, 3)],
    }


def keep(file: str, name: str, precision: str, measured: dict[str, Any]) -> None:
    """Add to a file of results, beside what earlier calls measured."""
    path = RESULTS / f"{file}.json"
    known = json.loads(path.read_text())["measured"] if path.exists() else {}
    known.setdefault(name, {})[precision] = measured
    write(file, __doc__, dict(sorted(known.items())))


def main(arguments: list[str]) -> None:
    """Measure the recipes that are named, or all."""
    options = {name: _taken(arguments, name) for name in ("--precision", "--before")}
    if "--serve" in arguments:
        return serve(arguments[0], options["--precision"])
    precisions = [options["--precision"]] if options["--precision"] else ["no", "bf16"]
    before = options["--before"]
    given = [argument for argument in arguments if "=" in argument]
    named = [argument for argument in arguments if argument not in given]
    for name in [" ".join([name, *given]) for name in named or RECIPES]:
        began = time.monotonic()
        for precision in [*precisions, *(["auto"] if before and len(precisions) == 2 else [])]:
            if before:
                pair = ("no", "bf16") if precision == "auto" else (precision, precision)
                measured = against(Path(before).resolve(), name, *pair)
            else:
                measured = limit(name, precision)
            keep("limit_before" if before else "limit", name, precision, measured)
            print(name, precision, json.dumps(measured), flush=True)
        print(f"  {time.monotonic() - began:.0f} s", file=sys.stderr)
    return None


def _taken(arguments: list[str], name: str) -> str | None:
    """The value after an option, both removed from `arguments`."""
    if name not in arguments:
        return None
    at = arguments.index(name)
    value = arguments[at + 1]
    del arguments[at : at + 2]
    return value


if __name__ == "__main__":
    main(sys.argv[1:])
