"""Classifiers: convolutions and linear layers in a row as LeNet has, or residual blocks in stages as ResNet has."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from itertools import pairwise

from ...models.classifier import LeNetClassifier, ResNetClassifier
from ..chain import Chain, Step, Way, steps_of, ways
from ..checkpoint import Module
from . import _reading

PARTS = ("classifier", "backbone")
BLOCK = re.compile(r"(?:layers?|stages?|blocks?)[._]?(\d+)\.(\d+)\.(.+)")  # stage, block, layer of it
SHORTCUT = re.compile(r"(shortcut|downsample|skip)")
SIZES = (28, 32, 64, 128, 224)  # tried where image_size is not given


@dataclass(frozen=True, kw_only=True)
class Settings(_reading.Settings):
    """What shapes do not show."""

    padding: str | None = None  # of LeNet's convolutions: one number or one for each, joined with commas; none: tried
    pool: str = "max"  # behind each of LeNet's convolutions, halving: max, average or none
    activation: str = "relu"  # behind every layer but the last: relu, leaky_relu, leaky_relu:0.1, tanh, sigmoid or none
    mean: str = (
        "0.5"  # subtracted from the images, in [0, 1], before the network saw them: one number or one for each channel
    )
    std: str = "0.5"  # by which they were divided
    class_names: str | None = None  # joined with commas, in the order of the labels


def read(modules: list[Module], settings: Settings) -> _reading.Reading:
    residual = any(BLOCK.search(module.name) for module in modules if module.kind == "conv")
    reading = (_resnet if residual else _lenet)(modules, settings)
    reading.assumed += [
        f"images standardised by mean={settings.mean}, std={settings.std} on [0, 1], eps={settings.eps:g}"
    ]
    return reading


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


def _lenet(modules: list[Module], settings: Settings) -> _reading.Reading:
    steps, unmatched = steps_of(modules)
    convolutions, linear = ([step for step in steps if step.op.kind == kind] for kind in ("conv", "linear"))
    if (
        not convolutions
        or not linear
        or any(one.after != other.before for row in (convolutions, linear) for one, other in pairwise(row))
    ):
        shapes = ", ".join(f"{step.op.name} {list(step.op.weight.shape)}" for step in steps)
        raise ValueError(
            f"convolutions and linear layers do not follow one another ({shapes or 'none'}); give their order with map=FILE"
        )
    size, combination, others = _lenet_sizes(convolutions, linear[0].before, settings)
    channels, body = convolutions[0].before, Chain()
    add_standardisation(body, settings, channels)
    for step, way in zip(convolutions, combination, strict=True):
        body.add_conv(step.op, way)
        _finish(body, step, settings)
        if settings.pool != "none":
            body.add(f"{settings.pool}_pool", 2, 2, 0)
    body.add("flatten")
    for step in linear[:-1]:
        body.add_linear(step.op)
        _finish(body, step, settings)
    names = _names(settings, linear[-1].after)
    also = f" ({others} other combinations fit too: choose with padding=)" if others else ""
    padding = ",".join(str(way[1]) for way in combination)
    config = {"image_size": size, "image_channels": channels, "num_classes": linear[-1].after, "class_names": names}
    return _reading.classifier_reading(
        body,
        linear[-1].op,
        size,
        channels,
        names,
        native=LeNetClassifier,
        native_config=config | {"feature_dim": linear[-1].before},
        unmatched=unmatched,
        assumed=[
            f"stride=1, padding={padding}{also}, pool={settings.pool}, activation={settings.activation}",
            f"image_size={size}, image_channels={channels}",
        ],
    )


def _finish(chain: Chain, step: Step, settings: Settings) -> None:
    chain.add_norm(step.norm, settings.eps)
    chain.add_activation(settings.activation)


def _lenet_sizes(convolutions: list[Step], flat: int, settings: Settings) -> tuple[int, list[Way], int]:
    if settings.pool not in ("max", "average", "none"):
        raise ValueError(f"pool={settings.pool} is not known; use max, average or none")
    side = math.isqrt(flat // convolutions[-1].after)
    for size in [settings.image_size] if settings.image_size else SIZES:
        usual = ways(convolutions, [size], None, up=False, stride="1", padding=settings.padding)
        fitting = [way for _, way in usual if _pooled(size, convolutions, way, settings.pool) == side]
        if fitting and side**2 * convolutions[-1].after == flat:
            return size, fitting[0], len(fitting) - 1
    asked = settings.image_size or "any usual size"
    raise ValueError(
        f"no usual padding leads from image_size={asked} to the {flat} numbers of the linear layer; give padding=, pool="
    )


def _pooled(size: int, convolutions: list[Step], combination: list[Way], pool: str) -> int:
    for step, (_, padding, _) in zip(convolutions, combination, strict=True):
        size = (size + 2 * padding - step.kernel + 1) // (1 if pool == "none" else 2)
    return size


def _resnet(modules: list[Module], settings: Settings) -> _reading.Reading:
    inside = {module.name: found for module in modules if (found := BLOCK.search(module.name))}
    outer, unmatched = steps_of([module for module in modules if module.name not in inside])
    stems, heads = ([step for step in outer if step.op.kind == kind] for kind in ("conv", "linear"))
    if len(stems) != 1 or len(heads) != 1:
        raise ValueError(
            f"a ResNet has one convolution ahead of its blocks, one linear layer behind; here are {len(stems)} and {len(heads)}"
        )
    stem, head, body = stems[0], heads[0], Chain()
    add_standardisation(body, settings, stem.before)
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
    body.add("mean")
    size, names = settings.image_size or (224 if large else 32), _names(settings, head.after)
    config = {"image_size": size, "image_channels": stem.before, "num_classes": head.after, "class_names": names}
    return _reading.classifier_reading(
        body,
        head.op,
        size,
        stem.before,
        names,
        native=ResNetClassifier,
        native_config=config | {"depth": 2 * len(blocks) + 2, "width": stem.after},
        unmatched=unmatched,
        assumed=[
            f"a stride of 2 at the head of each stage but the first, {'7x7 with max pooling' if large else 'no pooling'} ahead",
            f"image_size={size}, image_channels={stem.before}, activation={settings.activation}",
        ],
    )


def _add_block(body: Chain, block: list[Module], stride: int, settings: Settings) -> list[str]:
    """A residual block; returns the names that could not be matched."""
    beside = [module for module in block if SHORTCUT.search(module.name)]
    steps, unmatched = steps_of([module for module in block if module not in beside])
    steps = sorted(steps, key=lambda step: [int(digit) for digit in re.findall(r"\d+", step.op.name)])
    branch, shortcut = Chain(), Chain()
    strided = next(
        (number for number, step in enumerate(steps) if step.kernel > 1), 0
    )  # of a bottleneck: the 3x3 convolution
    for number, step in enumerate(steps):
        branch.add_conv(step.op, (stride if number == strided else 1, step.kernel // 2, 0))
        branch.add_norm(step.norm, settings.eps)
        if number < len(steps) - 1:
            branch.add_activation(settings.activation)
    passing, more = steps_of(beside)
    for step in passing:
        shortcut.add_conv(step.op, (stride, step.kernel // 2, 0))
        shortcut.add_norm(step.norm, settings.eps)
    before, after = steps[0].before, steps[-1].after
    if not passing and (stride > 1 or before != after):
        shortcut.add("subsample", stride, after - before)
    body.add_residual(branch, shortcut)
    return unmatched + more
