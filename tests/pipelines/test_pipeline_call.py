"""The call contract, for every kind of pipeline that makes images from latents."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from diffusers import ImagePipelineOutput
from PIL import Image

from hf_genimg import Capabilities
from hf_genimg.pipelines.images import OUTPUT_TYPES
from hf_genimg.pipelines.sampling import END_OF_SEEDS, label_of


def tensors(pipe, *args, **kwargs) -> torch.Tensor:
    return pipe(*args, output_type="pt", **kwargs).images


def same(a: torch.Tensor, b: torch.Tensor) -> bool:
    return a.shape == b.shape and (a - b).abs().max() <= 1e-5


def test_a_seed_names_one_image_whatever_the_number_and_the_split(pipe):
    all_at_once = tensors(pipe, 7, seed=20)
    assert not same(all_at_once[:1], all_at_once[1:2])
    for i in range(7):
        assert same(tensors(pipe, seed=20 + i), all_at_once[i : i + 1])
    for max_batch_size in (1, 2, 3, 7, 100):
        assert same(tensors(pipe, 7, seed=20, max_batch_size=max_batch_size), all_at_once)
    assert same(tensors(pipe, batch_size=7, seed=20), all_at_once)
    levels = pipe(7, seed=20, output_type="uint8").images.int()
    assert (levels[3:4] - pipe(1, seed=23, output_type="uint8").images.int()).abs().max() <= 1


def test_each_image_has_a_fresh_cpu_generator_seeded_seed_plus_i(grey):
    expected = torch.cat([grey.generator.sample_latents(1, torch.Generator().manual_seed(5 + i)) for i in range(3)])
    assert same(tensors(grey, 3, seed=5), tensors(grey, latents=expected))


def test_one_generator_is_drawn_from_image_by_image_and_a_list_holds_one_each(pipe):
    one = tensors(pipe, 4, generator=torch.Generator().manual_seed(3))
    shared = torch.Generator().manual_seed(3)
    assert same(torch.cat([tensors(pipe, generator=shared) for _ in range(4)]), one)
    listed = tensors(pipe, 2, generator=[torch.Generator().manual_seed(9), torch.Generator().manual_seed(4)])
    assert same(listed, torch.cat([tensors(pipe, seed=9), tensors(pipe, seed=4)]))
    assert same(tensors(pipe, generator=[torch.Generator().manual_seed(9)] * 1), listed[:1])


def test_without_a_seed_the_global_state_gives_one_that_names_the_images(pipe):
    torch.manual_seed(1)
    first, second = pipe(3, output_type="pt"), pipe(3, output_type="pt")
    assert first.seeds != second.seeds
    assert same(tensors(pipe, 3, seed=second.seeds[0]), second.images)
    torch.manual_seed(1)
    assert pipe(3, output_type="pt").seeds == first.seeds
    state = torch.get_rng_state()
    pipe(2, seed=0)
    pipe(2, generator=torch.Generator())
    assert torch.equal(torch.get_rng_state(), state)


def test_latents_are_used_and_say_how_many(colour):
    latents = torch.randn(3, 8)
    made = colour(latents=latents, output_type="pt")
    with torch.no_grad():
        assert same(made.images, (colour.generator(latents) + 1) / 2)
    assert made.seeds is None
    assert same(tensors(colour, 3, latents=latents), made.images)
    with pytest.raises(ValueError, match="num_images is 1, the length of latents is 3"):
        colour(1, latents=latents)


def test_truncation_multiplies_the_latents(pipe):
    torch.manual_seed(0)
    latents = torch.randn(2, pipe.network.config.latent_dim)
    labels = {"class_labels": 1} if pipe.capabilities.num_classes else {}
    assert same(
        tensors(pipe, latents=latents, truncation=0.5, **labels), tensors(pipe, latents=0.5 * latents, **labels)
    )
    assert not same(tensors(pipe, latents=latents, truncation=0.5, **labels), tensors(pipe, latents=latents, **labels))
    mean = tensors(pipe, 2, seed=1, truncation=0, **labels)
    assert same(mean[:1], mean[1:])


def test_labels_are_given_or_drawn_from_the_image_s_own_generator(conditional):
    made = conditional(40, seed=3, output_type="pt")
    levels = made.images.mean(dim=(1, 2, 3)) * 2 - 1
    assert ((levels + 0.8) / 1.6 * 5).round().int().tolist() == made.class_labels
    assert set(made.class_labels) == set(range(6))
    assert conditional(seed=10).class_labels == made.class_labels[7:8]
    for given in (made.class_labels, torch.tensor(made.class_labels), np.array(made.class_labels)):
        assert same(
            tensors(conditional, 40, seed=3, class_labels=given), made.images
        )  # a given label changes nothing else
    assert conditional(3, class_labels=4).class_labels == [4, 4, 4]
    assert conditional(class_labels=[4, 0]).class_labels == [4, 0]
    latents = torch.zeros(40, 5)
    assert conditional(latents=latents, seed=3).class_labels == made.class_labels
    assert conditional(latents=latents, class_labels=2).class_labels == [2] * 40


def test_output_types(pipe):
    size, channels = pipe.capabilities.image_size, pipe.capabilities.image_channels
    made = {kind: pipe(3, seed=2, output_type=kind, max_batch_size=2).images for kind in OUTPUT_TYPES}
    assert made["pt"].shape == (3, channels, size, size) and made["pt"].dtype == torch.float32
    assert made["np"].shape == (3, size, size, channels) and made["np"].dtype == np.float32
    assert made["uint8"].shape == (3, size, size, channels) and made["uint8"].dtype == torch.uint8
    assert made["pt"].min() >= 0 and made["pt"].max() <= 1 and made["pt"].std() > 1e-3
    assert np.array_equal(made["np"], made["pt"].permute(0, 2, 3, 1).numpy())
    assert np.abs(made["uint8"].numpy() - made["np"] * 255).max() <= 0.5 + 1e-4
    assert [image.mode for image in made["pil"]] == ["L" if channels == 1 else "RGB"] * 3
    pixels = np.stack([np.asarray(image).reshape(size, size, channels) for image in made["pil"]])
    assert np.array_equal(pixels, made["uint8"].numpy())
    assert not made["pt"].requires_grad


def test_output_is_diffusers_own_or_a_tuple(colour):
    made = colour(2, seed=1)
    assert isinstance(made, ImagePipelineOutput) and made.seeds == [1, 2] and made.class_labels is None
    (images,) = colour(2, seed=1, return_dict=False)
    assert all(isinstance(image, Image.Image) for image in images) and len(images) == 2


def test_pil_images_carry_what_made_them(conditional):
    image = conditional(2, seed=8, class_labels=[5, 1], truncation=0.7).images[1]
    note = json.loads(image.info["hf_genimg"])
    assert {key: note[key] for key in ("seed", "class_label", "truncation", "network")} == {
        "seed": 9,
        "class_label": 1,
        "truncation": 0.7,
        "network": "LabelGenerator",
    }
    assert image.info["Source"] == "AI-generated"
    assert "seed" not in json.loads(conditional(generator=torch.Generator()).images[0].info["hf_genimg"])


def test_modes_are_left_as_found_and_networks_run_in_eval_mode(colour):
    expected = tensors(colour, 4, seed=0)
    colour.generator.train()
    colour.generator.layers[1].eval()  # a frozen layer in a network that trains
    before = {name: module.training for name, module in colour.generator.named_modules()}
    weights = {name: tensor.clone() for name, tensor in colour.generator.state_dict().items()}
    assert same(tensors(colour, 4, seed=0), expected)
    assert {name: module.training for name, module in colour.generator.named_modules()} == before
    assert all(torch.equal(tensor, weights[name]) for name, tensor in colour.generator.state_dict().items())
    with pytest.raises(RuntimeError):
        colour._in_batches(lambda start: torch.zeros(2) @ torch.zeros(3), 1, 1)
    assert {name: module.training for name, module in colour.generator.named_modules()} == before


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_dtypes_give_float32_images(pipe, dtype):
    expected = tensors(pipe, 3, seed=1)
    pipe.to(dtype)
    images = tensors(pipe, 3, seed=1)
    assert images.dtype == torch.float32
    assert (images - expected).abs().max() < 0.02


def test_a_bar_is_shown_where_there_is_more_than_one_batch(colour, capsys):
    colour(4, seed=0)
    assert capsys.readouterr().err == ""
    colour(4, seed=0, max_batch_size=2)
    assert "2/2" in capsys.readouterr().err


def test_capabilities(colour, grey, conditional, vae):
    assert colour.capabilities == Capabilities("generation", 16, 3, truncation=True, interpolation=True)
    assert grey.capabilities == Capabilities("generation", 12, 1, truncation=True, interpolation=True)
    assert conditional.capabilities == Capabilities(
        "generation", 4, 3, num_classes=6, truncation=True, interpolation=True
    )
    assert vae.capabilities == Capabilities("reconstruction", 8, 1, truncation=True, interpolation=True, encode=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_images": 0}, "num_images=0"),
        ({"num_images": -1}, "num_images=-1"),
        ({"num_images": 2.0}, "num_images=2.0"),
        ({"num_images": True}, "num_images=True"),
        ({"num_images": "3"}, "num_images='3'"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"num_images": 2, "batch_size": 3}, "num_images is 2, batch_size is 3"),
        ({"num_images": 1, "batch_size": 3}, "num_images is 1, batch_size is 3"),
        ({"seed": 1, "generator": torch.Generator()}, "seed and generator are both given"),
        ({"seed": -1}, "seed=-1"),
        ({"seed": 1.5}, "seed=1.5"),
        ({"seed": True}, "seed=True"),
        ({"seed": "x"}, "seed='x'"),
        ({"seed": END_OF_SEEDS}, f"integer from 0 to {END_OF_SEEDS - 1}"),
        ({"seed": END_OF_SEEDS - 4, "num_images": 5}, f"integer from 0 to {END_OF_SEEDS - 5}"),
        ({"generator": 7}, "generator=7"),
        ({"generator": [torch.Generator(), None]}, "generator=None"),
        ({"generator": [torch.Generator()] * 2, "num_images": 3}, "num_images is 3, the length of generator is 2"),
        ({"generator": []}, "num_images=0"),
        ({"latents": torch.zeros(2, 7)}, r"latents is torch.float32 \[2, 7\]; give a float tensor \[N, 8\]"),
        ({"latents": torch.zeros(8)}, r"latents is torch.float32 \[8\]"),
        ({"latents": torch.zeros(2, 8, dtype=torch.int64)}, "latents is torch.int64"),
        ({"latents": [[0.0] * 8]}, "latents is list"),
        ({"latents": torch.zeros(0, 8)}, r"latents is torch.float32 \[0, 8\]"),
        ({"latents": torch.zeros(2, 8), "num_images": 3}, "num_images is 3, the length of latents is 2"),
        ({"class_labels": 0}, "unconditional"),
        ({"truncation": -0.1}, "truncation=-0.1"),
        ({"truncation": 2.1}, "truncation=2.1"),
        ({"truncation": float("nan")}, "truncation=nan"),
        ({"truncation": None}, "truncation=None"),
        ({"truncation": True}, "truncation=True"),
        ({"max_batch_size": 0}, "max_batch_size=0"),
        ({"max_batch_size": 1.5}, "max_batch_size=1.5"),
        ({"output_type": "jpg"}, "output_type='jpg' is not known; use one of pil, np, pt, uint8"),
        ({"output_type": None}, "output_type=None"),
    ],
)
def test_bad_arguments_are_one_line_and_nothing_is_drawn_or_run(colour, monkeypatch, arguments, message):
    monkeypatch.setattr(type(colour), "_forward", lambda *_: pytest.fail("the network ran"))
    state = torch.get_rng_state()
    with pytest.raises(ValueError, match=message) as error:
        colour(**arguments)
    assert "\n" not in str(error.value)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (6, "class_labels holds 6"),
        ([0, -1], "class_labels holds -1"),
        (1.5, "torch.float32"),
        (True, "torch.bool"),
        ("cat", "class_labels='cat'"),
        ([[1], [2]], r"\[2, 1\]"),
        ([1, 2, 3], "num_images is 2, the length of class_labels is 3"),
        ([], r"class_labels is torch.float32 \[0\]"),
    ],
)
def test_bad_labels(conditional, labels, message):
    with pytest.raises(ValueError, match=message) as error:
        conditional(2, class_labels=labels)
    assert "\n" not in str(error.value)


def test_the_last_seeds_work(grey):
    assert grey(5, seed=END_OF_SEEDS - 5).seeds[-1] == END_OF_SEEDS - 1
    assert json.loads(grey(1, seed=np.int64(3), truncation=np.float32(0.5)).images[0].info["hf_genimg"])["seed"] == 3


@pytest.mark.parametrize(
    ("names", "name", "label"), [(["1", "2", "3"], "1", 0), ([], "1", 1), (["a", "b", "c"], "2", 2)]
)
def test_a_number_is_a_name_where_classes_have_numbers_for_names(names: list[str], name: str, label: int) -> None:
    assert label_of(name, names, 3) == label
    if names[:1] == ["1"]:
        with pytest.raises(ValueError, match="there is no class '0'; the classes are 1, 2, 3"):
            label_of("0", names, 3)
    with pytest.raises(ValueError, match="no class"):
        label_of("9" * 5000, names, 3)
