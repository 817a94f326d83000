"""The loop: time, schedules, accumulation, clipping, precision, and what it refuses."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator

import hf_genimg
from hf_genimg.training import loop, state
from hf_genimg.training.callbacks import Callback
from hf_genimg.training.checkpoint import current_checkpoint
from hf_genimg.training.device import make_accelerator
from hf_genimg.training.loop import train
from hf_genimg.training.recipe import Recipe
from hf_genimg.training.run_directory import RunDirectory
from hf_genimg.training.state import Run

Tiny = Callable[..., Recipe]


def built(recipe: Recipe, folder: Path, accelerator: Accelerator | None = None) -> Run:
    dataset = recipe.dataset()
    return Run(
        recipe.fitted(dataset),
        RunDirectory(folder, recipe),
        dataset,
        accelerator or make_accelerator(recipe.mixed_precision),
    )


class Watch(Callback):
    """Notes what a function of the run says, every `every` images."""

    name = "watch"

    def __init__(self, look: Callable[[Run], Any], every: int = 1) -> None:
        self.look, self.every, self.seen = look, every, []

    def __call__(self, run: Run) -> None:
        self.seen.append(self.look(run))


def test_each_update_of_the_discriminator_counts(tiny: Tiny, tmp_path: Path) -> None:
    watch = Watch(lambda run: run.images)
    train(tiny(n_critic=3, images=48), tmp_path / "run", callbacks=[watch], progress=False)
    assert watch.seen == [24, 48]


def test_every_image_is_seen_once_an_epoch_by_each_player(tiny: Tiny, tmp_path: Path) -> None:
    run = built(tiny(batch_size=100, micro_batch_size=50), tmp_path / "run")
    seen: dict[str, list[int]] = {"discriminator": [], "generator": []}
    for (player, _), stream in run.streams.items():
        plain = stream.indices
        stream.indices = lambda start, count, plain=plain, player=player: (
            seen[player].extend(plain(start, count).tolist()) or plain(start, count)
        )
    for _ in range(15):
        run.training_step()
    assert sorted(seen["discriminator"]) == sorted(seen["generator"]) == list(range(1500))
    assert seen["discriminator"] != seen["generator"]


@pytest.mark.parametrize("name", ["mlp_vae", "dcgan"])
def test_accumulated_gradients_are_those_of_the_whole_batch(
    name: str, tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With noise that belongs to the image instead of the micro-batch, and without batch norm, the split must not
    matter.
    """
    gradients = []
    for size in (8, 2):
        run = built(tiny(name, batch_size=8, micro_batch_size=size), tmp_path / str(size))
        for network in run.networks.values():
            network.eval()  # batch norm by its running statistics: the only thing in which the split may show
        monkeypatch.setattr(
            torch,
            "randn",
            lambda *shape, device=None, dtype=None, generator=None, layout=None: torch.full(
                shape[0] if len(shape) == 1 else shape, 0.3
            ),
        )
        run._accumulate(0, run.players[0])
        gradients.append(torch.cat([weight.grad.flatten() for weight in run._weights[run.players[0]]]))
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-4, atol=1e-6)


def test_gradients_are_clipped_to_the_norm_asked_for(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = built(tiny("mlp_vae", max_grad_norm=0.5), tmp_path / "run")
    norms = []
    step = run.optimizers["autoencoder"].step
    weights = run._weights["autoencoder"]
    monkeypatch.setattr(
        run.optimizers["autoencoder"],
        "step",
        lambda *a: (
            norms.append(torch.linalg.vector_norm(torch.cat([w.grad.flatten() for w in weights])).item()) or step(*a)
        ),
    )
    run.training_step()
    assert norms == [pytest.approx(0.5, rel=1e-3)]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [("constant", [0, 0.5, 1, 1, 1]), ("linear", [0, 0.5, 1, 0.5, 0]), ("cosine", [0, 0.5, 1, 0.5, 0])],
)
def test_learning_rate_schedules_in_images(schedule: str, expected: list[float], tiny: Tiny) -> None:
    recipe = tiny(schedule=schedule, images=1000, warmup_images=200)
    assert [recipe.learning_rate_scale(images) for images in (0, 100, 200, 600, 1000)] == pytest.approx(expected)


