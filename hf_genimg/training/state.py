"""The state of a run in memory: everything that changes while training, and one training step."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn

from .average import WeightAverage
from .checkpoint import Tensors, digest_of, optimizer_tensors, restore_optimizer
from .device import autocast, compile_parts, seed_noise
from .meter import Meter
from .moving import MovingParts
from .noise import is_noisy
from .privacy import PrivateUpdates
from .processes import Processes, micro_batch_size
from .recipe import Recipe
from .run_directory import RunDirectory
from .sampler import ShuffledStream
from .warm_start import start_from

FORMAT = 3  # of a checkpoint; a higher one when what is in it changes, or how a run goes on from it
READABLE = (2, 3)  # 2 had no checksums and no frozen networks
FACTS = ("format", "images", "skipped", "data_fingerprint", "scaler", "meter", "callbacks")  # in every checkpoint
PATIENCE = 20  # updates in a row that the fp16 scaler may skip before the run counts as diverged


class Run:
    """The networks, optimizers and clock of `recipe` after `images` images.

    networks: those that are trained, by name. frozen: those that never change (feature networks and the like), which
    the objective is given beside them, and no checkpoint holds.
    """

    def __init__(self, recipe: Recipe, directory: RunDirectory, dataset: Any, accelerator: Accelerator) -> None:
        self.recipe, self.directory, self.dataset, self.accelerator = recipe, directory, dataset, accelerator
        self.processes, self._autocast = Processes(accelerator), autocast(accelerator)
        self._micro_batch_size = micro_batch_size(recipe, self.processes.count)
        self._own_micro_batches = self.processes.share(recipe.batch_size // self._micro_batch_size)
        self.images = 0
        seed_noise("build", recipe.seed)
        self.networks = {name: self._placed(network).train() for name, network in recipe.networks().items()}
        self.objective = recipe.objective().to(accelerator.device)
        self.optimizers = recipe.optimizers(self.networks)  # bare: Accelerate's wrapper searches the disk in every step
        seed_noise("frozen", recipe.seed)
        self.frozen = {name: self._placed(network).eval() for name, network in recipe.frozen().items()}
        refuse_unmet_conditions(recipe, self.networks, self.objective, dataset)
        self._frozen_digests = {name: digest_of(network) for name, network in self.frozen.items()}
        for network in self.frozen.values():
            network.requires_grad_(False)
        self._all_networks = {**self.networks, **self.frozen}
        self._weights = {
            name: [p for group in o.param_groups for p in group["params"]] for name, o in self.optimizers.items()
        }
        self._trained = {name: self._trained_by(name) for name in self.optimizers}
        self._with_gradients: tuple[str, Collection[str]] | None = None  # whose weights ask for gradients
        for group in (group for optimizer in self.optimizers.values() for group in optimizer.param_groups):
            group["initial_lr"] = group["lr"]
        # A second forward would draw other noise where a batch has more parts.
        noisy = any(is_noisy(self.networks[name]) for name in recipe.published)
        self._reuse = len(self._own_micro_batches) == 1 and not noisy
        self.average = WeightAverage({name: self.networks[name] for name in recipe.published}, recipe.ema_half_life)
        self.moving = MovingParts(self.networks, self.objective)
        if recipe.compile:
            compile_parts(self.networks)  # after the averages were copied, which stay as they are
        self.streams = {
            (player, side): ShuffledStream(length, recipe.seed, player if side == "images" else f"{player}/{side}")
            for player in self.players
            for side, length in dataset.sides.items()
        }
        self.skipped = dict.fromkeys(self.players, 0)  # updates in a row that the fp16 scaler refused, by player
        self.private = self._private_updates()
        self.meter = Meter()

    def _private_updates(self) -> PrivateUpdates | None:
        """Raises `ValueError` for several processes."""
        privacy = self.recipe.privacy()
        if privacy is None:
            return None
        if self.processes.count > 1:
            raise ValueError(f"dp_noise needs one process, and there are {self.processes.count}; launch one")
        weights = self._weights[privacy.player]
        return PrivateUpdates(privacy, self.networks, weights, len(self.dataset), self.recipe.batch_size)

    @property
    def precision(self) -> str:
        """What it computes in: no (float32), bf16 or fp16."""
        return self.accelerator.mixed_precision

    @property
    def players(self) -> tuple[str, ...]:
        """Whose update it is, one after another, in one training step. The first player's images are the run's time."""
        return self.objective.players

    @property
    def step_images(self) -> int:
        """How many images one training step takes."""
        return self.recipe.batch_size * self.players.count(self.players[0])

    def _placed(self, network: nn.Module) -> nn.Module:
        layout = torch.channels_last if self.recipe.channels_last else torch.contiguous_format
        return network.to(self.accelerator.device).to(memory_format=layout)

    def training_step(self) -> None:
        """One update of every player, then the clock and the average move."""
        self.recipe.advance(self.networks, self.images)
        for turn, player in enumerate(self.players):
            self.recipe.tune(self.optimizers[player], self.images)
            self.objective.begin(self._step_of(turn, player))
            self.moving.begin()
            terms = self._accumulate(turn, player)
            stepped = self._update(player)
            self.moving.end(self._trained[player] if stepped else (), self.objective.shared, self.processes.mean)
            if stepped:
                self.objective.update(player, self._all_networks)
                self.meter.add(player, terms)
            else:
                self._refuse_endless_skipping(player, terms)
        self.images += self.step_images
        self.average.update(self.images, self.step_images)

    def _step_of(self, turn: int, player: str) -> Any:
        """The objective's record of an update, filled in."""
        return replace(
            self.objective.step,
            images=self.images,
            share=self.images / self.recipe.images,
            player=player,
            turn=turn,
            batch_size=self.recipe.batch_size,
            offset=0,
            reuse=self._reuse,
            processes=self.processes.count,
            optimizers=self.optimizers,
        )

    def _accumulate(self, turn: int, player: str) -> dict[str, torch.Tensor]:
        """Accumulate the gradients of one update over all processes; returns the mean of each term."""
        if self.private is not None and self.private.privacy.player == player:
            return self._accumulate_privately(turn, player)
        size = self._micro_batch_size
        micro_batches = self.recipe.batch_size // size
        self._ask_gradients(player, self.objective.shared)
        sums: dict[str, torch.Tensor] = {}
        for index in self._own_micro_batches:
            batch = self._batch(player, self._position(turn, player) + index * size, (turn, index))
            if index:
                self.objective.begin(replace(self.objective.step, offset=index * size))
            with self._autocast:
                terms = getattr(self.objective, player)(self._all_networks, batch)
            self._backward(sum(terms.values()) / micro_batches)
            for name, term in terms.items():
                sums[name] = sums.get(name, 0) + term.detach().float() / micro_batches
        gradients = [weight.grad for weight in self._weights[player] if weight.grad is not None]
        self.processes.sum([*gradients, *sums.values(), *self.moving.gathered(self._trained[player])])
        return sums

    def _accumulate_privately(self, turn: int, player: str) -> dict[str, torch.Tensor]:
        """The same with differential privacy. Returns the terms that need no data: nobody may see losses of the data
        without noise.
        """
        self._ask_gradients(player, self.objective.shared)

        def batches() -> Iterator[dict[str, torch.Tensor]]:
            for index, chosen in enumerate(self.private.chosen().split(self._micro_batch_size)):
                if len(chosen):
                    seed_noise(self.recipe.seed, self.images, turn, index)
                    seeds = self.private.seeds(chosen)
                    yield self.dataset.batch(chosen, self.accelerator.device, self.recipe.channels_last, seeds)

        self.private.accumulate(self._loss_of(self.objective.private_terms, player), batches())
        return self._accumulate_public(turn, player)

    def _loss_of(self, terms: Callable[..., Mapping[str, torch.Tensor]], player: str) -> Callable[..., torch.Tensor]:
        """The sum of the terms of a batch, as a function of the trained networks and the batch."""
        return lambda networks, batch: sum(terms(player, {**self.frozen, **networks}, batch).values())

    def _accumulate_public(self, turn: int, player: str) -> dict[str, torch.Tensor]:
        """Add the gradients of the terms that need no data, on as many images as take part in the mean."""
        size, sums = self._micro_batch_size, {}
        parts = self.recipe.batch_size // size
        for index in range(parts):
            seed_noise(self.recipe.seed, self.images, turn, index, "public")
            batch = self.objective.public_batch(player, self._all_networks, size)
            if batch is None:
                break
            terms = self.objective.public_terms(player, self._all_networks, batch)
            if self.private.privacy.clip_public:
                self.private.add_public(self._loss_of(self.objective.public_terms, player), [batch])
            else:
                self._backward(sum(terms.values()) / parts)
            for name, term in terms.items():
                sums[name] = sums.get(name, 0) + term.detach().float() / parts
        return sums

    def _batch(self, player: str, start: int, key: tuple[int, int]) -> dict[str, torch.Tensor]:
        """One micro-batch from position `start` of the player's streams; seeds its noise by `key`."""
        size, sides = self._micro_batch_size, self.dataset.sides
        indices = {side: self.streams[player, side].indices(start, size) for side in sides}
        seeds = self.streams[player, next(iter(sides))].seeds(start, size)
        seed_noise(self.recipe.seed, self.images, *key)
        chosen = next(iter(indices.values())) if len(indices) == 1 else indices
        return self.dataset.batch(chosen, self.accelerator.device, self.recipe.channels_last, seeds)

    def _backward(self, loss: torch.Tensor) -> None:
        """Scaled in fp16."""
        scaler = self.accelerator.scaler
        (loss if scaler is None else scaler.scale(loss)).backward()

    def _position(self, turn: int, player: str) -> int:
        """How many images of its stream a player has taken: `batch_size` in each of its updates so far."""
        steps = self.images // self.step_images
        updates = steps * self.players.count(player) + self.players[:turn].count(player)
        return updates * self.recipe.batch_size

    def _ask_gradients(self, player: str, shared: Collection[str]) -> None:
        """Let gradients flow into the weights of this player and of the shared networks only: the others' are neither
        needed nor paid for.
        """
        if (player, shared) == self._with_gradients:
            return
        self._with_gradients = player, shared
        for network in self.networks.values():
            network.requires_grad_(False)
        trainable = {id(weight) for weights in self._weights.values() for weight in weights}
        wanted = [*self._weights[player], *(p for name in shared for p in self.networks[name].parameters())]
        for weight in wanted:
            weight.requires_grad_(id(weight) in trainable)

    def _trained_by(self, player: str) -> set[str]:
        """The networks that a player's optimizer updates."""
        own = {id(weight) for weight in self._weights[player]}
        return {name for name, network in self.networks.items() if any(id(p) in own for p in network.parameters())}

    def _update(self, player: str) -> bool:
        """Update the player's weights by their gradients; returns False when the fp16 scaler refused to, because they
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
        """All networks, with the averaged ones in place of the trained ones, and the frozen ones."""
        return {**self._all_networks, **self.average.networks}

    def pipeline(self) -> Any:
        """The recipe's pipeline around the published networks as they are now."""
        pipeline = self.recipe.pipeline(self.published())
        pipeline.register_to_config(
            _name_or_path=str(self.directory.pipeline)
        )  # so that pictures name the run they come from
        return pipeline

    def log(self, record: dict[str, Any]) -> None:
        """Add a line to the log, and to the trackers that were asked for."""
        if self.processes.is_main:
            self.directory.append_log({"images": self.images, **record})
        self.accelerator.log(record, step=self.images)

    def refuse_bad_weights(self) -> None:
        """Raise `FloatingPointError` when a weight is not finite: a checkpoint never replaces a good one with that."""
        for name, network in self.networks.items():
            for key, tensor in network.state_dict().items():
                if not torch.isfinite(tensor).all():
                    raise FloatingPointError(f"{name}.{key} is not finite after image {self.images:,}")

    def _modules(self) -> dict[str, Mapping[str, nn.Module]]:
        """What a checkpoint holds besides optimizers, by file."""
        return {
            "networks": self.networks,
            "averages": self.average.networks,
            "objective": {"objective": self.objective},
        }

    def tensors(self) -> Tensors:
        """Every tensor that the rest of the run depends on, by file."""
        groups = {
            group: {
                f"{name}/{key}": tensor
                for name, module in members.items()
                for key, tensor in module.state_dict().items()
            }
            for group, members in self._modules().items()
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
            "precision": self.precision,
            "skipped": self.skipped,
            "data_fingerprint": self.dataset.fingerprint,
            "frozen": self._frozen_digests,
            "scaler": scaler.state_dict() if scaler is not None else None,
            "meter": self.meter.state(),
            **({"privacy": self.private.state()} if self.private is not None else {}),
        }

    def restore(self, tensors: Tensors, facts: dict[str, Any]) -> None:
        """Go back to where `tensors` and `facts` were taken."""
        if facts.get("format") not in READABLE:
            raise ValueError(
                f"{self.directory.path} was trained by another version of hf_genimg, which kept its state otherwise; "
                "name another --out"
            )
        if facts["data_fingerprint"] != self.dataset.fingerprint:
            raise ValueError(
                f"the pictures in data={self.recipe.data} are not those that this run began with; name another --out"
            )
        self._refuse_other_frozen(facts.get("frozen", {}))
        self.images, self.skipped = facts["images"], facts["skipped"]
        for group, members in self._modules().items():
            for name, module in members.items():
                module.load_state_dict(_below(tensors.get(group, {}), name))
        for name, optimizer in self.optimizers.items():
            restore_optimizer(optimizer, _below(tensors.get("optimizers", {}), name))
        if self.accelerator.scaler is not None:
            self.accelerator.scaler.load_state_dict(facts["scaler"])
        self.meter.restore(facts["meter"], self.images, self.accelerator.device)
        if self.private is not None:
            self.private.restore(facts["privacy"])

    def _refuse_other_frozen(self, digests: Mapping[str, str]) -> None:
        for name in sorted(digests.keys() | self._frozen_digests.keys()):
            if digests.get(name) != self._frozen_digests.get(name):
                raise ValueError(
                    f"the frozen network {name} is not the one that {self.directory.path} began with (sha256 "
                    f"{self._frozen_digests.get(name, 'none')[:12]}, was {digests.get(name, 'none')[:12]}); "
                    "give the same weights, or name another --out"
                )


