"""A run in memory: everything that moves while training, and how one round of the game is played."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn

from .average import WeightAverage
from .checkpoint import Tensors, optimizer_tensors, restore_optimizer
from .device import autocast, compile_parts, seed_noise
from .meter import Meter
from .processes import Processes
from .recipe import Recipe
from .run_directory import RunDirectory
from .sampler import ShuffledStream
from .statistics import RunningStatistics, after_update
from .warm_start import start_from

FORMAT = 2  # of a checkpoint; a higher one when what is in it changes, or how a run goes on from it
PATIENCE = 20  # updates in a row that the fp16 scaler may skip before the run counts as diverged


class Run:
    """The networks, players and clocks of `recipe`, as they stand after `images` images."""

    def __init__(self, recipe: Recipe, directory: RunDirectory, dataset: Any, accelerator: Accelerator) -> None:
        self.recipe, self.directory, self.dataset, self.accelerator = recipe, directory, dataset, accelerator
        self.processes, self._autocast = Processes(accelerator), autocast(accelerator)
        self._micro_batch_size = micro_batch_size(recipe, self.processes.count)
        self._own_micro_batches = self.processes.share(recipe.batch_size // self._micro_batch_size)
        self.images = 0
        seed_noise("build", recipe.seed)
        self.networks = {name: self._placed(network) for name, network in recipe.networks().items()}
        self.objective = recipe.objective().to(accelerator.device)
        self.optimizers = recipe.optimizers(self.networks)  # bare: Accelerate's wrapper searches the disk in every step
        self._weights = {
            name: [p for group in o.param_groups for p in group["params"]] for name, o in self.optimizers.items()
        }
        self._trained = {name: self._trained_by(name) for name in self.optimizers}
        self._in_focus: set[str] | None = None  # the players whose weights ask for gradients
        for group in (group for optimizer in self.optimizers.values() for group in optimizer.param_groups):
            group["initial_lr"] = group["lr"]
        own_noise = any(
            isinstance(m, nn.modules.dropout._DropoutNd)
            for name in recipe.published
            for m in self.networks[name].modules()
        )
        self._single = len(self._own_micro_batches) == 1 and not own_noise  # other noise where a batch has more parts
        self.average = WeightAverage({name: self.networks[name] for name in recipe.published}, recipe.ema_half_life)
        self.statistics = RunningStatistics(self.networks)
        self._gathered = [buffer for name, buffer in self.objective.named_buffers() if name.endswith(".gathered")]
        if recipe.compile:
            compile_parts(self.networks)  # after the averages were copied, which stay as they are
        self.streams = {player: ShuffledStream(len(dataset), recipe.seed, player) for player in self.players}
        self.skipped = dict.fromkeys(self.players, 0)  # updates in a row that the fp16 scaler refused, by player
        self.meter = Meter()

    @property
    def players(self) -> tuple[str, ...]:
        """Whose turn it is, turn by turn, in one round. The first player's images are the run's time."""
        return self.objective.players

    @property
    def round_images(self) -> int:
        """How far one round moves the clock."""
        return self.recipe.batch_size * self.players.count(self.players[0])

    def _placed(self, network: nn.Module) -> nn.Module:
        layout = torch.channels_last if self.recipe.channels_last else torch.contiguous_format
        return network.to(self.accelerator.device).to(memory_format=layout).train()

    def play_round(self) -> None:
        """One turn of every player; then the clock and the average move."""
        for turn, player in enumerate(self.players):
            self.recipe.tune(self.optimizers[player], self.images)
            self.objective.begin(turn, self._single)
            self.statistics.begin()
            terms = self._play(turn, player)
            stepped = self._step(player)
            self.statistics.end(self._trained[player] if stepped else set(), self.objective.kept, self.processes.mean)
            if stepped:
                for name in self._trained_by(player):
                    after_update(self.networks[name])
                self.objective.update(player, self.networks)
                self.meter.add(player, terms)
            else:
                self._refuse_endless_skipping(player, terms)
        self.images += self.round_images
        self.average.update(self.images, self.round_images)

    def _play(self, turn: int, player: str) -> dict[str, torch.Tensor]:
        """Accumulate the gradients of one turn over all processes; returns the mean of each term."""
        size = self._micro_batch_size
        micro_batches = self.recipe.batch_size // size
        self._focus({player, *self.objective.kept})
        for buffer in self._gathered:
            buffer.zero_()
        sums: dict[str, torch.Tensor] = {}
        for index in self._own_micro_batches:
            indices = self.streams[player].indices(self._position(turn, player) + index * size, size)
            seed_noise(self.recipe.seed, self.images, turn, index)
            batch = self.dataset.batch(indices, self.accelerator.device, self.recipe.channels_last)
            with self._autocast:
                terms = getattr(self.objective, player)(self.networks, batch)
            self._backward(sum(terms.values()) / micro_batches)
            for name, term in terms.items():
                sums[name] = sums.get(name, 0) + term.detach().float() / micro_batches
        self.processes.sum(
            [
                *(weight.grad for weight in self._weights[player] if weight.grad is not None),
                *sums.values(),
                *self._gathered,
            ]
        )
        return sums

    def _backward(self, loss: torch.Tensor) -> None:
        """Scaled in fp16."""
        scaler = self.accelerator.scaler
        (loss if scaler is None else scaler.scale(loss)).backward()

    def _position(self, turn: int, player: str) -> int:
        """Where in its stream of images a player stands: it has taken `batch_size` in each of its turns so far."""
        rounds = self.images // self.round_images
        turns = rounds * self.players.count(player) + self.players[:turn].count(player)
        return turns * self.recipe.batch_size

    def _focus(self, players: set[str]) -> None:
        """Let gradients flow into the weights of these players only: the others' are neither needed nor paid for."""
        if players == self._in_focus:
            return
        self._in_focus = players
        for network in self.networks.values():
            network.requires_grad_(False)
        for player in players:
            for weight in self._weights[player]:
                weight.requires_grad_(True)

    def _trained_by(self, player: str) -> set[str]:
        """The networks that a player's optimizer moves."""
        own = {id(weight) for weight in self._weights[player]}
        return {name for name, network in self.networks.items() if any(id(p) in own for p in network.parameters())}

    def _step(self, player: str) -> bool:
        """Move the player's weights by their gradients; returns False when the fp16 scaler refused to, because they
        overflowed.
        """
        optimizer, scaler = self.optimizers[player], self.accelerator.scaler
        if self.recipe.max_grad_norm is not None:
            if scaler is not None:
                scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(self._weights[player], self.recipe.max_grad_norm)
        stepped = _step(optimizer, scaler)
        optimizer.zero_grad()
        self.skipped[player] = 0 if stepped else self.skipped[player] + 1
        return stepped

    def _refuse_endless_skipping(self, player: str, terms: Mapping[str, torch.Tensor]) -> None:
        if self.skipped[player] >= PATIENCE:
            bad = [f"{player}/{name}" for name, term in terms.items() if not math.isfinite(term.item())] or [
                f"the gradient of {player}"
            ]
            fact = f"{', '.join(bad)} overflowed fp16 in {PATIENCE} updates in a row, before image {self.images:,}"
            raise FloatingPointError(fact, "mixed_precision=bf16 or no")

    def start_from(self, source: Mapping[str, nn.Module]) -> None:
        """Begin with the weights of `source`, by network name."""
        start_from(self.networks, source, self.recipe.init)
        self.average.restart(self.networks)

    def published(self) -> dict[str, nn.Module]:
        """All networks, with the averaged ones in place of the trained ones."""
        return {**self.networks, **self.average.networks}

    def pipeline(self) -> Any:
        """The recipe's pipeline around the published networks as they are now."""
        pipeline = self.recipe.pipeline(self.published())
        pipeline.register_to_config(
            _name_or_path=str(self.directory.pipeline)
        )  # so that pictures name the run they come from
        return pipeline

    def log(self, record: dict[str, float]) -> None:
        """Add a line to the log, and to the trackers that were asked for."""
        if self.processes.is_main:
            self.directory.append_log({"images": self.images, **record})
        self.accelerator.log(record, step=self.images)

    def refuse_bad_weights(self) -> None:
        """Raise `FloatingPointError` when a weight is no number: a checkpoint never replaces a good one with that."""
        for name, network in self.networks.items():
            for key, tensor in network.state_dict().items():
                if not torch.isfinite(tensor).all():
                    raise FloatingPointError(f"{name}.{key} is not finite after image {self.images:,}")

    def tensors(self) -> Tensors:
        """Every tensor that the rest of the run depends on, by file."""
        modules = {
            "networks": self.networks,
            "averages": self.average.networks,
            "objective": {"objective": self.objective},
        }
        groups = {
            group: {
                f"{name}/{key}": tensor
                for name, module in members.items()
                for key, tensor in module.state_dict().items()
            }
            for group, members in modules.items()
        }
        groups["optimizers"] = {
            f"{n}/{key}": tensor for n, o in self.optimizers.items() for key, tensor in optimizer_tensors(o).items()
        }
        return {group: tensors for group, tensors in groups.items() if tensors}

    def facts(self) -> dict[str, Any]:
        """Every number that the rest of the run depends on, beside the tensors."""
        scaler = self.accelerator.scaler
        return {
            "format": FORMAT,
            "images": self.images,
            "skipped": self.skipped,
            "data_fingerprint": self.dataset.fingerprint,
            "scaler": scaler.state_dict() if scaler is not None else None,
            "meter": self.meter.state(),
        }

    def restore(self, tensors: Tensors, facts: dict[str, Any]) -> None:
        """Stand where `tensors` and `facts` were taken."""
        if facts.get("format") != FORMAT:
            raise ValueError(
                f"{self.directory.path} was trained by another version of hf_genimg, which kept its state otherwise; name another --out"
            )
        if facts["data_fingerprint"] != self.dataset.fingerprint:
            raise ValueError(
                f"the pictures in data={self.recipe.data} are not those that this run began with; name another --out"
            )
        self.images, self.skipped = facts["images"], facts["skipped"]
        modules = {
            "networks": self.networks,
            "averages": self.average.networks,
            "objective": {"objective": self.objective},
        }
        for group, members in modules.items():
            for name, module in members.items():
                module.load_state_dict(_below(tensors.get(group, {}), name))
        for name, optimizer in self.optimizers.items():
            restore_optimizer(optimizer, _below(tensors.get("optimizers", {}), name))
        if self.accelerator.scaler is not None:
            self.accelerator.scaler.load_state_dict(facts["scaler"])
        self.meter.restore(facts["meter"], self.images, self.accelerator.device)


