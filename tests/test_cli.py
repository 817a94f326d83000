"""The command line as a user types it: what it makes, and one line for each mistake."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import fields
from pathlib import Path

import diffusers
import numpy as np
import pytest
from PIL import Image

from hf_genimg.cli import main, one_line_warnings
from hf_genimg.listing import KINDS
from hf_genimg.pipelines.provenance import read_provenance
from hf_genimg.recipes import recipe_class, recipe_names


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    for name in ("dcgan", "mlp_vae"):
        assert main(["train", name, "--smoke", "--out", str(folder / name)]) == 0
    return folder


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.fromarray(np.arange(24 * 20, dtype=np.uint8).reshape(24, 20)).save(tmp_path / "letter.png")
    return tmp_path / "letter.png"


def pixels(file: Path) -> bytes:
    with Image.open(file) as image:
        return image.tobytes()


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line that a command prints when it refuses."""
    assert main([str(argument) for argument in arguments]) != 0
    captured = capsys.readouterr()
    lines = captured.err.strip().splitlines()
    assert len(lines) == 1, captured.err
    assert lines[0].startswith("hf-genimg: ")
    assert captured.out == ""
    return lines[0].removeprefix("hf-genimg: ")


def test_list_shows_every_recipe_model_and_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    everything = capsys.readouterr().out
    for word in (*recipe_names(), "DCGANGenerator", "MLPVAE", "digits", "FOLDER"):
        assert word in everything
    assert main(["list", "recipes"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.strip().splitlines()] == recipe_names()
    kinds, names = "recipes, models, data, metrics, extractors", ", ".join(recipe_names())
    message = f"'colours' cannot be listed; use one of {kinds}, or a recipe: {names}"
    assert refusal(capsys, "list", "colours") == message


def test_list_describes_a_recipe_and_each_of_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "dcgan"]) == 0
    text, _, table = capsys.readouterr().out.partition("\n\nfields:\n")
    assert text == recipe_docstring("dcgan")
    rows = [row.strip() for row in table.splitlines()]
    assert [row.partition("=")[0] for row in rows[:4]] == [
        "image_size",
        "images",
        "width",
        "normalization",
    ]  # its own come first
    assert sorted(row.partition("=")[0] for row in rows) == sorted(
        field.name for field in fields(recipe_class("dcgan"))
    )
    lines = [re.split(r"  +", row) for row in rows]
    assert [
        "width=32",
        "a whole number",
        "channels of the largest feature map; the paper's networks have 64 (128 for its widest)",
    ] in lines
    assert [
        "channels_last=true",
        "true or false",
        "memory layout of images and convolution weights",
    ] in lines  # the comment is inherited
    assert ["images=240000", "a whole number", "length of the run"] in lines
    assert ["micro_batch_size=none", "a whole number or none", "images a backward pass; none: the whole batch"] in lines


def recipe_docstring(name: str) -> str:
    return sys.modules[recipe_class(name).__module__].__doc__.strip()


def test_list_describes_a_recipe_of_your_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = tmp_path / "mine.py"
    recipe.write_text(OWN_RECIPE.replace("= 4", "= 4  # über all"))
    assert main(["list", str(recipe)]) == 0
    first, _, rest = capsys.readouterr().out.partition("\n\nfields:\n")
    assert first == "Mine."
    assert re.split(r"  +", rest.splitlines()[0].strip()) == ["generator_width=4", "a whole number", "über all"]


OWN_RECIPE = (
    '"""Mine."""\nfrom dataclasses import dataclass\nfrom hf_genimg.recipes.mlp_gan import MLPGAN\n\n\n'
    "@dataclass(frozen=True, kw_only=True)\nclass Mine(MLPGAN):\n    generator_width: int = 4\n"
)


