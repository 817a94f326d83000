"""Style recipes: which pictures are styles, which feature network, and what a run cannot have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from hf_genimg.recipes import recipe_class


@pytest.fixture
def sets(tmp_path: Path) -> tuple[str, str]:
    """Colour photographs and paintings of two classes, both with splits."""
    for name in ("photos/train", "photos/test", "paintings/train/oil", "paintings/train/print"):
        (tmp_path / name).mkdir(parents=True)
        for number in range(3):
            levels = np.random.default_rng(number).integers(0, 255, (20, 24, 3), np.uint8)
            Image.fromarray(levels // (2 if "print" in name else 1)).save(tmp_path / name / f"{number}.png")
    return str(tmp_path / "photos"), str(tmp_path / "paintings")


def recipe(name: str = "adain", **fields: Any) -> Any:
    return recipe_class(name)().smoke().override(image_size=16, **fields)


def test_contents_and_styles_are_sides_of_their_own(sets: tuple[str, str]) -> None:
    run = recipe(data=sets[0], styles=sets[1], random_crop=True)
    assert run.dataset().sides == {"images": 3, "style": 6}
    held_out = run.held_out()
    assert held_out.contents.split == "test" and held_out.styles.split == "train", "the styles have no test split"
    seeds = torch.arange(2)
    batch = run.dataset().batch({"images": seeds, "style": seeds + 3}, seeds=seeds)
    assert batch["inputs"].shape == batch["style"].shape == (2, 3, 16, 16)
    assert torch.equal(batch["images"], batch["inputs"])


def test_styles_of_one_class(sets: tuple[str, str]) -> None:
    run = recipe(data=sets[0], styles=sets[1], style_class="print")
    found = run.dataset()
    assert found.sides["style"] == 3
    batch = found.batch({"images": torch.arange(3), "style": torch.arange(3)})
    assert batch["style"].mean() < -0.4, "prints are the dark ones"
    with pytest.raises(ValueError, match="has no class 'pastel'; use one of oil, print"):
        recipe(data=sets[0], styles=sets[1], style_class="pastel").dataset()


def test_a_single_picture_is_a_style(sets: tuple[str, str]) -> None:
    path = Path(sets[1], "train", "print", "1.png")
    run = recipe("fast_style", data=sets[0], styles=str(path), random_crop=True)
    assert run.dataset().sides == {"images": 3, "style": 1} == run.held_out().sides
    style = run.dataset().batch({"images": torch.arange(1), "style": torch.zeros(1, dtype=torch.int64)})["style"]
    with Image.open(path) as opened:
        assert style.mean().item() == pytest.approx(np.asarray(opened)[2:18].mean() / 127.5 - 1, abs=0.1)
    with pytest.raises(ValueError, match="style_class=print chooses among many pictures, and styles names one"):
        recipe(data=sets[0], styles=str(path), style_class="print").dataset()


def test_taps_fit_the_feature_network() -> None:
    objective = recipe().objective()
    assert (objective.content_taps, objective.style_taps) == (("first",), ("first", "second"))
    chosen = recipe(style_taps="second", content_taps="second").objective()
    assert (chosen.content_taps, chosen.style_taps) == (("second",), ("second",))
    with pytest.raises(ValueError, match="digits has no tap 'third'; use some of first, second"):
        recipe(style_taps="third").objective()


def test_what_a_run_cannot_have_is_refused() -> None:
    for name, fields, words in (
        ("adain", {"data": "folder"}, "styles=None must name pictures in the style"),
        ("adain", {"style_column": "medium"}, "style_column=medium needs style_class as well"),
        ("fast_style", {"statistics": "mean"}, "statistics=mean is not known; use moments or gram"),
        ("adain", {"image_size": 20}, "image_size=20 is not a multiple of 8"),
        ("fast_style", {"smoothness": -1.0}, "smoothness=-1.0 must be at least 0"),
    ):
        with pytest.raises(ValueError, match=words):
            recipe_class(name)().override(**fields).check()