def _step(optimizer: torch.optim.Optimizer, scaler: Any) -> bool:
    """One step by the gradients; returns False where the scaler refused it, which halves its scale, down to zero."""
    if scaler is None:
        optimizer.step()
        return True
    scale = scaler.get_scale()
    scaler.step(optimizer)
    scaler.update()
    return not (scaler.get_scale() < scale or scaler.get_scale() == 0)


def micro_batch_size(recipe: Recipe, processes: int) -> int:
    """Images a backward pass: what the recipe says, otherwise the share of the batch that one of `processes` has.

    Raises `ValueError` when the processes cannot share a batch evenly.
    """
    size = recipe.micro_batch_size or recipe.batch_size // processes
    if size == 0 or recipe.batch_size % (size * processes):
        parts = f" in micro-batches of {recipe.micro_batch_size}" if recipe.micro_batch_size else ""
        unit = (recipe.micro_batch_size or 1) * processes
        raise ValueError(
            f"batch_size={recipe.batch_size}{parts} cannot be shared evenly by {processes} processes; use a multiple of {unit}"
        )
    return size


def _below(tensors: dict[str, torch.Tensor], name: str) -> dict[str, torch.Tensor]:
    """The tensors under `name/`, without that prefix."""
    return {key.removeprefix(f"{name}/"): tensor for key, tensor in tensors.items() if key.startswith(f"{name}/")}
