"""Classifiers: convolutions and linear layers in a row as LeNet has, or residual blocks in stages as ResNet has."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise, product

from ...models.classifier import LeNetClassifier, ResNetClassifier
from ..geometry import SIZES, Geometry, Step, in_a_row, ordered, spelled, steps_of, ways
from ..layer_chain import Chain, Way
from ..state_dict import Module
from . import _reading

PARTS = ("classifier", "backbone")
BLOCK = re.compile(r"(?:layers?|stages?|blocks?)[._]?(\d+)\.(\d+)\.(.+)")  # stage, block, layer of it
SHORTCUT = re.compile(r"(shortcut|downsample|skip)")
USUAL_SIZES = {1: 28, 3: 32}  # by channels: those of MNIST and CIFAR
POOLS = ("max", "average", "none")
MOST_POOLED = 8  # convolutions of which each may have a pooling behind it or not


@dataclass(frozen=True, kw_only=True)
class Settings(_reading.Settings):
    """What shapes do not show."""

    stride: str = "1"  # of the convolutions in a row: one number or one for each, joined with commas
    padding: str | None = None  # likewise; none: tried
    pool: str | None = None  # behind each of them, halving: max, average or none, one or one for each; none: tried
    activation: str = "relu"  # behind every layer but the last: relu, leaky_relu, leaky_relu:0.1, tanh, sigmoid or none
    mean: str = (
        "0.5"  # subtracted from the images, in [0, 1], before the network saw them: one number or one for each channel
    )
    std: str = "0.5"  # by which they were divided
    class_names: str | None = None  # joined with commas, in the order of the labels


def read(modules: list[Module], settings: Settings) -> list[Geometry]:
    residual = any(BLOCK.search(module.name) for module in modules if module.kind == "conv")
    if residual:
        reading = _resnet(modules, settings)
        return [Geometry({}, lambda: reading)]
    return _lenet(modules, settings)


def _standardised(settings: Settings) -> str:
    return f"images standardised by mean={settings.mean}, std={settings.std} on [0, 1], eps={settings.eps:g}"


def add_standardisation(chain: Chain, settings: Settings, channels: int) -> None:
    """From [-1, 1] to what the network was trained on."""
    mean, std = (_floats(name, text, channels) for name, text in (("mean", settings.mean), ("std", settings.std)))
    if any(value <= 0 for value in std):
        raise ValueError(f"std={settings.std} is not right; it must be above 0")
    a, b = [0.5 / s for s in std], [(0.5 - m) / s for m, s in zip(mean, std, strict=True)]
    if a != [1.0] * len(a) or b != [0.0] * len(b):
        chain.add("scale", a, b)


def _floats(name: str, text: str, channels: int) -> list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(
            f"{name}={text} is not right; give a number, or one for each channel, joined with commas"
        ) from None
    if len(values) not in (1, channels) or not all(map(math.isfinite, values)):
        raise ValueError(f"{name}={text} has {len(values)} numbers for {channels} channels; give one, or one for each")
    return values


def _names(settings: Settings, classes: int) -> list[str] | None:
    names = [name.strip() for name in settings.class_names.split(",")] if settings.class_names else None
    if names is not None and len(names) != classes:
        raise ValueError(f"class_names has {len(names)} names for {classes} classes")
    return names


def _lenet(modules: list[Module], settings: Settings) -> list[Geometry]:
    steps, unmatched = steps_of(modules)
    _reading.refuse_unmatched(unmatched)
    convolutions, linear = (in_a_row([step for step in steps if step.op.kind == kind]) for kind in ("conv", "linear"))
    if (
        not convolutions
        or not linear
        or any(one.out_channels != other.in_channels for row in (convolutions, linear) for one, other in pairwise(row))
    ):
        shapes = ", ".join(f"{step.op.name} {list(step.op.weight.shape)}" for step in steps)
        raise ValueError(
            f"convolutions and linear layers do not follow one another ({shapes or 'none'}); give their order with "
            "map=FILE"
        )
    _reading.refuse_discriminator(linear[-1].out_channels, linear[-1].op.name)
    found = ordered(_geometries(convolutions, linear, settings))
    if not found:
        raise ValueError(
            f"no usual padding and pooling lead from image_size={settings.image_size or 'any usual size'} to the "
            f"{linear[0].in_channels} numbers of the linear layer; give stride=, padding=, pool="
        )
    return found


def _geometries(convolutions: list[Step], linear: list[Step], settings: Settings) -> Iterator[Geometry]:
    flat = linear[0].in_channels
    side = math.isqrt(flat // convolutions[-1].out_channels)
    if side**2 * convolutions[-1].out_channels != flat:
        return
    for size in [settings.image_size] if settings.image_size else SIZES:
        for pools in _pools(settings.pool, len(convolutions)):
            found = ways(convolutions, [size], None, up=False, stride=settings.stride, padding=settings.padding)
            for _, combination in found:
                if _pooled(size, convolutions, combination, pools) == side:
                    usual = size == USUAL_SIZES.get(convolutions[0].in_channels) and set(pools) == {pools[0]} != {
                        "none"
                    }
                    yield Geometry(
                        {
                            "image_size": str(size),
                            **spelled(combination, up=False),
                            "pool": ",".join(pools if len(set(pools)) > 1 else pools[:1]),
                        },
                        partial(_lenet_reading, convolutions, linear, size, combination, pools, settings),
                        usual or (settings.image_size is not None and settings.padding is not None),
                    )


def _pools(given: str | None, count: int) -> list[tuple[str, ...]]:
    """What may be behind each convolution: what the user says, else max behind all, else behind some."""
    if given is None:
        found = list(product(("max", "none"), repeat=count)) if count <= MOST_POOLED else []
        return found or [("max",) * count, ("none",) * count]
    pools = tuple(given.split(","))
    if any(pool not in POOLS for pool in pools) or len(pools) not in (1, count):
        raise ValueError(
            f"pool={given} is not right; give max, average or none, once or for each of the {count} convolutions"
        )
    return [pools * count if len(pools) == 1 else pools]


def _lenet_reading(
    convolutions: list[Step],
    linear: list[Step],
    size: int,
    combination: list[Way],
    pools: tuple[str, ...],
    settings: Settings,
) -> _reading.Reading:
    channels, body = convolutions[0].in_channels, Chain()
    add_standardisation(body, settings, channels)
    for step, way, pool in zip(convolutions, combination, pools, strict=True):
        body.add_conv(step.op, way)
        _finish(body, step, settings)
        if pool != "none":
            body.add(f"{pool}_pool", 2, 2, 0)
    body.add("flatten")
    for step in linear[:-1]:
        body.add_linear(step.op)
        _finish(body, step, settings)
    names = _names(settings, linear[-1].out_channels)
    return _reading.classifier_reading(
        body,
        linear[-1].op,
        size,
        channels,
        names,
        native=LeNetClassifier,
        native_config={
            "image_size": size,
            "image_channels": channels,
            "num_classes": linear[-1].out_channels,
            "class_names": names,
            "feature_dim": linear[-1].in_channels,
        },
        assumed=[f"activation={settings.activation}, image_channels={channels}", _standardised(settings)],
    )


def _finish(chain: Chain, step: Step, settings: Settings) -> None:
    chain.add_norm(step.norm, settings.eps)
    chain.add_activation(settings.activation)


def _pooled(size: int, convolutions: list[Step], combination: list[Way], pools: tuple[str, ...]) -> int:
    """The side of the last map."""
    for step, (stride, padding, _), pool in zip(convolutions, combination, pools, strict=True):
        size = ((size + 2 * padding - step.kernel) // stride + 1) // (1 if pool == "none" else 2)
    return size


def _resnet(modules: list[Module], settings: Settings) -> _reading.Reading:
    inside = {module.name: found for module in modules if (found := BLOCK.search(module.name))}
    outer, unmatched = steps_of([module for module in modules if module.name not in inside])
    stems, heads = ([step for step in outer if step.op.kind == kind] for kind in ("conv", "linear"))
    if len(stems) != 1 or len(heads) != 1:
        raise ValueError(
            "a ResNet has one convolution ahead of its blocks, one linear layer behind; here are "
            f"{len(stems)} and {len(heads)}"
        )
    stem, head, body = stems[0], heads[0], Chain()
    add_standardisation(body, settings, stem.in_channels)
    large = stem.kernel == 7
    body.add_conv(stem.op, (2, 3, 0) if large else (1, stem.kernel // 2, 0))
    _finish(body, stem, settings)
    if large:
        body.add("max_pool", 3, 2, 1)
    blocks: dict[tuple[int, int], list[Module]] = {}
    for module in modules:
        if found := inside.get(module.name):
            blocks.setdefault((int(found[1]), int(found[2])), []).append(replace(module, name=found[3]))
    first = min(blocks)[0]
    for (stage, number), block in sorted(blocks.items()):
        unmatched += _add_block(
            body, block, 2 if stage > first and number == min(n for s, n in blocks if s == stage) else 1, settings
        )
    _reading.refuse_unmatched(unmatched)
    _reading.refuse_discriminator(head.out_channels, head.op.name)
    body.add("mean")
    size, names = settings.image_size or (224 if large else 32), _names(settings, head.out_channels)
    config = {
        "image_size": size,
        "image_channels": stem.in_channels,
        "num_classes": head.out_channels,
        "class_names": names,
    }
    return _reading.classifier_reading(
        body,
        head.op,
        size,
        stem.in_channels,
        names,
        native=ResNetClassifier,
        native_config=config | {"depth": 2 * len(blocks) + 2, "width": stem.out_channels},
        assumed=[
            "a stride of 2 at the head of each stage but the first, "
            f"{'7x7 with max pooling' if large else 'no pooling'} ahead",
            f"image_size={size}, image_channels={stem.in_channels}, activation={settings.activation}",
            _standardised(settings),
        ],
    )


def _add_block(body: Chain, block: list[Module], stride: int, settings: Settings) -> list[str]:
    """A residual block; returns the names that could not be matched."""
    beside = [module for module in block if SHORTCUT.search(module.name)]
    steps, unmatched = steps_of([module for module in block if module not in beside])
    steps = sorted(steps, key=lambda step: [int(digit) for digit in re.findall(r"\d+", step.op.name)])
    branch, shortcut = Chain(), Chain()
    # of a bottleneck: the 3x3 convolution
    strided = next((number for number, step in enumerate(steps) if step.kernel > 1), 0)
    for number, step in enumerate(steps):
        branch.add_conv(step.op, (stride if number == strided else 1, step.kernel // 2, 0))
        branch.add_norm(step.norm, settings.eps)
        if number < len(steps) - 1:
            branch.add_activation(settings.activation)
    passing, more = steps_of(beside)
    for step in passing:
        shortcut.add_conv(step.op, (stride, step.kernel // 2, 0))
        shortcut.add_norm(step.norm, settings.eps)
    in_channels, out_channels = steps[0].in_channels, steps[-1].out_channels
    if not passing and (stride > 1 or in_channels != out_channels):
        shortcut.add("subsample", stride, out_channels - in_channels)
    body.add_residual(branch, shortcut)
    return unmatched + more
