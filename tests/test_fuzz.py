"""Seeded damage to every file that is read besides data (tests/data/test_damage.py has those): what comes of it is one
line, or is read; nothing hangs, starts a program, is unpickled or is written elsewhere.
"""

from __future__ import annotations

import json
import os
import shutil
import warnings
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, PngImagePlugin

import hf_genimg
from hf_genimg.cli import main
from hf_genimg.commands.pictures import read_picture
from hf_genimg.evaluation.frechet import Statistics, is_statistics
from hf_genimg.evaluation.page import read_log
from hf_genimg.evaluation.scores import Report
from hf_genimg.faults import FAULT, last_line
from hf_genimg.features.files import read_state_dict
from hf_genimg.hub.card import write_card
from hf_genimg.hub.convert import convert
from hf_genimg.hub.verify import verify
from hf_genimg.recipes import recipe_class
from hf_genimg.training.checkpoint import current_checkpoint, load_checkpoint
from hf_genimg.training.run_directory import RunDirectory
from hf_genimg.training.state import FACTS

from .damage import Watch, damaged, damaged_json
from .hub.foreign_networks import ConvGAN, DenseGAN, DenseVAE, HalvingVAE, PlainLeNet

GENERATOR = "pipeline/generator/diffusion_pytorch_model.safetensors"
WATCH = Watch()
Change = Callable[[bytes, np.random.Generator], bytes]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with scores, and beside its files a picture with a note, statistics and checkpoints of others."""
    run = tmp_path_factory.mktemp("fuzz") / "run"
    assert main(["train", "mlp_gan", "--smoke", "--out", str(run)]) == 0
    scores = {"fid": {"value": 1.0, "low": 0.5, "high": 1.5}, "kid": {"value": 0.1, "low": 0.0, "high": 0.2}}
    protocol = {"reference": "digits", "split": "train", "num_fake": 64, "num_real": 64, "extractor": "digits"}
    report = {"protocol": protocol, "scores": scores, "source": {"model": "x"}, "skipped": {"recall": "few"}}
    (run / "scores.json").write_text(json.dumps({**report, "diagnosis": None}))
    Report.load(run / "scores.json")
    note = PngImagePlugin.PngInfo()
    note.add_text("hf_genimg", json.dumps({"model": "a/b", "revision": "c", "seed": 3}))
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    Image.fromarray(noise).save(run / "x.png", pnginfo=note)
    Image.fromarray(noise[..., 0] // 128 * 255).convert("1").save(run / "mask.png")
    Statistics(np.zeros(8), np.eye(8)).save(run / "x.npz")
    state = foreign()
    torch.save({"generator": state, "g_ema": state, "step": 3}, run / "x.pth")
    torch.save({"generator": state}, run / "old.pth", _use_new_zipfile_serialization=False)
    torch.save(state, run / "plain.pth")
    return run


def foreign() -> dict[str, torch.Tensor]:
    layers = torch.nn.Sequential(torch.nn.Linear(16, 32), torch.nn.ReLU(), torch.nn.Linear(32, 64), torch.nn.Tanh())
    return layers.state_dict()


def load(run: Path) -> None:
    hf_genimg.load(run)(2, seed=0, output_type="np")


def state(run: Path) -> None:
    load_checkpoint(current_checkpoint(run / "state") or run / "state" / "64", FACTS)


def recipe(run: Path) -> None:
    RunDirectory(run, recipe_class("mlp_gan")().smoke())


def log(run: Path) -> None:
    read_log(run / "log.jsonl")
    directory = RunDirectory(run, recipe_class("mlp_gan")().smoke())
    directory.records()
    directory.rewind(64)


def convert_to(name: str) -> Callable[[Path], None]:
    return lambda run: convert(run / name, "mlp_gan", run / "converted", ["image_size=8", "image_channels=1"])


def statistics(run: Path) -> None:
    is_statistics(str(run / "x.npz"))
    Statistics.load(run / "x.npz")


def look(run: Path) -> None:
    str(verify(run / "x.png", read_picture(run / "x.png")))


CARD_FILES = {"recipe.json": damaged, "machine.json": damaged, "scores.json": damaged_json, "log.jsonl": damaged}
READERS: dict[str, tuple[str, Change, Callable[[Path], object]]] = {
    "weights": (GENERATOR, damaged, load),
    "config bytes": ("pipeline/generator/config.json", damaged, load),
    "config": ("pipeline/generator/config.json", damaged_json, load),
    "index bytes": ("pipeline/model_index.json", damaged, load),
    "index": ("pipeline/model_index.json", damaged_json, load),
    "recipe bytes": ("recipe.json", damaged, recipe),
    "recipe": ("recipe.json", damaged_json, recipe),
    "log": ("log.jsonl", damaged, log),
    "pointer": ("state/current", damaged, state),
    "state.json": ("state/64/state.json", damaged_json, state),
    "state": ("state/64/networks.safetensors", damaged, state),
    "scores bytes": ("scores.json", damaged, lambda run: Report.load(run / "scores.json").table()),
    "scores": ("scores.json", damaged_json, lambda run: Report.load(run / "scores.json").table()),
    "statistics": ("x.npz", damaged, statistics),
    "zipped checkpoint": ("x.pth", damaged, convert_to("x.pth")),
    "older checkpoint": ("old.pth", damaged, convert_to("old.pth")),
    "extractor": ("plain.pth", damaged, lambda run: read_state_dict(run / "plain.pth")),
    "mask": ("mask.png", damaged, lambda run: read_picture(run / "mask.png")),
    "note": ("x.png", damaged, look),
    **{f"card of {name}": (name, change, write_card) for name, change in CARD_FILES.items()},
}
ALWAYS_READ = ("log", "card of log.jsonl")  # the lines before the damage count


def survive(kind: str, whole: Path, folder: Path, seeds: range) -> int:
    """How many damaged files are refused; any other error than a mistake in one line fails the test."""
    name, change, read = READERS[kind]
    refused = 0
    for seed in seeds:
        run = folder / "run"
        shutil.rmtree(run, ignore_errors=True)
        shutil.copytree(whole, run)
        random = np.random.default_rng((seed, zlib.crc32(kind.encode())))
        (run / name).write_bytes(change((whole / name).read_bytes(), random))
        with warnings.catch_warnings(), WATCH.only_in(folder, Path(os.environ["HF_GENIMG_CACHE"])):
            warnings.simplefilter("ignore")
            try:
                read(run)
            except Exception as error:
                line, status = last_line(error)
                assert status != FAULT and line.strip() and "\n" not in line, f"{kind}, seed {seed}: {error!r}"
                refused += 1
    return refused


@pytest.mark.parametrize("kind", READERS)
def test_damaged_files_are_one_line(kind: str, whole: Path, tmp_path: Path) -> None:
    assert survive(kind, whole, tmp_path, range(14)) > (0 if kind not in ALWAYS_READ else -1)


@pytest.mark.slow  # minutes
@pytest.mark.parametrize("kind", READERS)
def test_very_many_damaged_files(kind: str, whole: Path, tmp_path: Path) -> None:
    survive(kind, whole, tmp_path, range(14, 400))


@pytest.mark.parametrize("name", ["state/current", "state/64/state.json", "recipe.json", "log.jsonl"])
def test_the_command_line_says_one_line_of_a_damaged_run(
    name: str, whole: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for seed in range(2):
        run = Path(shutil.copytree(whole, tmp_path / str(seed)))
        (run / name).write_bytes(damaged((whole / name).read_bytes(), np.random.default_rng(seed)))
        with warnings.catch_warnings():
            warnings.simplefilter("always", UserWarning)  # the command prints them
            status = main(["train", "mlp_gan", "--smoke", "--out", str(run)])
        output = capfd.readouterr().err
        assert status in (0, 1) and "Traceback" not in output
        assert status == 0 or output.splitlines()[-1].startswith("hf-genimg: ")


def changed_state(state: dict[str, torch.Tensor], random: np.random.Generator) -> dict[str, object]:
    """A state dict of which some tensors have other shapes, types, values or names, or are none."""
    found: dict[str, object] = dict(state)
    for _ in range(int(random.integers(1, 4))):
        name = list(found)[int(random.integers(len(found)))]
        tensor = torch.atleast_1d(state.get(name, torch.zeros(3)))
        changes: list[object] = [
            *(
                tensor.reshape(-1),
                tensor[None],
                tensor.reshape(-1)[:0],
                torch.tensor(1e30),
                torch.cat([tensor, tensor]),
            ),
            *(
                tensor.transpose(0, -1),
                tensor[: len(tensor) // 2],
                tensor.bool(),
                tensor.to(torch.complex64),
                tensor / 0,
            ),
            *(None, "text", {name: tensor}, tensor.to(torch.bfloat16), torch.zeros(1).expand(2**20, 2**10)),
        ]
        kind = int(random.integers(len(changes) + 3))
        if kind < len(changes):
            found[name] = changes[kind]
        elif kind == len(changes) and len(found) > 1:
            del found[name]
        else:
            found[name.upper() if kind % 2 else f"{name}_orig"] = found.pop(name)
    return found


FOREIGN: dict[str, Callable[[], torch.nn.Module]] = {
    "mlp_gan": DenseGAN,
    "dcgan": ConvGAN,
    "mlp_vae": DenseVAE,
    "conv_vae": HalvingVAE,
    "classifier": partial(PlainLeNet, 1),
}


def convert_changed(family: str, folder: Path, seeds: range) -> int:
    """How many changed state dicts of a foreign network are refused; anything else than a line fails the test."""
    torch.manual_seed(0)
    state, refused = FOREIGN[family]().state_dict(), 0
    for seed in seeds:
        torch.save(changed_state(state, np.random.default_rng(seed)), folder / "x.pth")
        shutil.rmtree(folder / "out", ignore_errors=True)
        with warnings.catch_warnings(), WATCH.only_in(folder, Path(os.environ["HF_GENIMG_CACHE"])):
            warnings.simplefilter("ignore")
            try:
                convert(folder / "x.pth", family, folder / "out")
            except Exception as error:
                line, status = last_line(error)
                assert status != FAULT and line.strip() and "\n" not in line, f"seed {seed}: {error!r}"
                refused += 1
    return refused


@pytest.mark.parametrize("family", FOREIGN)
def test_changed_tensors_of_others_are_one_line(family: str, tmp_path: Path) -> None:
    assert convert_changed(family, tmp_path, range(12)) > 0


@pytest.mark.slow  # minutes
@pytest.mark.parametrize("family", FOREIGN)
def test_very_many_changed_tensors_of_others(family: str, tmp_path: Path) -> None:
    convert_changed(family, tmp_path, range(12, 200))


def test_the_watch_sees_what_it_is_for(tmp_path: Path) -> None:
    for act in (
        lambda: (tmp_path / "x").write_text("x"),
        lambda: os.posix_spawn("/bin/true", ["true"], {}),
        lambda: torch.load(tmp_path / "y.pth", weights_only=False),
    ):
        torch.save([np.dtype("int8")], tmp_path / "y.pth")
        with pytest.raises(AssertionError), WATCH.only_in(tmp_path / "elsewhere"):
            act()
    with WATCH.only_in(tmp_path):
        (tmp_path / "x").write_text("x")
