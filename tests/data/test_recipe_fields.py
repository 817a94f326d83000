"""The data fields of recipes reach the data, and those that do nothing are refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from hf_genimg.data import DegradedDataset, UnpairedDataset
from hf_genimg.recipes import cgan_mlp, dcgan, pix2pix


def recipe_of(module, **fields):
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and kind.__module__ == module.__name__]
    return kinds[0](**fields)


def test_how_pictures_are_read(save, tmp_path):
    save("a.png", np.full((24, 48), 9, np.uint8))
    recipe = recipe_of(dcgan, data=str(tmp_path), image_size=16)
    assert recipe.dataset().images.shape == (1, 16, 16, 1)
    assert (replace(recipe, fit="pad").dataset().images[0, 0] == 255).all()
    assert replace(recipe, random_crop=True, crop_from=20).dataset().images.sizes.tolist() == [[20, 40]]
    save("b.png", np.full((24, 48), 9, np.uint8))
    with pytest.raises(ValueError, match="exceeds the limit of max_pixels=1000"):
        replace(recipe, max_pixels=1000).dataset()


@pytest.mark.parametrize(
    ("field", "value", "part"),
    [
        ("fit", "squeeze", "use one of crop, pad, stretch"),
        ("crop_from", 64, "crop_from=64 needs random_crop=true"),
        ("max_pixels", 0, "max_pixels=0 is not allowed"),
        ("max_level", 70_000, "max_level=70000 is not allowed"),
        ("label_column", "x", "label_column=x is not used by this recipe; leave it out"),
        ("text_column", "x", "text_column=x is not used by this recipe; leave it out"),
    ],
)
def test_fields_that_are_wrong_or_do_nothing_are_refused_before_work(field, value, part):
    with pytest.raises(ValueError, match=part):
        recipe_of(dcgan, **{field: value}).check()


def test_the_label_column(save, tmp_path):
    for number in range(4):
        save(f"{number}.png", number)
    rows = "".join(f"{number}.png,{'xy'[number % 2]}\n" for number in range(4))
    (tmp_path / "metadata.csv").write_text("file_name,kind\n" + rows)
    recipe = recipe_of(cgan_mlp, data=str(tmp_path), image_size=16, label_column="kind")
    recipe.check()
    assert recipe.dataset().class_names == ("x", "y") and recipe.fitted(recipe.dataset()).num_classes == 2


def test_inputs_of_translators(save, tmp_path):
    recipe = recipe_of(pix2pix, image_size=32, inputs="downscale:2")
    assert isinstance(recipe.dataset(), DegradedDataset) and recipe.dataset().input_size == 16
    assert recipe.held_out().split == "test" and recipe.splits() == ["train", "test"]
    for split in ("train", "test"):
        for name in "ab":
            save(f"{name}/{split}/0.png", np.full((32, 32), 5, np.uint8))
    sources = {"inputs": str(tmp_path / "a"), "targets": str(tmp_path / "b")}
    assert len(replace(recipe, **sources).dataset()) == 1 and replace(recipe, **sources).held_out().split == "test"
    chosen = replace(recipe, inputs=f"{tmp_path}/a@test", targets=f"{tmp_path}/b@test")
    assert chosen.dataset().split == "test" and chosen.held_out() is None


def test_recipes_of_unpaired_translation_get_two_sides():
    parent = type(recipe_of(pix2pix))

    @dataclass(frozen=True, kw_only=True)
    class Unpaired(parent):
        paired: ClassVar[bool] = False

    recipe = Unpaired(image_size=32)
    assert isinstance(recipe.dataset(), UnpairedDataset) and recipe.dataset().sides == {"images": 1500, "inputs": 1500}
    assert recipe.held_out().sides == {"images": 297, "inputs": 297}
