"""Differentially private training: gradients against each image's own, noise, accounting, resume, and refusals."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

import hf_genimg
from hf_genimg.recipes import recipe_class
from hf_genimg.training.checkpoint import current_checkpoint
from hf_genimg.training.loop import train
from hf_genimg.training.plan import plan
from hf_genimg.training.privacy import Privacy, PrivateUpdates

pytest.importorskip("opacus", reason="needs the extra privacy")
from opacus.accountants import RDPAccountant

SMALL = {"dp_noise": 1.0, "width": 8, "latent_dim": 2, "images": 64, "batch_size": 16, "micro_batch_size": 8}
SMALL |= {"snapshot_images": 32, "log_images": 16, "dp_delta": 1e-4}


def loss(networks: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    return (networks["net"](batch["images"]) - batch["labels"][:, None]).square().sum()


def updates(**changes: Any) -> tuple[PrivateUpdates, nn.Module]:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 1))
    privacy = Privacy(**{"player": "net", "noise": 0.0, "clip": 0.5, "delta": 1e-5, "seed": 3, **changes})
    return PrivateUpdates(privacy, {"net": net}, list(net.parameters()), size=50, batch_size=10), net


def batch(count: int) -> dict[str, torch.Tensor]:
    return {"images": torch.randn(count, 6) * torch.arange(count)[:, None], "labels": torch.arange(count).float()}


def own_gradients(net: nn.Module, images: dict[str, torch.Tensor]) -> list[list[torch.Tensor]]:
    """Of each image by a backward pass of its own."""
    found = []
    for number in range(len(images["labels"])):
        net.zero_grad()
        loss({"net": net}, {name: value[number : number + 1] for name, value in images.items()}).backward()
        found.append([weight.grad.clone() for weight in net.parameters()])
    net.zero_grad()
    return found


def test_each_images_gradient_is_clipped_and_then_summed() -> None:
    private, net = updates(clip=20.0)
    images = batch(12)
    expected = [torch.zeros_like(weight) for weight in net.parameters()]
    clipped = 0
    for grads in own_gradients(net, images):
        length = math.sqrt(sum(grad.square().sum().item() for grad in grads))
        clipped += length > 20
        for total, grad in zip(expected, grads, strict=True):
            total += grad * min(1, 20 / length)
    assert 0 < clipped < 12
    parts = [{name: value[part] for name, value in images.items()} for part in (slice(0, 5), slice(5, 12))]
    private.accumulate(loss, parts)
    for weight, total in zip(net.parameters(), expected, strict=True):
        assert torch.allclose(weight.grad, total / 10, atol=1e-6)


class Twice(nn.Module):
    """A network whose one layer sees each image twice."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(6, 6)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layer(self.layer(images).tanh())[:, :1]


@pytest.mark.parametrize("kind", ["linear", "twice", "convolution", "frozen bias"])
def test_linear_layers_are_clipped_without_gradients_of_single_images(kind: str) -> None:
    torch.manual_seed(1)
    net = {
        "twice": Twice,
        "convolution": lambda: nn.Sequential(
            nn.Unflatten(1, (1, 6)), nn.Conv1d(1, 2, 3), nn.Flatten(), nn.Linear(8, 1)
        ),
    }.get(kind, lambda: nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 1)))()
    weights = [each for name, each in net.named_parameters() if (kind, name) != ("frozen bias", "0.bias")]
    private = PrivateUpdates(Privacy("net", 0.0, 2.0, 1e-5, 3), {"net": net}, weights, size=50, batch_size=10)
    assert bool(private._linear) == (kind != "convolution")
    images, found = batch(7), []
    for _ in range(2):
        private.accumulate(loss, [images])
        found.append([weight.grad.clone() for weight in weights])
        assert bool(private._linear) == (kind in ("linear", "frozen bias") and len(found) == 1)
        private._linear = {}  # the general way
    assert all(torch.allclose(one, other, atol=1e-6) for one, other in zip(*found, strict=True))


