"""Our modules joined into one file: names imported under another name, and names that two modules define."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from hf_genimg.hub import standalone


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package in which `models/family.py` needs two layers."""
    for folder in ("models", "layers"):
        (tmp_path / "hf_genimg" / folder).mkdir(parents=True)
    monkeypatch.setattr(standalone, "PACKAGE", tmp_path / "hf_genimg")
    monkeypatch.setattr(standalone, "classes_in", lambda folder: {"Family": f"hf_genimg.{folder}.family"})
    (tmp_path / "hf_genimg/layers/one.py").write_text('"""One."""\n\n\ndef double(x):\n    return 2 * x\n')
    (tmp_path / "hf_genimg/layers/two.py").write_text(
        '"""Two."""\n\nfrom .one import double as twice\n\n\ndef four(x):\n    return twice(twice(x))\n'
    )
    (tmp_path / "hf_genimg/models/family.py").write_text(
        '"""A family."""\n\nimport math\n\nfrom ..layers.one import double as twice\n'
        "from ..layers.two import four\n\n\n"
        "class Family:\n    def value(self):\n        return math.floor(four(1) + twice(3))\n"
    )
    return tmp_path / "hf_genimg"


def test_names_imported_under_another_name_are_joined(package: Path) -> None:
    text = standalone.joined("Family", "models")
    names: dict[str, object] = {}
    exec(compile(ast.parse(text), "joined.py", "exec"), names)
    assert names["Family"]().value() == 10


def test_one_name_for_two_things_is_refused(package: Path) -> None:
    family = package / "models/family.py"
    family.write_text(family.read_text() + "\n\ndef double(x):\n    return x\n")
    with pytest.raises(ValueError, match="both define double, so they cannot be joined"):
        standalone.joined("Family", "models")
    family.write_text(
        family.read_text().replace("double as twice", "double as four_times").replace("def double", "def twice")
    )
    with pytest.raises(ValueError, match="both define twice"):
        standalone.joined("Family", "models")


def test_private_names_and_constants_of_two_modules_are_kept_apart(package: Path) -> None:
    one, two, family = (package / name for name in ("layers/one.py", "layers/two.py", "models/family.py"))
    add = "\n\ndef _add(x):\n    return f'{x + STEP}'\n"
    one.write_text(f"{one.read_text()}\n\nSTEP = 1\n{add}\n\ndef first(x):\n    return _add(x)\n")
    two.write_text(f"{two.read_text()}\n\nSTEP = 10\n{add}")
    family.write_text(
        "from ..layers.one import first\nfrom ..layers.two import STEP, _add\n\n\n"
        "class Family:\n    def value(self):\n        return first(0), _add(0), STEP\n"
    )
    names: dict[str, object] = {}
    exec(compile(standalone.joined("Family", "models"), "joined.py", "exec"), names)
    assert names["Family"]().value() == ("1", "10", 10)