def test_train_says_in_two_lines_where_things_are_and_what_is_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "mlp_gan", "--smoke", "--out", str(tmp_path / "run"), "images=32", "seed=3"]) == 0
    where, what = capsys.readouterr().out.strip().splitlines()
    assert where.startswith(f"{tmp_path}/run: the model in pipeline/")
    assert what == f"next: hf-genimg sample {tmp_path}/run --num 16 --out pictures"
    assert '"seed": 3' in (tmp_path / "run/recipe.json").read_text()


def test_the_same_command_continues(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for images in (32, 64):
        assert main(["train", "mlp_gan", "--smoke", "--out", str(tmp_path / "run"), f"images={images}"]) == 0
    assert (tmp_path / "run/state/current").read_text().split()[0] == "64"


def test_the_default_folder_is_that_of_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", "mlp_gan", "--smoke"]) == 0
    assert (tmp_path / "runs/mlp_gan-smoke/pipeline/model_index.json").exists()


def test_a_recipe_of_the_users_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = tmp_path / "tiny_gan.py"
    recipe.write_text(OWN_RECIPE)
    assert main(["train", str(recipe), "--smoke", "--out", str(tmp_path / "run")]) == 0
    assert '"recipe": "tiny_gan"' in (tmp_path / "run/recipe.json").read_text()
    capsys.readouterr()
    assert refusal(capsys, "train", tmp_path / "none.py") == f"the recipe file {tmp_path}/none.py is not there"
    recipe.write_text("def broken(:\n")
    assert "does not run: SyntaxError" in refusal(capsys, "train", recipe)
    recipe.write_text("import sys\nsys.exit(3)\n")
    assert refusal(capsys, "train", recipe) == f"the recipe file {recipe} does not run: SystemExit: 3"
    recipe.write_text("x = 1\n")
    assert "defines 0 recipes; it must define one class derived from Recipe" in refusal(capsys, "train", recipe)


def test_sample_one_many_and_a_grid(runs: Path, tmp_path: Path) -> None:
    assert main(["sample", str(runs / "dcgan"), "--num", "3", "--seed", "5", "--out", str(tmp_path / "many")]) == 0
    assert sorted(file.name for file in (tmp_path / "many").iterdir()) == ["seed-5.png", "seed-6.png", "seed-7.png"]
    assert main(["sample", str(runs / "dcgan/pipeline"), "--seed", "6", "--out", str(tmp_path / "one.png")]) == 0
    assert pixels(tmp_path / "one.png") == pixels(tmp_path / "many/seed-6.png")
    assert main(["sample", str(runs / "dcgan"), "--num", "4", "--out", str(tmp_path / "grid.png")]) == 0
    assert len(pixels(tmp_path / "grid.png")) == (2 * 66) ** 2
    note = read_provenance(tmp_path / "many/seed-6.png")
    assert (note["model"], note["seed"], note["truncation"]) == ("dcgan", 6, 1.0)
    assert read_provenance(next((runs / "dcgan/samples").iterdir()))["model"] == "dcgan"


@pytest.mark.parametrize("num", [1, 2])
def test_a_png_in_any_case_is_a_file(num: int, runs: Path, tmp_path: Path) -> None:
    assert main(["sample", str(runs / "dcgan"), "--num", str(num), "--out", str(tmp_path / "X.PNG")]) == 0
    assert (tmp_path / "X.PNG").is_file()


@pytest.mark.parametrize("name", ["x.jpg", "x.JPEG", "x.webp", "x.gif", "x.bmp", "x.tif", "x.tiff"])
def test_no_other_picture_is_written(
    name: str, runs: Path, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / name
    message = f"--out {out}: pictures are written as PNG only; use a name that ends in .png, or a folder"
    assert refusal(capsys, "sample", runs / "dcgan", "--out", out) == message
    for folder in (out, out.with_suffix(".png")):
        message = f"--out {folder} is the name of a picture, and a folder is wanted; leave out {folder.suffix}"
        assert refusal(capsys, "reconstruct", runs / "mlp_vae", picture, "--out", folder) == message
    assert not out.parent.exists()


def test_the_closing_line_can_be_pasted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "mlp_gan", "--smoke", "--out", str(tmp_path / "my run")]) == 0
    command = shlex.split(capsys.readouterr().out.splitlines()[-1].removeprefix("next: hf-genimg "))
    assert main([*command[:-1], str(tmp_path / "pictures")]) == 0
    assert len(list((tmp_path / "pictures").iterdir())) == 16