def refuse_unmet_conditions(
    recipe: Recipe, networks: Mapping[str, nn.Module], objective: nn.Module, dataset: Any
) -> None:
    """Raise `ValueError` when a network is conditioned on something that the data does not have."""
    declared = [condition for network in networks.values() for condition in getattr(network, "conditions", ())]
    missing = sorted(set(declared) - {"strength"} - set(objective.provided) - set(dataset.conditions))
    if missing:
        has = ", ".join(dataset.conditions) or "nothing"
        raise ValueError(
            f"{recipe.name} is conditioned on {', '.join(missing)}, and data={recipe.data} has {has} beside its "
            "images; "
            "give data that has them, or use another recipe"
        )


def _step(optimizer: torch.optim.Optimizer, scaler: Any) -> bool:
    """One step by the gradients; returns False where the scaler refused it, which halves its scale, down to zero."""
    if scaler is None:
        optimizer.step()
        return True
    scale = scaler.get_scale()
    scaler.step(optimizer)
    scaler.update()
    return not (scaler.get_scale() < scale or scaler.get_scale() == 0)


def _below(tensors: dict[str, torch.Tensor], name: str) -> dict[str, torch.Tensor]:
    """The tensors under `name/`, without that prefix."""
    return {key.removeprefix(f"{name}/"): tensor for key, tensor in tensors.items() if key.startswith(f"{name}/")}