@pytest.mark.parametrize(("schedule", "middle"), [("linear", 0.6), ("cosine", 0.6)])
def test_a_schedule_may_end_before_the_run_and_above_zero(schedule: str, middle: float, tiny: Tiny) -> None:
    recipe = tiny(schedule=schedule, images=1000, schedule_images=400, learning_rate=1e-3, final_learning_rate=2e-4)
    assert [recipe.learning_rate_scale(images) for images in (0, 200, 400, 900)] == pytest.approx([1, middle, 0.2, 0.2])


def test_the_schedule_reaches_the_optimizer(tiny: Tiny, tmp_path: Path) -> None:
    watch = Watch(lambda run: run.optimizers["generator"].param_groups[0]["lr"])
    recipe = tiny(schedule="linear", images=32, learning_rate=0.1)
    train(recipe, tmp_path / "run", callbacks=[watch], progress=False)
    assert watch.seen == pytest.approx(
        [0.1, 0.075, 0.05, 0.025]
    )  # that of the update which ended at 8, 16, 24, 32 images


def test_a_generator_with_dropout_runs_anew_for_each_player(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept images would have other noise than those that are made anew where a batch has more parts, as with other
    processes.
    """
    kept = built(tiny(), tmp_path / "kept")
    monkeypatch.setattr(type(kept.recipe), "models", dropping(type(kept.recipe).models))
    trained = []
    for number, size in enumerate((None, 4)):
        run = built(tiny(batch_size=8, micro_batch_size=size), tmp_path / str(number))
        calls: list[torch.Tensor] = []
        run.networks["generator"].register_forward_hook(
            lambda network, inputs, images, calls=calls: calls.append(images)
        )
        run.training_step()
        trained.append(len(calls))
    assert trained == [2, 4], "once for each player and part"


def dropping(models: Callable[[Recipe], dict[str, torch.nn.Module]]) -> Callable[[Recipe], dict[str, torch.nn.Module]]:
    """The same networks, with dropout in the generator."""

    def built_with_dropout(recipe: Recipe) -> dict[str, torch.nn.Module]:
        networks = models(recipe)
        networks["generator"].hidden.append(torch.nn.Dropout(0.5))
        return networks

    return built_with_dropout


def test_channels_last_changes_the_layout_and_not_the_result(tiny: Tiny, tmp_path: Path) -> None:
    losses = {}
    for layout in (False, True):
        run = built(tiny("dcgan", channels_last=layout), tmp_path / str(layout))
        weight = run.networks["discriminator"].layers[2].weight
        assert weight.is_contiguous(memory_format=torch.channels_last) is layout
        losses[layout] = run._accumulate(0, "discriminator")["real"].item()
    assert losses[True] == pytest.approx(losses[False], rel=1e-5)


def test_bf16_runs_and_keeps_weights_in_fp32(
    tiny: Tiny, tmp_path: Path, tensors_of: Callable[[Path], dict[str, torch.Tensor]]
) -> None:
    seen = []
    recipe = tiny("dcgan", mixed_precision="bf16")
    run = built(recipe, tmp_path / "watched")
    run.networks["generator"].layers[0].register_forward_hook(lambda *a: seen.append(a[-1].dtype))
    run.training_step()
    assert set(seen) == {torch.bfloat16}
    train(recipe, tmp_path / "run", progress=False)
    assert {tensor.dtype for key, tensor in tensors_of(tmp_path / "run").items() if key.endswith("weight")} == {
        torch.float32
    }


def fp16_on_the_cpu(monkeypatch: pytest.MonkeyPatch, scale: float) -> None:
    """An Accelerator with a real scaler on the CPU, where Accelerate itself sets none up."""

    def make(*_: object) -> Accelerator:
        accelerator = make_accelerator("bf16")
        accelerator.state._mixed_precision = "fp16"  # so that Accelerate unscales before it clips
        accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=scale, growth_interval=10**9)
        return accelerator

    monkeypatch.setattr(loop, "make_accelerator", make)


def test_a_step_that_the_scaler_skips_is_no_divergence(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log_of: Callable[[Path], list[dict[str, Any]]]
) -> None:
    fp16_on_the_cpu(monkeypatch, scale=2.0**24)  # overflows until it has been halved a few times
    skips = Watch(lambda run: run.skipped["autoencoder"])
    train(tiny("mlp_vae", images=160), tmp_path / "run", callbacks=[skips], progress=False)
    assert max(skips.seen) > 0, "the scale never overflowed"
    assert skips.seen[-1] == 0
    assert json.loads((tmp_path / "run/state/160/state.json").read_text())["scaler"]["scale"] < 2.0**24
    assert "autoencoder/kl" in log_of(tmp_path / "run")[-1]


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_one_player_that_overflows_is_enough(
    player: str, tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fp16_on_the_cpu(monkeypatch, scale=1.0)
    plain, updates = state.Run._accumulate, []

    def broken(self: Run, turn: int, playing: str) -> dict[str, torch.Tensor]:
        terms = plain(self, turn, playing)
        if playing == player:
            updates.append(1)
            self._weights[playing][0].grad.fill_(float("inf"))
        return terms

    monkeypatch.setattr(state.Run, "_accumulate", broken)
    with pytest.raises(FloatingPointError, match=f"the gradient of {player} overflowed"):
        train(tiny(images=10_000), tmp_path / "run", callbacks=[], progress=False)
    assert len(updates) == 20


def test_a_skipped_step_moves_nothing(tiny: Tiny, tmp_path: Path) -> None:
    run = built(tiny("dcgan", penalty_every=3, r1=1.0), tmp_path / "run")
    run.accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=1.0)
    for optimizer in run.optimizers.values():
        optimizer.step = lambda *_, **__: pytest.fail("a refused step was made")
    plain = run._accumulate

    def broken(turn: int, player: str) -> dict[str, torch.Tensor]:
        terms = plain(turn, player)
        for network in run.networks.values():
            for module in network.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.running_mean.fill_(float("nan"))  # as an overflow in the forward would leave it
        return terms

    run._accumulate = broken
    run._update = lambda player: False
    before = {
        name: {key: tensor.clone() for key, tensor in network.state_dict().items()}
        for name, network in run.networks.items()
    }
    updates = run.objective.regularizers[0].updates.clone()
    run.training_step()
    for name, network in run.networks.items():
        for key, tensor in network.state_dict().items():
            assert torch.equal(tensor, before[name][key]), f"{name}.{key}"
    assert torch.equal(run.objective.regularizers[0].updates, updates)
    assert run.meter.sums == {}


def test_fp16_resumes_exactly(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tensors_of: Callable[[Path], dict[str, torch.Tensor]]
) -> None:
    recipe = tiny("mlp_vae", images=160, max_grad_norm=0.1)
    fp16_on_the_cpu(monkeypatch, scale=2.0**24)
    train(recipe, tmp_path / "whole", callbacks=[], progress=False)
    train(recipe, tmp_path / "halves", callbacks=[], stop_at=24, progress=False)
    facts = json.loads((tmp_path / "halves/state/24/state.json").read_text())
    assert facts["skipped"]["autoencoder"] > 0, "it was not stopped between two skips"
    train(recipe, tmp_path / "halves", callbacks=[], progress=False)
    whole, halves = tensors_of(tmp_path / "whole"), tensors_of(tmp_path / "halves")
    assert all(torch.equal(whole[key], halves[key]) for key in whole)


def test_clipping_sees_gradients_without_the_scale(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finals = []
    for scale in (1.0, 2.0**10):
        fp16_on_the_cpu(monkeypatch, scale=scale)
        pipe = train(tiny("mlp_vae", max_grad_norm=0.5), tmp_path / str(scale), callbacks=[], progress=False)
        finals.append(torch.cat([p.flatten() for p in pipe.autoencoder.parameters()]))
    torch.testing.assert_close(finals[0], finals[1])


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_a_turn_changes_the_player_and_nothing_else(player: str, tiny: Tiny, tmp_path: Path) -> None:
    run = built(tiny("dcgan"), tmp_path / "run")
    before = {
        name: {key: tensor.clone() for key, tensor in network.state_dict().items()}
        for name, network in run.networks.items()
    }
    run.objective.players = (player,)
    run.streams[player] = run.streams.get(player)
    run.training_step()
    for name, network in run.networks.items():
        changed = [key for key, tensor in network.state_dict().items() if not torch.equal(tensor, before[name][key])]
        assert bool(changed) is (name == player), (name, changed)
    assert all(p.grad is None for network in run.networks.values() for p in network.parameters())


def test_plain_sgd_resumes(tiny: Tiny, tmp_path: Path, tensors_of: Callable[[Path], dict[str, torch.Tensor]]) -> None:
    recipe_type = type(tiny())
    sgd = type(
        "SGD",
        (recipe_type,),
        {"optimizers": lambda self, models: {n: torch.optim.SGD(m.parameters(), 0.1) for n, m in models.items()}},
    )
    recipe = sgd(**{field.name: getattr(tiny(), field.name) for field in fields(recipe_type)})
    train(recipe, tmp_path / "whole", callbacks=[], progress=False)
    train(recipe, tmp_path / "halves", callbacks=[], stop_at=24, progress=False)
    train(recipe, tmp_path / "halves", callbacks=[], progress=False)
    whole, halves = tensors_of(tmp_path / "whole"), tensors_of(tmp_path / "halves")
    assert all(torch.equal(whole[key], halves[key]) for key in whole)


@pytest.mark.parametrize(
    "fields", [{"r1": 1.0}, {"gradient_penalty": 1.0}, {"gradient_penalty": 1.0, "gradient_penalty_points": "dragan"}]
)
def test_penalties_train_in_bf16(fields: dict[str, Any], tiny: Tiny, tmp_path: Path) -> None:
    train(tiny("dcgan", mixed_precision="bf16", **fields), tmp_path / "run", callbacks=[], progress=False)


@pytest.mark.parametrize("name", ["mlp_vae", "dcgan"])
def test_losses_are_taken_in_fp32(name: str, tiny: Tiny, tmp_path: Path) -> None:
    run = built(tiny(name, mixed_precision="bf16"), tmp_path / "run")
    batch = run.dataset.batch(torch.arange(4))
    with run._autocast:
        for player in run.players:
            assert {term.dtype for term in getattr(run.objective, player)(run.networks, batch).values()} == {
                torch.float32
            }


def test_the_callers_random_state_is_left_alone(tiny: Tiny, tmp_path: Path) -> None:
    torch.manual_seed(7)
    expected = torch.randn(3)
    torch.manual_seed(7)
    train(tiny(), tmp_path / "run", progress=False)
    assert torch.equal(torch.randn(3), expected)


def test_init_is_read_only_where_a_run_begins(tiny: Tiny, tmp_path: Path) -> None:
    hf_genimg.train(tiny(), tmp_path / "first", progress=False)
    recipe = tiny(init=str(tmp_path / "first"))
    hf_genimg.train(recipe, tmp_path / "second", progress=False)
    (tmp_path / "first").rename(tmp_path / "gone")
    hf_genimg.train(recipe.override(images=128), tmp_path / "second", progress=False)


def test_a_misfit_init_leaves_nothing_behind(tiny: Tiny, tmp_path: Path) -> None:
    hf_genimg.train(tiny(), tmp_path / "first", progress=False)
    with pytest.raises(ValueError, match="has no tensor that fits"):
        hf_genimg.train(tiny("mlp_vae", init=str(tmp_path / "first")), tmp_path / "second", progress=False)
    assert not (tmp_path / "second").exists()


def test_twenty_skipped_steps_in_a_row_are_a_divergence(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fp16_on_the_cpu(monkeypatch, scale=1.0)
    plain = state.Run._accumulate

    def broken(self: Run, turn: int, player: str) -> dict[str, torch.Tensor]:
        terms = plain(self, turn, player)
        self._weights[player][0].grad.fill_(float("inf"))
        return terms

    monkeypatch.setattr(state.Run, "_accumulate", broken)
    with pytest.raises(FloatingPointError, match="the gradient of autoencoder overflowed fp16 in 20 updates in a row"):
        train(tiny("mlp_vae", images=1000), tmp_path / "run", progress=False)


def test_fp16_without_an_accelerator_is_refused(tiny: Tiny, tmp_path: Path) -> None:
    if torch.accelerator.is_available():
        pytest.skip("this machine has an accelerator")
    with pytest.raises(ValueError, match="mixed_precision=fp16 needs an accelerator"):
        train(tiny(mixed_precision="fp16"), tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("turn", "term"), [("discriminator", "real"), ("generator", "adversarial")])
def test_nan_names_the_term_and_keeps_the_last_good_state(
    turn: str,
    term: str,
    tiny: Tiny,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tensors_of: Callable[[Path], dict[str, torch.Tensor]],
) -> None:
    plain = state.Run._accumulate

    def broken(self: Run, number: int, player: str) -> dict[str, torch.Tensor]:
        terms = plain(self, number, player)
        if self.images >= 40 and player == turn:
            terms[term] = terms[term] * float("nan")
        return terms

    monkeypatch.setattr(state.Run, "_accumulate", broken)
    with pytest.raises(
        FloatingPointError, match=f"{turn}/{term} became nan before image .*the last good state is kept"
    ):
        train(tiny(), tmp_path / "run", progress=False)
    assert current_checkpoint(tmp_path / "run/state").name == "32"
    assert all(torch.isfinite(tensor.float()).all() for tensor in tensors_of(tmp_path / "run").values())
    hf_genimg.load(tmp_path / "run")


def test_what_was_never_saved_is_not_reported_as_kept(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state.Run, "_accumulate", lambda *_: {"adversarial": torch.tensor(float("nan"))})
    with pytest.raises(
        FloatingPointError,
        match="nothing was saved yet. Try a lower learning_rate or max_grad_norm=1 in another --out$",
    ):
        train(tiny(), tmp_path / "run", progress=False)
    assert not (tmp_path / "run/state").exists()


def test_weights_that_are_no_numbers_never_replace_a_good_state(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = state.Run._update

    def broken(self: Run, player: str) -> bool:
        stepped = plain(self, player)
        if self.images == 56 and player == "generator":  # in the very last update, after the last loss was taken
            with torch.no_grad():
                self._weights[player][0].fill_(float("inf"))
        return stepped

    monkeypatch.setattr(state.Run, "_update", broken)
    with pytest.raises(FloatingPointError, match=r"generator\.hidden\.0\.weight is not finite after image 64"):
        train(tiny(), tmp_path / "run", callbacks=[], progress=False)
    assert current_checkpoint(tmp_path / "run/state").name == "32"


def test_random_state_and_modes_are_as_a_callback_found_them(tiny: Tiny, tmp_path: Path) -> None:
    states, modes = [], []

    class Vandal(Callback):
        name, every = "vandal", 8

        def __call__(self, run: Run) -> None:
            states.append(torch.get_rng_state())
            modes.append([module.training for network in run.networks.values() for module in network.modules()])
            torch.manual_seed(99)
            torch.randn(10)
            for network in (*run.networks.values(), *run.average.networks.values()):
                network.train(not network.training)

    look = Watch(
        lambda run: (torch.get_rng_state(), [m.training for n in run.networks.values() for m in n.modules()]), every=8
    )
    train(tiny(), tmp_path / "run", callbacks=[Vandal(), look], progress=False)
    assert len(look.seen) == 8
    for (found, mode), state_before, mode_before in zip(look.seen, states, modes, strict=True):
        assert torch.equal(found, state_before)
        assert mode == mode_before


def test_the_state_of_a_callback_is_kept(tiny: Tiny, tmp_path: Path) -> None:
    class Counter(Watch):
        name = "counter"

        def state(self) -> dict[str, Any]:
            return {"seen": self.seen}

        def restore(self, state: dict[str, Any]) -> None:
            self.seen = state.get("seen", [])

    train(tiny(), tmp_path / "run", callbacks=[Counter(lambda run: run.images, every=16)], stop_at=40, progress=False)
    second = Counter(lambda run: run.images, every=16)
    train(tiny(), tmp_path / "run", callbacks=[second], progress=False)
    assert second.seen == [16, 32, 48, 64]


def test_how_often_a_checkpoint_is_written_changes_no_tensor(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tensors_of: Callable[[Path], dict[str, torch.Tensor]]
) -> None:
    train(tiny(snapshot_images=1000), tmp_path / "once", progress=False)
    saves = []
    monkeypatch.setattr(
        loop, "save", lambda run, callbacks, save=loop.save: saves.append(run.images) or save(run, callbacks)
    )
    monkeypatch.setattr(loop, "SNAPSHOT_SECONDS", -1.0)  # always overdue
    train(tiny(snapshot_images=1000), tmp_path / "often", progress=False)
    assert saves == list(range(8, 65, 8))
    once, often = tensors_of(tmp_path / "once"), tensors_of(tmp_path / "often")
    assert all(torch.equal(once[key], often[key]) for key in once)


def test_the_log_goes_to_tensorboard_too(tiny: Tiny, tmp_path: Path) -> None:
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    train(tiny("mlp_vae", trackers="tensorboard"), tmp_path / "run", progress=False)
    (folder,) = {file.parent for file in (tmp_path / "run/trackers/run").glob("events.*")}
    accumulator = events.EventAccumulator(str(folder)).Reload()
    logged = {event.step: event.value for event in accumulator.Scalars("autoencoder/kl")}
    records = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    expected = {record["images"]: record["autoencoder/kl"] for record in records if "autoencoder/kl" in record}
    assert logged == pytest.approx(expected)
    assert accumulator.Scalars("held_out/negative_elbo")[0].step == 64


def test_the_log_goes_to_trackios_database_too(tmp_path: Path) -> None:
    pytest.importorskip("trackio")
    command = [
        sys.executable,
        "-m",
        "hf_genimg.cli",
        "train",
        "mlp_vae",
        "--smoke",
        "trackers=trackio",
        "--out",
        str(tmp_path / "run"),
    ]
    subprocess.run(
        command,
        check=True,
        capture_output=True,
        env={**os.environ, "TRACKIO_DIR": str(tmp_path / "db"), "HF_HUB_OFFLINE": "1"},
    )
    with contextlib.closing(sqlite3.connect(tmp_path / "db/run.db")) as database:
        rows = [
            (step, json.loads(values))
            for step, values in database.execute("select step, metrics from metrics order by id")
        ]
        (config,) = [json.loads(fields) for (fields,) in database.execute("select config from configs")]
    records = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    assert [{"images": step, **values} for step, values in rows] == records
    assert config["trackers"] == "trackio" and config["width"] == 16


def test_trackers_that_are_not_there_are_named(tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="trackers=excel is not known; use some of tensorboard, trackio, wandb"):
        train(tiny(trackers="tensorboard,excel"), tmp_path / "run", progress=False)
    with pytest.raises(ValueError, match="trackers=wandb is not installed; pip install wandb"):
        train(tiny(trackers="wandb"), tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_a_finished_run_trains_no_further(
    tiny: Tiny, tmp_path: Path, tensors_of: Callable[[Path], dict[str, torch.Tensor]]
) -> None:
    train(tiny(), tmp_path / "run", progress=False)
    before, log = tensors_of(tmp_path / "run"), (tmp_path / "run/log.jsonl").read_text()
    train(tiny(), tmp_path / "run", progress=False)
    assert (tmp_path / "run/log.jsonl").read_text() == log
    assert all(torch.equal(tensor, tensors_of(tmp_path / "run")[key]) for key, tensor in before.items())


def test_a_longer_run_goes_on_from_a_shorter_one(
    tiny: Tiny, tmp_path: Path, tensors_of: Callable[[Path], dict[str, torch.Tensor]]
) -> None:
    train(tiny(images=32), tmp_path / "grown", progress=False)
    train(tiny(images=64), tmp_path / "grown", progress=False)
    train(tiny(images=64), tmp_path / "whole", progress=False)
    grown, whole = tensors_of(tmp_path / "grown"), tensors_of(tmp_path / "whole")
    assert all(torch.equal(whole[key], grown[key]) for key in whole)
    assert json.loads((tmp_path / "grown/recipe.json").read_text())["fields"]["images"] == 64


def test_init_starts_from_the_weights_of_a_run(
    tiny: Tiny, tmp_path: Path, tensors_of: Callable[[Path], dict[str, torch.Tensor]]
) -> None:
    hf_genimg.train(tiny(), tmp_path / "first", progress=False)
    hf_genimg.train(
        tiny(init=str(tmp_path / "first"), learning_rate=1e-30, images=8), tmp_path / "second", progress=False
    )
    first, second = tensors_of(tmp_path / "first"), tensors_of(tmp_path / "second")
    key = "networks.safetensors:generator/hidden.0.weight"
    torch.testing.assert_close(second[key], first[key.replace("networks", "averages")])
    key = "networks.safetensors:discriminator/layers.0.weight"
    torch.testing.assert_close(second[key], first[key])


def test_init_says_what_it_left_out(tiny: Tiny, tmp_path: Path) -> None:
    hf_genimg.train(tiny(), tmp_path / "first", progress=False)
    with pytest.warns(
        UserWarning, match=r"init=.*tensors taken, \d+ left as they were: .*discriminator\.layers\.0\.weight"
    ):
        hf_genimg.train(tiny(init=str(tmp_path / "first"), discriminator_width=12), tmp_path / "second", progress=False)


@pytest.mark.parametrize("fused", [True, False])
def test_the_optimizer_is_fused_where_the_recipe_says_so(fused: bool, tiny: Tiny, tmp_path: Path) -> None:
    recipe = tiny(fused_optimizer=fused, image_channels=1)
    assert [optimizer.defaults["fused"] for optimizer in recipe.optimizers(recipe.models()).values()] == [fused, fused]
    train(recipe, tmp_path / "run", progress=False, stop_at=8)


def test_the_generator_runs_once_in_a_training_step(tiny: Tiny, tmp_path: Path) -> None:
    """It learns from the images that the discriminator saw last, where one graph can wait; otherwise from the same
    latents.
    """
    found = {}
    for micro in (8, 4):
        run = built(tiny("dcgan", n_critic=2, micro_batch_size=micro), tmp_path / str(micro))
        forwards, seen = [], []
        run.networks["generator"].register_forward_hook(lambda *_, to=forwards: to.append(1))
        run.networks["generator"].register_forward_pre_hook(lambda _, given, to=seen: to.append(given[0].clone()))
        run.training_step()
        found[micro] = (len(forwards), seen)
    assert found[8][0] == 2  # one for each turn of the discriminator
    assert found[4][0] == 6  # two micro-batches in each of three turns
    _, latents = found[4]
    assert torch.equal(latents[4], latents[2])
    assert torch.equal(latents[5], latents[3])
    assert not torch.equal(latents[2], latents[0])


def test_a_kept_forward_moves_batch_norm_as_a_repeated_one(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = built(tiny("dcgan", micro_batch_size=8), tmp_path / "kept")
    kept.training_step()
    begin = type(kept.objective).begin
    monkeypatch.setattr(type(kept.objective), "begin", lambda self, step: begin(self, replace(step, reuse=False)))
    repeated = built(tiny("dcgan", micro_batch_size=8), tmp_path / "repeated")
    repeated.training_step()
    one, other = kept.tensors()["networks"], repeated.tensors()["networks"]
    assert all(torch.allclose(one[key], other[key], rtol=1e-6, atol=1e-7) for key in one)
    assert not torch.equal(
        one["generator/layers.1.running_mean"], torch.zeros_like(one["generator/layers.1.running_mean"])
    )