def test_init_shows_no_bar(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    diffusers.utils.logging.enable_progress_bar()
    assert main(["train", "mlp_vae", "--smoke", f"init={runs / 'mlp_vae'}", "--out", str(tmp_path / "run")]) == 0
    assert "Loading" not in capsys.readouterr().err


def test_a_warm_up_as_long_as_the_run_warns_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert main(["train", "mlp_gan", "--smoke", "warmup_images=64", "--out", str(tmp_path / "run")]) == 0
    warned = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    assert warned == [
        "hf-genimg: warning: warmup_images=64 is not below images=64: the learning rate never reaches its maximum"
    ]


def test_data_that_cannot_fill_a_batch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photos").mkdir()
    for number in range(13):
        Image.new("L", (16, 16), number).save(tmp_path / f"photos/{number}.png")
    command = ["train", "mlp_gan", "image_size=16", f"data={tmp_path}/photos", "--out", tmp_path / "run"]
    assert refusal(capsys, *command).endswith("has 13 images, fewer than batch_size=64; use batch_size=8 or add images")


def test_truncation_reaches_the_latents(runs: Path, tmp_path: Path) -> None:
    for value in ("0", "1"):
        assert (
            main(["sample", str(runs / "dcgan"), "--num", "2", "--truncation", value, "--out", str(tmp_path / value)])
            == 0
        )
    assert [len({pixels(file) for file in (tmp_path / value).iterdir()}) for value in ("0", "1")] == [1, 2]


def test_reconstruct_writes_what_the_autoencoder_makes_of_a_picture(runs: Path, picture: Path, tmp_path: Path) -> None:
    assert main(["reconstruct", str(runs / "mlp_vae"), str(picture), "--out", str(tmp_path / "out")]) == 0
    with Image.open(tmp_path / "out/letter-reconstructed.png") as image:
        assert image.size == (28, 28)
    assert read_provenance(tmp_path / "out/letter-reconstructed.png")["reconstructed"] is True


def test_mistakes_are_one_line(runs: Path, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert f"there is no recipe 'dcgn'; did you mean dcgan?; use one of {', '.join(recipe_names())}, or" in refusal(
        capsys, "train", "dcgn"
    )
    assert "there is no field 'batch'; did you mean batch_size?; the fields are: data, " in refusal(
        capsys, "train", "dcgan", "batch=3"
    )
    assert refusal(capsys, "train", "dcgan", "images=lots") == "images=lots is not right; it must be a whole number"
    assert "image_size=48 is not a size that DCGAN makes" in refusal(
        capsys, "train", "dcgan", "image_size=48", "--out", out
    )
    assert "there is nothing at '/nowhere'" in refusal(capsys, "train", "dcgan", "data=/nowhere", "--out", out)
    assert "digits has no split 'dev'" in refusal(capsys, "train", "dcgan", "data=digits@dev", "--out", out)
    assert "loss='chess' is not known" in refusal(capsys, "train", "dcgan", "loss=chess", "--out", out)
    assert "/nowhere does not exist" in refusal(capsys, "sample", "/nowhere", "--out", out)
    assert "class_labels" in refusal(capsys, "sample", runs / "dcgan", "--label", 3, "--out", out)
    assert "truncation=7" in refusal(capsys, "sample", runs / "dcgan", "--truncation", 7, "--out", out)
    assert "cannot encode pictures" in refusal(capsys, "reconstruct", runs / "dcgan", picture, "--out", out)
    assert "is not a picture that can be read" in refusal(
        capsys, "reconstruct", runs / "mlp_vae", __file__, "--out", out
    )
    good = refusal(capsys, "reconstruct", runs / "mlp_vae", picture, __file__, "--out", out)
    assert "is not a picture that can be read" in good
    assert "which is a file" in refusal(capsys, "sample", runs / "dcgan", "--out", picture / "x")
    assert "use batch_size and micro_batch_size of at least 2" in refusal(
        capsys, "train", "mlp_gan", "batch_size=1", "--out", out
    )
    assert "generator_width=0 must be above 0" in refusal(capsys, "train", "mlp_gan", "generator_width=0", "--out", out)
    assert "would both be written" in refusal(capsys, "reconstruct", runs / "mlp_vae", picture, picture, "--out", out)
    assert "Missing option '--out'" in refusal(capsys, "sample", runs / "dcgan")
    assert "the value of --out is empty; give a value" in refusal(capsys, "sample", runs / "dcgan", "--out", "")
    assert "an argument is empty" in refusal(capsys, "reconstruct", runs / "mlp_vae", "", "--out", out)
    assert "is no file of Python; give one whose name ends in .py" in refusal(
        capsys, "sample", runs / "dcgan", "--out", out, "--code", picture
    )
    assert "nothing can be written in /proc" in refusal(capsys, "sample", runs / "dcgan", "--out", "/proc/x.png")
    assert "No such option: --colour" in refusal(capsys, "sample", runs / "dcgan", "--colour", 1)
    assert not out.exists()


def test_warnings_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photos").mkdir()
    for number in range(12):
        Image.new("L", (16, 16), 20 * number).save(tmp_path / f"photos/{number}.png")
    (tmp_path / "photos/broken.png").write_bytes(b"nothing")
    command = ["train", "mlp_gan", "--smoke", "--out", str(tmp_path / "run"), f"data={tmp_path / 'photos'}", "images=8"]
    assert "broken.png" in refusal(capsys, *command)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert main([*command, "skip_bad=true"]) == 0
    assert "hf-genimg: warning: 1 of 13 pictures" in capsys.readouterr().err


def test_one_line_warnings_show_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with one_line_warnings():
            warnings.warn("something is odd", UserWarning, stacklevel=1)
    assert capsys.readouterr().err == "hf-genimg: warning: something is odd\n"


def test_no_arguments_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "quickstart" in capsys.readouterr().out


def test_nothing_is_overwritten(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "seed-1.png").write_text("mine")
    assert "seed-1.png exists already and is not overwritten" in refusal(
        capsys, "sample", runs / "dcgan", "--num", 2, "--out", tmp_path
    )
    assert [file.name for file in tmp_path.iterdir()] == ["seed-1.png"]
    assert (tmp_path / "seed-1.png").read_text() == "mine"


@pytest.mark.parametrize(
    ("number", "status"), [pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow), (signal.SIGTERM, 143)]
)  # the other in `test_interruptions`
def test_a_signal_is_one_line_and_the_same_command_continues(
    number: signal.Signals, status: int, tmp_path: Path
) -> None:
    command = [
        sys.executable,
        "-m",
        "hf_genimg.cli",
        "train",
        "mlp_gan",
        "--smoke",
        "--out",
        str(tmp_path / "run"),
        "images=4_000",
    ]
    run = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (tmp_path / "run/state/current").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    run.send_signal(number)
    _, errors = run.communicate()
    assert run.returncode == status
    last = errors.strip().splitlines()[-1]
    images = int(re.search(r"saved at ([\d,]+) images; the same command continues", last)[1].replace(",", ""))
    assert (tmp_path / "run/state/current").read_text().split()[0] == str(images)
    assert images < 4000
    assert "Traceback" not in errors
    assert "stopped" not in errors


@pytest.mark.parametrize("command", [["train", "mlp_gan", "--smoke"], ["sample", "nothing"], ["list"]])
def test_ctrl_c_before_the_loop_is_one_line(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for place in ("hf_genimg.api.train", "hf_genimg.commands.images.load_model"):
        monkeypatch.setattr(place, stop)
    monkeypatch.setitem(KINDS, "recipes", stop)
    assert main([*command, *(["--out", str(tmp_path / "out")] if command != ["list"] else [])]) == 130
    assert capsys.readouterr().err.strip() == "hf-genimg: stopped"


def test_ctrl_c_inside_an_import_is_one_line(tmp_path: Path) -> None:
    lines = [
        "import os, signal",
        "try: os.kill(os.getpid(), signal.SIGINT)",
        "except BaseException: raise RecursionError('half-imported')",
    ]
    (tmp_path / "stubborn.py").write_text("\n".join(lines))
    command = [sys.executable, "-m", "hf_genimg.cli", "train", str(tmp_path / "stubborn.py")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr, done.stdout) == (130, "hf-genimg: stopped\n", "")


def test_fewer_images_than_a_run_has_trained_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["train", "mlp_gan", "--smoke", "--out", str(tmp_path / "run")]
    assert main([*command, "images=60"]) == 0  # and ends at 64, a whole number of batches
    assert main([*command, "images=60"]) == 0
    capsys.readouterr()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}
    advice = "use images=64 or more to continue, or name another --out"
    message = f"{tmp_path}/run has trained on 64 images, more than images=40; {advice}"
    assert refusal(capsys, *command, "images=40") == message
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")} == before


def test_the_old_name_of_a_field_is_accepted_with_a_warning(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["train", "mlp_gan", "--smoke", "--out", str(tmp_path / "run"), "game=hinge"]) == 0
    assert "hf-genimg: warning: the field game is called loss now; write loss=" in capsys.readouterr().err
    assert json.loads((tmp_path / "run/recipe.json").read_text())["fields"]["loss"] == "hinge"
    twice = ["train", "mlp_gan", "--smoke", "--out", str(tmp_path / "other"), "loss=hinge", "game=hinge"]
    assert refusal(capsys, *twice) == "game= is the old name of loss=, which is set too; leave game= out"
    with pytest.warns(DeprecationWarning, match="the field game is called loss now"):
        recipe = recipe_class("mlp_gan")().override(game="hinge")
    assert recipe.loss == "hinge"
    with pytest.raises(ValueError, match="game= is the old name of loss="):
        recipe.override(game="hinge", loss="hinge")
    with pytest.raises(ValueError, match="there is no field 'game'"):
        recipe_class("mlp_vae")().override(game="hinge")


def test_the_console_script(tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("hf-genimg")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("hf-genimg 0.")
    failed = subprocess.run([script, "train", "nothing"], capture_output=True, text=True)
    assert failed.returncode == 1
    assert len(failed.stderr.strip().splitlines()) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="torch is built with GNU's OpenMP on Linux")
@pytest.mark.parametrize(
    ("environment", "spins"), [({}, "10000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "passive"}, "0")]
)
def test_threads_that_wait_sleep_soon(environment: dict[str, str], spins: str) -> None:
    """As libgomp says itself."""
    clean = {name: value for name, value in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    command = [sys.executable, "-m", "hf_genimg.cli", "train", "mlp_gan", "nothing=1"]
    done = subprocess.run(
        command, capture_output=True, text=True, env=clean | environment | {"OMP_DISPLAY_ENV": "verbose"}
    )
    assert f"GOMP_SPINCOUNT = '{spins}'" in done.stderr


def test_the_first_sentence_of_every_command_fits_the_list_of_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    commands = capsys.readouterr().out.partition("Commands:\n")[2].splitlines()
    assert len(commands) >= 15 and not [line for line in commands if line.endswith("...")]
    assert not [line for line in commands if not re.fullmatch(r"  [a-z-]+ +[A-Z][^.]*\.", line)]
