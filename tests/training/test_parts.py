"""The parts of the loop, each against a slow independent version of itself."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from matplotlib.figure import Figure
from torch import nn

from hf_genimg.training.average import WeightAverage, half_life_decay
from hf_genimg.training.checkpoint import (
    current_checkpoint,
    load_checkpoint,
    optimizer_tensors,
    restore_optimizer,
    save_checkpoint,
)
from hf_genimg.training.curve import draw_curves
from hf_genimg.training.device import seed_noise
from hf_genimg.training.fields import check_fields, parse_fields
from hf_genimg.training.meter import Meter
from hf_genimg.training.moving import RunningStatistics
from hf_genimg.training.recipe import Recipe
from hf_genimg.training.sampler import ShuffledStream


def test_a_stream_is_the_same_however_it_is_cut() -> None:
    whole = ShuffledStream(10, 0, "critic").indices(0, 35)
    pieces = [ShuffledStream(10, 0, "critic").indices(start, 5) for start in range(0, 35, 5)]
    assert torch.equal(whole, torch.cat(pieces))
    for epoch in whole[:30].split(10):
        assert sorted(epoch.tolist()) == list(range(10))
    assert not torch.equal(whole[:10], whole[10:20])
    assert not torch.equal(whole, ShuffledStream(10, 1, "critic").indices(0, 35))
    assert not torch.equal(whole, ShuffledStream(10, 0, "generator").indices(0, 35))


def test_noise_depends_on_its_key_alone() -> None:
    def draw(*key: int) -> torch.Tensor:
        seed_noise(*key)
        return torch.randn(4)

    first = draw(0, 64, 1, 2)
    torch.randn(100)
    assert torch.equal(first, draw(0, 64, 1, 2))
    for other in ((1, 64, 1, 2), (0, 65, 1, 2), (0, 64, 0, 2), (0, 64, 1, 3)):
        assert not torch.equal(first, draw(*other))


def test_the_half_life_is_a_half_life() -> None:
    assert half_life_decay(1000, 10**9, 1000) == pytest.approx(0.5)
    assert half_life_decay(1000, 10**9, 500) ** 2 == pytest.approx(0.5)
    assert half_life_decay(1000, 2000, 100) == pytest.approx(0.5)  # early on: 5 percent of the images seen
    assert half_life_decay(0, 10**9, 64) == 0


def test_the_average_is_the_average() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    average = WeightAverage({"generator": network}, half_life=100)
    expected = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    for images in range(64, 64 * 20, 64):
        with torch.no_grad():
            for tensor in network.state_dict().values():
                tensor.add_(torch.randn(tensor.shape)) if tensor.is_floating_point() else tensor.add_(1)
        decay = half_life_decay(100, images, 64)
        for key, tensor in network.state_dict().items():
            expected[key] = (
                decay * expected[key] + (1 - decay) * tensor if tensor.is_floating_point() else tensor.clone()
            )
        average.update(images, 64)
    for key, tensor in average.networks["generator"].state_dict().items():
        torch.testing.assert_close(tensor, expected[key])
    assert not average.networks["generator"].training
    assert not any(p.requires_grad for p in average.networks["generator"].parameters())


def test_statistics_move_once_an_update_towards_the_mean_of_its_forwards() -> None:
    torch.manual_seed(0)
    networks = {"a": nn.BatchNorm1d(3, momentum=0.1), "b": nn.BatchNorm1d(3, momentum=0.3)}
    untouched = copy.deepcopy(networks["b"].state_dict())
    batches = [torch.randn(8, 3) * scale + scale for scale in (1.0, 2.0, 3.0)]
    statistics = RunningStatistics(networks)
    for update in range(1, 3):
        before = networks["a"].running_mean.clone(), networks["a"].running_var.clone()
        statistics.begin()
        for batch in batches:
            networks["a"](batch)
            networks["b"](batch)
        statistics.end({"a"})
        mean, var = torch.stack([b.mean(0) for b in batches]).mean(0), torch.stack([b.var(0) for b in batches]).mean(0)
        torch.testing.assert_close(networks["a"].running_mean, 0.9 * before[0] + 0.1 * mean)
        torch.testing.assert_close(networks["a"].running_var, 0.9 * before[1] + 0.1 * var)
        assert networks["a"].num_batches_tracked == update
    assert all(torch.equal(tensor, untouched[key]) for key, tensor in networks["b"].state_dict().items())


def test_released_networks_are_ordinary_again() -> None:
    norm, plain = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    statistics = RunningStatistics({"a": norm})
    statistics.begin()
    norm(torch.randn(4, 2))
    statistics.end(set())
    statistics.release()
    batch = torch.randn(4, 2)
    norm(batch), plain(batch)
    torch.testing.assert_close(norm.running_mean, plain.running_mean)
    assert norm.momentum == 0.1


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.SGD, torch.optim.RMSprop, torch.optim.AdamW])
def test_an_optimizer_goes_on_exactly(kind: type, tmp_path: Path) -> None:
    def begin() -> tuple[nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(0)
        network = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
        settings = {"momentum": 0.9} if kind is torch.optim.SGD else {}
        return network, kind(network.parameters(), lr=0.01, **settings)

    def step(network: nn.Module, optimizer: torch.optim.Optimizer, seed: int) -> None:
        torch.manual_seed(seed)
        network(torch.randn(2, 3, 8, 8)).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()

    network, optimizer = begin()
    step(network, optimizer, 1)
    save_checkpoint(tmp_path, 8, {"weights": network.state_dict(), "optimizer": optimizer_tensors(optimizer)}, {})
    step(network, optimizer, 2)
    again, restored = begin()
    tensors, _ = load_checkpoint(tmp_path / "8")
    again.load_state_dict(tensors["weights"])
    restore_optimizer(restored, tensors["optimizer"])
    for state in restored.state.values():
        assert all(
            value.is_contiguous(memory_format=torch.channels_last)
            for value in state.values()
            if torch.is_tensor(value) and value.dim() == 4
        )
    step(again, restored, 2)
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), again.parameters(), strict=True))


def damage(file: Path, how: str) -> None:
    content = bytearray(file.read_bytes())
    if how == "flipped":
        content[len(content) // 2] ^= 1
    file.write_bytes({"short": content[: len(content) // 2], "empty": b"", "flipped": content}[how])


@pytest.mark.parametrize("how", ["flipped", "short", "empty"])
@pytest.mark.parametrize("name", ["weights.safetensors", "optimizers.safetensors", "state.json"])
def test_a_damaged_file_of_a_checkpoint_is_named(name: str, how: str, tmp_path: Path) -> None:
    state = tmp_path / "run/state"
    save_checkpoint(state, 8, {"weights": {"w": torch.ones(9)}, "optimizers": {"m": torch.ones(9)}}, {"images": 8})
    damage(state / "8" / name, how)
    with pytest.raises(ValueError, match=rf"8/{name} is damaged \(.*train in another --out$") as caught:
        load_checkpoint(state / "8")
    assert "\n" not in str(caught.value)
    (tmp_path / "run/pipeline").mkdir()
    (tmp_path / "run/pipeline/model_index.json").touch()
    with pytest.raises(ValueError, match=r"the last published pipeline is in .*run/pipeline: begin with init=.*run in"):
        load_checkpoint(state / "8")


def test_a_checkpoint_that_lacks_a_file_or_a_fact_is_damaged(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, 8, {"weights": {"w": torch.zeros(3)}, "optimizers": {"m": torch.zeros(3)}}, {"images": 8})
    with pytest.raises(ValueError, match=r"state.json is damaged \(it lacks meter\)"):
        load_checkpoint(tmp_path / "8", ("images", "meter"))
    (tmp_path / "8/optimizers.safetensors").unlink()
    with pytest.raises(ValueError, match=r"optimizers.safetensors is damaged"):
        load_checkpoint(tmp_path / "8")


@pytest.mark.parametrize("text", ["x", "", "9", "../8", "\xff"])
def test_a_pointer_to_no_checkpoint_is_one_line(text: str, tmp_path: Path) -> None:
    save_checkpoint(tmp_path, 8, {"weights": {"w": torch.zeros(3)}}, {"images": 8})
    (tmp_path / "current").write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match="current is damaged"):
        current_checkpoint(tmp_path)


def test_a_checkpoint_without_checksums_is_read(tmp_path: Path) -> None:
    """As versions before format 3 wrote them."""
    save_checkpoint(tmp_path, 8, {"weights": {"w": torch.ones(3)}}, {"images": 8})
    (tmp_path / "8/state.json").write_text(json.dumps({"images": 8, "files": ["weights"]}))
    (tmp_path / "current").write_text("8")
    tensors, facts = load_checkpoint(tmp_path / "8")
    assert torch.equal(tensors["weights"]["w"], torch.ones(3)) and facts["images"] == 8


def test_only_the_current_state_stays(tmp_path: Path) -> None:
    for images in (8, 16, 24):
        save_checkpoint(tmp_path, images, {"weights": {"w": torch.full((3,), float(images))}}, {"images": images})
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["24", "current"]


def test_the_meter_keeps_half_a_line() -> None:
    meter, other = Meter(), Meter()
    for value in (1.0, 2.0, 4.0):
        meter.add("critic", {"real": torch.tensor(value)})
    other.restore(meter.state(), 10, torch.device("cpu"))
    other.add("critic", {"real": torch.tensor(5.0)})
    assert other.means(20) == {"critic/real": 3.0}


@dataclass(frozen=True, kw_only=True)
class Typed:
    count: int = 1
    share: float = 0.5
    name: str = "x"
    switch: bool = False
    limit: float | None = None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("count=60_000", 60000),
        ("count=1e6", 1_000_000),
        ("count=-3", -3),
        ("share=1e-3", 1e-3),
        ("share=2", 2.0),
        ("name=a=b", "a=b"),
        ("switch=true", True),
        ("switch=No", False),
        ("limit=none", None),
        ("limit=1.5", 1.5),
    ],
)
def test_fields_are_typed(text: str, value: object) -> None:
    parsed = parse_fields(Typed, [text])[text.partition("=")[0]]
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("count=1.5", "count=1.5 is not right; it must be a whole number"),
        ("count=many", "count=many is not right; it must be a whole number"),
        ("switch=maybe", "switch=maybe is not right; it must be true or false"),
        ("limit=x", "limit=x is not right; it must be a number or none"),
        ("count=1e400", "count=1e400 is not right; it must be a whole number"),
        ("share=inf", "share=inf is not right; it must be a number"),
        (
            "coutn=1",
            "there is no field 'coutn'; did you mean count?; the fields are: count, share, name, switch, limit",
        ),
        ("count", "'count' is not a setting; write field=value"),
    ],
)
def test_wrong_fields_say_what_would_be_right(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="^" + message.replace("?", r"\?")):
        parse_fields(Typed, [text])


@pytest.mark.parametrize(
    ("field", "value"),
    [("count", "many"), ("count", 1.5), ("count", True), ("share", "x"), ("count", None), ("share", float("nan"))],
)
def test_values_of_another_type_are_refused_in_python_too(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{field}=.* is not right; it must be a"):
        check_fields(Typed, {field: value})


def test_values_of_the_right_type_are_taken() -> None:
    check_fields(Typed, {"count": 2, "share": 1, "limit": None, "name": "y", "switch": True})


def test_overflowed_statistics_of_others_are_put_back() -> None:
    norm = nn.BatchNorm1d(2)
    statistics = RunningStatistics({"a": norm})
    statistics.begin()
    norm(torch.tensor([[float("inf"), 1.0], [0.0, 2.0]]))
    statistics.end(set())
    assert torch.equal(norm.running_mean, torch.zeros(2))


def test_a_norm_in_eval_mode_keeps_its_statistics() -> None:
    norm = nn.BatchNorm1d(2).eval()
    statistics = RunningStatistics({"a": norm})
    statistics.begin()
    norm(torch.randn(4, 2))
    statistics.end({"a"})
    assert norm.num_batches_tracked == 0


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("latent_dim", 0, "must be above 0"),
        ("generator_width", -2, "must be above 0"),
        ("adam_beta1", 1.5, "must be at least 0 and below 1"),
        ("gradient_penalty", -1.0, "must be at least 0"),
        ("penalty_every", 0, "must be above 0"),
        ("gradient_penalty_points", "far", "use one of between, dragan"),
        ("images", 0, "must be above 0"),
        ("learning_rate", -1.0, "must be above 0"),
        ("image_channels", 5, "must be 1"),
        ("schedule", "steps", "is not known; use one of constant, linear, cosine"),
        ("mixed_precision", "fp8", "is not known; use one of no, bf16, fp16"),
        ("micro_batch_size", 3, "must be a multiple of micro_batch_size=3"),
        ("ema_half_life", -1, "must be at least 0"),
        ("hub_model_id", "mine", "is no name on the Hub; use owner/name"),
    ],
)
def test_impossible_numbers_are_refused(field: str, value: object, rule: str, tiny: Callable[..., Recipe]) -> None:
    with pytest.raises(ValueError, match=rule):
        tiny(**{field: value}).check()


def test_curves_share_their_images_and_join_their_dots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: figures.append(figure))
    records = [
        {"images": 0, "generator/adversarial": 2.0},
        {"images": 50, "held_out/real": 1.0},
        {"images": 90, "held_out/real": 0.5},
    ]
    draw_curves([*records, {"images": 100, "generator/adversarial": 1.0}], tmp_path / "curve.png")
    above, below = figures[0].axes
    assert above.get_xlim() == below.get_xlim() and above.get_xlim()[0] <= 0 and above.get_xlim()[1] >= 100
    assert [(line.get_linestyle(), line.get_marker()) for line in below.lines] == [("-", ".")]
    assert (above.get_xlabel(), below.get_xlabel()) == ("", "images")