def test_one_image_moves_the_gradient_by_no_more_than_clip() -> None:
    private, net = updates()
    images = batch(6)
    images["images"][5] = 1e4
    private.accumulate(loss, [images])
    with_it = [weight.grad.clone() for weight in net.parameters()]
    private.accumulate(loss, [{name: value[:5] for name, value in images.items()}])
    moved = sum((a - b.grad).square().sum().item() for a, b in zip(with_it, net.parameters(), strict=True))
    assert 0 < math.sqrt(moved) <= 0.5 / 10 + 1e-6


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_an_image_that_spoils_its_gradient_counts_as_none(bad: float) -> None:
    private, net = updates()
    images = batch(6)
    private.accumulate(loss, [{name: value[:5] for name, value in images.items()}])
    without = [weight.grad.clone() for weight in net.parameters()]
    images["images"][5] = bad
    private.accumulate(loss, [images])
    assert all(torch.allclose(a, b.grad) for a, b in zip(without, net.parameters(), strict=True))


def test_the_noise_has_its_deviation_and_is_another_in_each_step() -> None:
    private, net = updates(noise=2.0)
    drawn = []
    for _ in range(400):
        private.accumulate(loss, [])  # no image took part
        drawn.append(torch.cat([weight.grad.flatten() for weight in net.parameters()]))
    values = torch.stack(drawn)
    assert abs(values.std().item() / (2.0 * 0.5 / 10) - 1) < 0.02 and abs(values.mean().item()) < 0.002
    assert not torch.equal(drawn[0], drawn[1])


def test_images_take_part_independently_of_one_another() -> None:
    private, _ = updates()
    rows = []
    for _ in range(2000):
        rows.append(torch.zeros(50).index_fill(0, private.chosen(), 1.0))
        private.steps += 1
    taken = torch.stack(rows)
    assert torch.allclose(taken.mean(0), torch.full((50,), 0.2), atol=0.04)
    assert abs(taken.sum(1).var().item() - 50 * 0.2 * 0.8) < 0.8  # of a binomial; a shuffled pass has none
    assert taken.T.corrcoef().fill_diagonal_(0).abs().max() < 0.12


def test_epsilon_is_opacus() -> None:
    theirs = RDPAccountant()
    theirs.history = [(1.1, 256 / 60000, 2340)]
    ours = Privacy("net", 1.1, 1.0, 1e-5).epsilon(256 / 60000, 2340)
    assert ours == pytest.approx(theirs.get_epsilon(1e-5), rel=1e-3)
    assert Privacy("net", 1.1, 1.0, 1e-5).epsilon(256 / 60000, 0) == 0
    assert Privacy("net", 0.6, 1.0, 1e-5).epsilon(256 / 60000, 2340) > ours


def test_a_secret_is_drawn_anew_for_each_run() -> None:
    one, other = updates(seed=None)[0], updates(seed=None)[0]
    assert not torch.equal(one.chosen(), other.chosen())
    assert torch.equal(updates(seed=5)[0].chosen(), updates(seed=5)[0].chosen())


def weights_of(run: Path) -> dict[str, torch.Tensor]:
    return load_file(current_checkpoint(run / "state") / "networks.safetensors")


