"""Runs of a user's own file: it is recorded, asked for, never looked for, and named where its classes clash."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hf_genimg
from hf_genimg.cli import main
from hf_genimg.recipes import recipe_class

UPSCALER = Path(__file__).parent / "families/upscaler.py"
OWN = """
from diffusers.configuration_utils import register_to_config
from hf_genimg.models._network import Network

class {name}(Network):
    @register_to_config
    def __init__(self, width: int = 1) -> None:
        super().__init__()
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a file whose classes no other test knows, and the file beside it."""
    folder = tmp_path_factory.mktemp("own")
    file = folder / "twice.py"
    file.write_text(UPSCALER.read_text().replace("SmallUpscaler", "OwnUpscaler"))
    hf_genimg.train(str(file), folder / "run", images=16, batch_size=8, progress=False)
    return folder / "run"


def in_a_process(*arguments: object) -> tuple[int, str]:
    command = [sys.executable, "-m", "hf_genimg.cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, (done.stderr if done.returncode else done.stdout).strip()


def test_a_run_records_the_file_it_was_trained_from(run: Path) -> None:
    recorded = json.loads((run / "recipe.json").read_text())["code"]
    expected = hashlib.sha256((run.parent / "twice.py").read_bytes()).hexdigest()
    assert recorded == {"file": "twice.py", "sha256": expected}, "no path: recipe.json is pushed"
    assert "code" not in recipe_class("dcgan")().to_json()


def test_the_command_line_asks_for_the_file_and_takes_it(run: Path, tmp_path: Path) -> None:
    """In processes of their own, where nothing has imported it; and it is not imported because it is there."""
    from PIL import Image

    Image.new("L", (12, 9), 90).save(tmp_path / "a.png")
    shutil.copy(run.parent / "twice.py", run / "twice.py")
    asked = ("translate", run, tmp_path / "a.png", "--out", tmp_path / "out")
    status, line = in_a_process(*asked)
    assert status == 1 and "\n" not in line
    assert "has classes of its user's own (OwnUpscaler), from a file twice.py of sha256 " in line
    assert "if you trust that file, name it: --code twice.py" in line
    status, line = in_a_process(*asked, "--code", run.parent / "twice.py")
    assert (status, line) == (0, f"1 translation in {tmp_path}/out")
    with Image.open(tmp_path / "out/a-translated.png") as image:
        assert image.size == (24, 18)


def test_a_file_that_was_changed_is_a_warning(run: Path) -> None:
    file = run.parent / "twice.py"
    text = file.read_text()
    file.write_text(text + "\n# changed\n")
    with pytest.warns(UserWarning, match=r"twice.py is not as it was when .*run was trained"):
        hf_genimg.load(run, code=file)
    file.write_text(text)
    assert hf_genimg.load(run, code=file).capabilities.scale == 2


def test_two_networks_of_one_name_are_named(tmp_path: Path) -> None:
    for file, name in (("a.py", "Clashing"), ("b.py", "Clashing"), ("c.py", "DCGANGenerator")):
        (tmp_path / file).write_text(OWN.format(name=name))
    hf_genimg.recipes.import_file(tmp_path / "a.py")
    hf_genimg.recipes.import_file(tmp_path / "a.py")  # again: its class takes the place of the one before
    assert hf_genimg.Clashing.__name__ == "Clashing"
    with pytest.raises(ValueError, match=r"two networks are called Clashing, in .*a.py and in .*b.py; rename one"):
        hf_genimg.recipes.import_file(tmp_path / "b.py")
    with pytest.raises(ValueError, match=r"c.py defines a network called DCGANGenerator, and hf_genimg has one"):
        hf_genimg.recipes.import_file(tmp_path / "c.py")


def test_a_file_that_does_not_run_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.py").write_text("1 / 0")
    for file, line in (("bad.py", "does not run: ZeroDivisionError"), ("none.py", "is not there")):
        assert main(["sample", "x", "--out", "x.png", "--code", str(tmp_path / file)]) == 1
        captured = capsys.readouterr().err
        assert line in captured and len(captured.splitlines()) == 1
