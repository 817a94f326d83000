"""Every method with every adversarial recipe that admits it, one training step each; refused pairs, as in the docs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from torch import nn

import hf_genimg
from hf_genimg.recipes import recipe_class
from hf_genimg.recipes._adversarial import AdversarialRecipe
from hf_genimg.recipes._stabilization import REFUSED, Stabilization
from hf_genimg.training.loop import train
from hf_genimg.training.state import Run

from .moulds import REPRESENTATIVES
from .site import hook

DOCS = (Path(__file__).parents[1] / "docs/stabilization.md").read_text(encoding="utf-8")
stabilization = hook("stabilization_tables")
METHODS, ADVERSARIAL, refusal = stabilization.METHODS, stabilization.adversarial(), stabilization.refusal
EXAMPLES: dict[str, Any] = {name: value for fields in METHODS.values() for name, value in fields.items()} | {
    "compile": True
}


def small(name: str, **fields: Any) -> AdversarialRecipe:
    return recipe_class(name)().smoke().override(batch_size=4, micro_batch_size=2, **fields)


class Folder:
    """A run directory that is never written."""

    def __init__(self, path: Path) -> None:
        self.path = self.pipeline = path


@pytest.fixture(scope="module")
def datasets() -> Callable[[AdversarialRecipe], Any]:
    opened: dict[str, Any] = {}

    def dataset(recipe: AdversarialRecipe) -> Any:
        if recipe.name not in opened:
            opened[recipe.name] = recipe.dataset()
        return opened[recipe.name]

    return dataset


def test_every_field_is_tried() -> None:
    beside = {
        "ada_target",
        "ada_images",
        "augment_probability",
        "burn_in_images",
        "latent_noise",
        "instance_noise_images",
    }
    assert set(Stabilization.__dataclass_fields__) - beside <= {name for fields in METHODS.values() for name in fields}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "name", [name if name in REPRESENTATIVES else pytest.param(name, marks=pytest.mark.slow) for name in ADVERSARIAL]
)
def test_one_step_of_every_method_with_every_recipe(
    name: str, method: str, datasets: Callable[..., Any], tmp_path: Path
) -> None:
    recipe = small(name, **METHODS[method])
    refused = refusal(recipe)
    if refused:
        assert "\n" not in refused and method in refused
        pytest.skip(refused)
    dataset = datasets(recipe)
    run = Run(recipe.fitted(dataset), Folder(tmp_path), dataset, Accelerator(cpu=True))
    before = {
        f"{n}.{key}": tensor.clone()
        for n, network in run.networks.items()
        for key, tensor in network.named_parameters()
    }
    run.training_step()
    if method == "schedule":
        run.training_step()  # the warm-up begins at zero
    after = {f"{n}.{key}": tensor for n, network in run.networks.items() for key, tensor in network.named_parameters()}
    assert all(torch.isfinite(tensor).all() for tensor in after.values())
    for network in run.networks:
        assert any(not torch.equal(before[key], after[key]) for key in after if key.startswith(network)), network
    run.meter.means(run.images)


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: f"{refused.one}-{refused.other}")
def test_pairs_are_refused_in_one_line_before_training(refused: Any, tmp_path: Path) -> None:
    fields = {name: value or EXAMPLES[name] for name, _, value in (part.partition("=") for part in refused[:2])}
    recipe = recipe_class("mlp_gan")().smoke().override(**fields)
    with pytest.raises(ValueError, match="cannot go with") as caught:
        train(recipe, tmp_path / "run", progress=False)
    assert str(caught.value).endswith(refused.why) and "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.filterwarnings("ignore:loss=wasserstein needs")
@pytest.mark.parametrize("setting", sorted({part for refused in REFUSED for part in refused[:2]}))
def test_each_of_a_pair_is_allowed_alone(setting: str) -> None:
    name, _, value = setting.partition("=")
    recipe_class("mlp_gan")().smoke().override(**{name: value or EXAMPLES[name]}).check()


def test_the_tables_of_the_docs_are_what_the_code_refuses() -> None:
    pairs = stabilization.pairs()
    assert all(f"| `{one}` | `{other}` | {why} |" in pairs for one, other, why in REFUSED)
    assert all(f"<!-- {table} -->" in DOCS and f"<!-- /{table} -->" in DOCS for table in ("pairs", "families"))
    table = stabilization.families(["dcgan", "r3gan", "sngan"])
    assert "| `spectral_norm` | `sngan` | changes nothing: this family's discriminator has it already |" in table
    assert "| `top_k` | `r3gan` | cannot go with loss=relativistic" in table and "dcgan" not in table


def test_the_docs_name_every_field() -> None:
    assert not [name for name in {*METHODS, *Stabilization.__dataclass_fields__} if f"`{name}" not in DOCS]


def test_a_normalised_discriminator_is_loaded_in_every_form(tmp_path: Path) -> None:
    torch.manual_seed(0)
    discriminator = hf_genimg.DCGANDiscriminator(image_size=16, image_channels=1, width=4, minibatch_std=True)
    assert discriminator.normalize_spectrally()
    assert not discriminator.normalize_spectrally(), "it has it already"
    generator = hf_genimg.DCGANGenerator(image_size=16, image_channels=1, latent_dim=4, width=4)
    hf_genimg.ImageGenerationPipeline(generator=generator, discriminator=discriminator).save_pretrained(tmp_path)
    images = torch.rand(4, 1, 16, 16)
    expected = discriminator.eval()(images)
    for loaded in (
        hf_genimg.load(tmp_path).discriminator,
        hf_genimg.DiffusionPipeline.from_pretrained(tmp_path).discriminator,
        hf_genimg.DCGANDiscriminator.from_pretrained(tmp_path, subfolder="discriminator"),
    ):
        torch.testing.assert_close(loaded.eval()(images), expected, rtol=1e-6, atol=1e-6)
        loaded.save_pretrained(tmp_path / "again")
        again = hf_genimg.DCGANDiscriminator.from_pretrained(tmp_path / "again")
        assert all(torch.equal(tensor, again.state_dict()[key]) for key, tensor in discriminator.state_dict().items())


def test_weights_of_a_normalised_run_have_a_singular_value_of_one(tmp_path: Path, tiny: Callable[..., Any]) -> None:
    pipe = train(tiny("mlp_gan", spectral_norm=True, images=800), tmp_path / "run", callbacks=[], progress=False)
    for layer in pipe.discriminator.modules():
        if isinstance(layer, nn.Linear):
            assert torch.linalg.matrix_norm(layer.weight, ord=2).item() == pytest.approx(1, abs=0.05)


def test_each_player_has_its_own_learning_rate() -> None:
    recipe = small("mlp_gan", discriminator_learning_rate=4e-4)
    rates = {
        name: optimizer.param_groups[0]["lr"]
        for name, optimizer in recipe.optimizers(recipe.override(image_channels=1).networks()).items()
    }
    assert rates == {"generator": 2e-4, "discriminator": 4e-4}


EVERYTHING = {
    name: value
    for name, value in EXAMPLES.items()
    if name not in ("compile", "augment", "diff_augment", "weight_clipping")
}


def test_all_together_resume_exactly(
    tmp_path: Path, tiny: Callable[..., Any], tensors_of: Callable[[Path], dict[str, Any]]
) -> None:
    recipe = tiny("mlp_gan", **{**EVERYTHING, "ada_images": 128, "top_k_images": 48})
    train(recipe, tmp_path / "whole", callbacks=[], progress=False)
    train(recipe, tmp_path / "halves", callbacks=[], stop_at=24, progress=False)
    train(recipe, tmp_path / "halves", callbacks=[], progress=False)
    whole, halves = tensors_of(tmp_path / "whole"), tensors_of(tmp_path / "halves")
    assert whole.keys() == halves.keys()
    assert all(torch.equal(whole[key], halves[key]) for key in whole)
    assert {key.rpartition(".")[2] for key in whole if key.startswith("objective")} >= {
        "probability",
        "signs",
        "anchors",
        "updates",
    }
    assert any(key.endswith(".0.u") for key in whole)


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"ada": "blit", "ada_images": 0}, "ada_images=0 must be above 0"),
        ({"label_smoothing": 0.5}, "label_smoothing=0.5 must be below 0.5"),
        ({"top_k": 0.0}, "top_k=0.0 must be above 0 and at most 1"),
        ({"augment": "blit", "augment_probability": 0.0}, "augment_probability=0.0 must be above 0 and at most 1"),
        ({"penalty_decay": 0.1}, "penalty_decay=0.1 needs burn_in_images above 0"),
        ({"final_adam_beta2": 0.99}, "final_adam_beta2=0.99 needs burn_in_images above 0"),
        ({"final_learning_rate": 1e-5}, "final_learning_rate=1e-05 needs schedule=linear or schedule=cosine"),
        ({"schedule_images": 100}, "schedule_images=100 needs schedule=linear or schedule=cosine"),
        ({"lecam": -1.0}, "lecam=-1.0 must be at least 0"),
        ({"discriminator_learning_rate": 0.0}, "discriminator_learning_rate=0.0 must be above 0"),
    ],
)
def test_numbers_that_cannot_be(fields: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        small("mlp_gan", **fields).check()