def records(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("name", ["mlp_vae", "conv_vae", "cvae"])
def test_an_interrupted_run_ends_as_one_that_was_not(name: str, tmp_path: Path) -> None:
    extra = {"width": 4, "normalization": "group"} if name == "conv_vae" else {}
    recipe = recipe_class(name)(**{**SMALL, **extra, "dp_seed": 1})
    train(recipe, tmp_path / "whole", callbacks=[], progress=False)
    train(recipe, tmp_path / "parts", callbacks=[], progress=False, stop_at=32)
    train(recipe, tmp_path / "parts", callbacks=[], progress=False)
    whole, parts = weights_of(tmp_path / "whole"), weights_of(tmp_path / "parts")
    assert whole.keys() == parts.keys() and all(torch.equal(whole[key], parts[key]) for key in whole)
    spent = [[line["privacy/epsilon"] for line in records(tmp_path / run)] for run in ("whole", "parts")]
    assert spent[0] == spent[1] == sorted(spent[0]) and len(spent[0]) == 4
    expected = recipe.privacy().epsilon(16 / 1500, 4)
    assert spent[0][-1] == pytest.approx(expected, abs=1e-5) and 0 < expected < math.inf


def test_a_secret_run_resumes_with_its_secret_and_tells_it_to_nobody(tmp_path: Path) -> None:
    recipe, run = recipe_class("mlp_vae")(**SMALL), tmp_path / "run"
    train(recipe, run, progress=False, stop_at=32)
    facts = json.loads((current_checkpoint(run / "state") / "state.json").read_text())["privacy"]
    assert facts["steps"] == 2 and len(facts["secret"]) == 32
    train(recipe, run, progress=False)
    after = json.loads((current_checkpoint(run / "state") / "state.json").read_text())["privacy"]
    assert after == {"steps": 4, "secret": facts["secret"]}
    outside = [file for file in run.rglob("*") if file.is_file() and "state" not in file.relative_to(run).parts]
    assert outside and not any(facts["secret"].encode() in file.read_bytes() for file in outside)


def test_no_losses_of_the_data_are_logged(tmp_path: Path) -> None:
    train(recipe_class("mlp_vae")(**SMALL), tmp_path, progress=False)
    named = {key.partition("/")[0] for line in records(tmp_path) for key in line if "/" in key}
    assert named == {"privacy", "held_out"}


REFUSED = {
    "batch norm, which mixes the images": ("conv_vae", {}),
    "it is learned from the images without noise": ("mlp_vae", {"likelihood": "gaussian", "sigma": None}),
    "holds each image twice": ("mlp_vae", {"flip": True}),
    "chooses the best state by the data": ("mlp_vae", {"metrics": "fid"}),
    "the mean over a batch": ("mlp_vae", {"free_bits": 0.5}),
    "full precision": ("mlp_vae", {"mixed_precision": "bf16"}),
    "by torch.func": ("mlp_vae", {"compile": True}),
    "below 1 / 1500": ("mlp_vae", {"dp_delta": 0.01}),
    "dp_clip=0.0 must be above 0": ("mlp_vae", {"dp_clip": 0.0}),
    "dp_noise=-1.0 must be at least 0": ("mlp_vae", {"dp_noise": -1.0}),
    "dp_clip=2.0 needs dp_noise": ("mlp_vae", {"dp_noise": 0.0, "dp_clip": 2.0, "dp_delta": 1e-5}),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_does_not_go_with_it_is_refused_in_one_line(why: str, tmp_path: Path) -> None:
    name, changes = REFUSED[why]
    with pytest.raises(ValueError, match=why) as error:
        train(recipe_class(name)(**{**SMALL, **changes}), tmp_path / "run", callbacks=[], progress=False)
    assert "\n" not in str(error.value) and not (tmp_path / "run").exists()


def test_without_opacus_one_line_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [each for each in sys.modules if each.partition(".")[0] == "opacus"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opacus", None)
    with pytest.raises(ImportError, match=r"dp_noise needs opacus; pip install 'hf_genimg\[privacy\]'"):
        train(recipe_class("mlp_vae")(**SMALL), tmp_path / "run", callbacks=[], progress=False)
    assert not (tmp_path / "run").exists()


def test_a_plan_says_what_the_whole_run_will_spend() -> None:
    recipe = recipe_class("mlp_vae")(**SMALL).override(images=640)
    found = str(plan(recipe, progress=False))
    epsilon = recipe.privacy().epsilon(16 / 1500, 40)
    assert found.endswith(f"; epsilon {math.ceil(100 * epsilon) / 100:.2f} at delta 0.0001")


def test_the_card_tells_epsilon_and_what_it_does_not_cover(tmp_path: Path) -> None:
    hf_genimg.train(recipe_class("mlp_vae")(**SMALL), tmp_path / "run", progress=False)
    card, last = (tmp_path / "run" / "README.md").read_text(), records(tmp_path / "run")
    epsilon = [line["privacy/epsilon"] for line in last if "privacy/epsilon" in line][-1]
    assert f"epsilon {math.ceil(100 * epsilon) / 100:.2f} at delta 0.0001" in card
    assert "differential_privacy:" in card.split("---")[1] and "What it does not cover" in card
    hf_genimg.train(recipe_class("mlp_vae")(**{**SMALL, "dp_seed": 2}), tmp_path / "open", progress=False)
    assert "not private" in (tmp_path / "open" / "README.md").read_text()
