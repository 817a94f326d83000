"""A file of a run that is damaged takes nothing else from the About tab."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from hf_genimg import DCGANGenerator, ImageGenerationPipeline
from hf_genimg.demo import about
from hf_genimg.demo.models import Shared

PNG_HEAD = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
DAMAGE = (b"", b"\xff\xfe\x00", b"{", b"[" * 100_000, b'{"fields": 3}', b'{"scores": {"fid": {"value": 1}}}', PNG_HEAD)


@pytest.fixture
def model(tmp_path: Path) -> Shared:
    torch.manual_seed(0)
    (tmp_path / "samples").mkdir()
    Image.new("L", (40, 40)).save(tmp_path / "samples/000064.png")
    Image.new("L", (40, 40)).save(tmp_path / "curve.png")
    (tmp_path / "README.md").write_text("---\nlicense: mit\n---\n\n# A card\n")
    (tmp_path / "recipe.json").write_text('{"fields": {"data": "digits"}}')
    return Shared("a model", ImageGenerationPipeline(DCGANGenerator(16, 1, 4, 2)), tmp_path)


@pytest.mark.parametrize("name", ["README.md", "curve.png", "samples/000128.png", "scores.json", "recipe.json"])
def test_the_other_files_are_shown(name: str, model: Shared) -> None:
    for content in DAMAGE:
        (model.folder / name).write_bytes(content)
        model.known.clear()
        facts = about.facts(model)
        assert facts.startswith("## a model") and ("mit" in facts or name == "README.md")
        assert ("A card" in about.card(model)) is (name != "README.md")
        assert (about.curve(model) is not None) is (name != "curve.png")
        assert [title for _, title in about.grids(model)] == ["64 images"]
        assert about.data_of(model) == (None if name == "recipe.json" else "digits")
        assert "scores.json holds no scores" in facts or name != "scores.json"
        assert str(model.folder) not in facts
