"""Named directions: found, saved with the model, loaded strictly, and moved along."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import hf_genimg
from hf_genimg.pipelines.directions import directions as principal_directions
from hf_genimg.pipelines.named_directions import FILE, NamedDirection, read_directions
from hf_genimg.pipelines.provenance import KEY

from .test_mixing_and_inversion import plain, styled

UP = NamedDirection(torch.tensor([1.0, 0, 0, 0]), "z", "by hand")
STYLE = NamedDirection(torch.tensor([0.0, 2, 0, 0]), "w", "by hand")


def test_a_call_moves_latents_along_a_direction() -> None:
    pipe = plain()
    pipe.directions["up"] = UP
    latents = pipe.draw_seeds([3, 4]).latents
    moved = pipe(seed=3, num_images=2, directions={"up": 2.0})
    expected = pipe(latents=latents + 2 * UP.vector, output_type="np").images
    assert abs(pipe(seed=3, num_images=2, directions={"up": 2.0}, output_type="np").images - expected).max() < 1e-6
    assert json.loads(moved.images[0].info[KEY])["directions"] == {"up": 2.0} and moved.seeds == [3, 4]
    assert torch.equal(pipe.edit(latents, {"up": -1}), latents - UP.vector)


def test_styles_that_invert_finds_are_moved_and_walked_between() -> None:
    pipe = styled()
    pipe.directions |= {"up": UP, "style": STYLE}
    z = pipe.draw_seeds([3, 4]).latents
    styles = pipe.styles_of(z)
    assert styles.shape == (2, 4, 4)
    assert torch.allclose(pipe.edit(z, {"style": 1.5}), styles + 1.5 * STYLE.vector, atol=1e-6)
    assert torch.allclose(pipe.edit(styles, {"style": 1.5}), styles + 1.5 * STYLE.vector, atol=1e-6)
    both = pipe.edit(z, {"style": 1.5, "up": 1})
    assert torch.allclose(both, pipe.styles_of(z + UP.vector) + 1.5 * STYLE.vector, atol=1e-6)
    with pytest.raises(ValueError, match="latents are styles, and one of the directions is of the space z"):
        pipe.edit(styles, {"up": 1})
    picture = pipe(seed=1).images[0]
    found = pipe.invert(picture, steps=2, space="w+")
    noise = found.noise.expand(1, -1)
    edited = pipe(**found.inputs(), directions={"style": 1.0}, output_type="np").images
    assert abs(edited - pipe(latents=found.latents + STYLE.vector, noise=noise, output_type="np").images).max() < 1e-6
    walk = pipe.interpolate(latents=styles, noise=noise.repeat(2, 1), steps=3, output_type="np")
    middle = pipe(latents=styles.mean(0, keepdim=True), noise=noise, output_type="np").images
    assert len(walk) == 3 and abs(walk[1] - middle[0]).max() < 1e-5


@pytest.mark.parametrize("method", ["pca", "sefa"])
def test_principal_directions_of_styles(method: str) -> None:
    pipe = styled(style_dim=6)
    found = principal_directions(pipe, method, 3, samples=64, space="w")
    assert found.shape == (3, 6) and torch.allclose(found.norm(dim=1), torch.ones(3), atol=1e-5)
    styles = pipe.styles_of(pipe.network.sample_latents(64, torch.Generator().manual_seed(0)))
    assert pipe(latents=styles[:1] + 3 * found[0], output_type="np").images.shape == (1, 8, 8, 1)
    if method == "pca":  # in order of their spread
        spreads = (styles[:, 0] @ found.T).std(0)
        assert (spreads[:-1] >= spreads[1:]).all()
    else:  # no other direction changes the inputs of the layers as much
        layers = [
            module.style
            for module in pipe.network.modules()
            if type(module).__name__ in ("StyledConvolution", "ToImage")
        ]
        weights = torch.cat([layer.weight.detach() for layer in layers])
        assert torch.allclose((weights @ found[0]).norm(), torch.linalg.matrix_norm(weights, 2), rtol=1e-4)
    with pytest.raises(ValueError, match="space='w' is not possible: MLPGANGenerator has z"):
        principal_directions(plain(), method, space="w")


def test_directions_are_saved_with_the_model_and_loaded_in_every_way(tmp_path: Path) -> None:
    pipe = styled()
    pipe.directions |= {"z\u00fcg 2": STYLE, "up": UP}
    pipe.save_pretrained(tmp_path / "model")
    for loaded in (hf_genimg.load(tmp_path / "model"), hf_genimg.DiffusionPipeline.from_pretrained(tmp_path / "model")):
        assert list(loaded.directions) == ["z\u00fcg 2", "up"]
        assert torch.equal(loaded.directions["z\u00fcg 2"].vector, STYLE.vector)
        assert (loaded.directions["up"].space, loaded.directions["up"].found) == ("z", "by hand")
    loaded.save_pretrained(tmp_path / "copy")
    assert list(hf_genimg.load(tmp_path / "copy").directions) == ["z\u00fcg 2", "up"]
    assert not hf_genimg.ImageGenerationPipeline(loaded.generator).directions  # a network alone has none
    plain().save_pretrained(tmp_path / "copy")
    assert not (tmp_path / "copy" / FILE).exists() and not hf_genimg.load(tmp_path / "copy").directions


def bad_bytes(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-3])


def without_metadata(file: Path) -> None:
    save_file(load_file(file), file)


def with_nan(file: Path) -> None:
    write(file, NamedDirection(torch.tensor([1.0, float("nan"), 0, 0])))


def misshapen(file: Path) -> None:
    write(file, NamedDirection(torch.ones(5)))


def in_styles(file: Path) -> None:
    write(file, STYLE)


def write(file: Path, direction: NamedDirection) -> None:
    from hf_genimg.pipelines.named_directions import write_directions

    write_directions(file, {"up": direction})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (bad_bytes, "damaged"),
        (without_metadata, "'__metadata__' is missing"),
        (with_nan, "holds NaN"),
        (misshapen, r"\[5\]; it must be torch.float32 \[4\]"),
        (in_styles, "in the space 'w'; this model has z"),
    ],
)
def test_a_file_that_is_damaged_is_one_line(tmp_path: Path, damage: Any, message: str) -> None:
    pipe = plain()
    pipe.directions["up"] = UP
    pipe.save_pretrained(tmp_path)
    damage(tmp_path / FILE)
    with pytest.raises(ValueError, match=message) as error:
        hf_genimg.load(tmp_path)
    assert FILE in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "direction", "message"),
    [
        ("a=b", UP, "cannot be the name of a direction"),
        ("", UP, "cannot be the name of a direction"),
        ("up", UP.vector, "give a NamedDirection"),
        ("up", NamedDirection(torch.zeros(4)), "only zeros"),
        ("up", NamedDirection(torch.ones(4, dtype=torch.float64)), "must be torch.float32"),
    ],
)
def test_what_is_no_direction_is_not_saved(tmp_path: Path, name: str, direction: Any, message: str) -> None:
    pipe = plain()
    pipe.directions[name] = direction
    with pytest.raises(ValueError, match=message):
        pipe.save_pretrained(tmp_path / "model")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"down": 1.0}, "no direction called 'down'; it has up"),
        ({"up": "much"}, "the strength 'much' of the direction 'up' is no number"),
        ({"up": float("inf")}, "is no number"),
        (["up"], "give a dict"),
    ],
)
def test_strengths_that_cannot_be(given: Any, message: str) -> None:
    pipe = plain()
    pipe.directions["up"] = UP
    with pytest.raises(ValueError, match=message):
        pipe(directions=given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"seeds": [1, 2], "latents": torch.zeros(2, 4)}, "seeds and latents are both given"),
        ({"seeds": [1, 2], "noise": torch.zeros(2, 4)}, "noise is given without latents"),
        ({"latents": torch.zeros(1, 4)}, "hold one image, which is no walk"),
    ],
)
def test_walks_that_cannot_be(given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plain().interpolate(**given)


def test_a_file_keeps_the_order_of_its_names(tmp_path: Path) -> None:
    pipe = plain()
    pipe.directions |= dict.fromkeys(("b", "a", "c"), UP)
    pipe.save_pretrained(tmp_path)
    assert list(read_directions(tmp_path / FILE, {"z": 4})) == ["b", "a", "c"]
