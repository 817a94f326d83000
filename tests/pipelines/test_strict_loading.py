"""What is wrong with a checkpoint is one line in every way of loading, before anything large is built."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import DiffusionPipeline
from safetensors.torch import load_file, save_file

import hf_genimg
from hf_genimg import DCGANGenerator, ImageGenerationPipeline
from hf_genimg.cli import main
from hf_genimg.layers.weights import max_parameters

WEIGHTS = "diffusion_pytorch_model.safetensors"

WAYS: dict[str, Callable[[Path], Any]] = {
    "load": hf_genimg.load,
    "generic": lambda folder: DiffusionPipeline.from_pretrained(folder),
    "pipeline": lambda folder: ImageGenerationPipeline.from_pretrained(folder),
    "network": lambda folder: DCGANGenerator.from_pretrained(folder, subfolder="generator"),
    "network alone": lambda folder: DCGANGenerator.from_pretrained(folder / "generator"),
    "without low_cpu_mem_usage": lambda folder: hf_genimg.load(folder, low_cpu_mem_usage=False),
}
every_way = pytest.mark.parametrize("way", list(WAYS))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    ImageGenerationPipeline(DCGANGenerator(16, 1, 4, 2)).save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def change_tensors(folder: Path, change: Callable[[dict[str, torch.Tensor]], Any]) -> None:
    tensors = load_file(folder / "generator" / WEIGHTS)
    change(tensors)
    save_file(tensors, folder / "generator" / WEIGHTS, {"format": "pt"})


def change_config(folder: Path, **fields: Any) -> None:
    path = folder / "generator" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def refusal(way: str, folder: Path, kind: type[Exception] = ValueError) -> str:
    state = torch.get_default_dtype()
    with pytest.raises(kind) as error:
        WAYS[way](folder)
    assert torch.get_default_dtype() == state
    assert "\n" not in str(error.value) and len(str(error.value)) < 700
    return str(error.value)


def poison(value: float) -> Callable[[dict[str, torch.Tensor]], None]:
    def change(tensors: dict[str, torch.Tensor]) -> None:
        tensors["layers.0.weight"].view(-1)[0] = value

    return change


TENSORS: dict[str, tuple[Callable[[dict[str, torch.Tensor]], Any], str]] = {
    "missing": (lambda t: t.pop("layers.0.weight"), r"1 of \d+ tensors are missing (layers.0.weight)"),
    "extra": (lambda t: t.update(more=torch.zeros(1)), "1 tensors are not of this network (more)"),
    "misshapen": (
        lambda t: t.update({"layers.0.weight": torch.zeros(4, 3, 4, 4)}),
        "1 tensors have another shape (layers.0.weight: [4, 3, 4, 4] instead of [4, ",
    ),
    "nan": (poison(float("nan")), r"1 of \d+ tensors hold NaN or infinity (layers.0.weight)"),
    "infinity": (poison(float("inf")), "set HF_GENIMG_ALLOW_NONFINITE=1 to load them nevertheless"),
}


@every_way
@pytest.mark.parametrize("case", list(TENSORS))
def test_tensors(way: str, case: str, saved: Path, capfd: pytest.CaptureFixture[str]) -> None:
    change, message = TENSORS[case]
    change_tensors(saved, change)
    capfd.readouterr()
    found = refusal(way, saved)
    assert all(part in found for part in message.split(r"\d+")), found
    assert found.startswith(f"DCGANGenerator cannot be loaded from {saved}")
    assert "Some weights" not in capfd.readouterr().err


def test_weights_that_are_not_finite_load_where_that_is_asked_for(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change_tensors(saved, poison(float("nan")))
    monkeypatch.setenv("HF_GENIMG_ALLOW_NONFINITE", "1")
    assert hf_genimg.load(saved).generator.layers[0].weight.isnan().sum() == 1


CONFIGS: dict[str, tuple[dict[str, Any], str]] = {
    "negative": ({"width": -4}, ""),
    "zero": ({"width": 0}, ""),
    "1e18": ({"width": 10**18}, "width=1000000000000000000, which no network was built with"),
    "float": ({"width": 1e300}, "which no network was built with"),
    "too many parameters": ({"width": 2**20}, "it asks for more than 2,000,000,000 parameters"),
    "too many for the file": ({"width": 4}, "have another shape"),
    "null": ({"latent_dim": None}, ""),
    "text": ({"latent_dim": "many"}, ""),
    "list": ({"image_size": [16]}, ""),
    "other class": (
        {"_class_name": "MLPGANGenerator"},
        "its config.json is of 'MLPGANGenerator', not of DCGANGenerator",
    ),
    "names that are none": ({"class_names": 3}, "class_names=3, and needs a text for each class, or null"),
    "names of others": ({"class_names": ["a"], "num_classes": 2}, "class_names=['a'], and needs a text for each"),
    "class is a list": ({"_class_name": ["DCGANGenerator"]}, "its config.json is of ['DCGANGenerator'], not of"),
}


@every_way
@pytest.mark.parametrize("case", list(CONFIGS))
def test_configs(way: str, case: str, saved: Path) -> None:
    fields, message = CONFIGS[case]
    change_config(saved, **fields)
    start = time.monotonic()
    assert message in refusal(way, saved)
    assert time.monotonic() - start < 5


@every_way
@pytest.mark.parametrize(
    ("content", "message"),
    [("[" * 100_000 + "]" * 100_000, "too deeply"), ("[]", ""), ("{", ""), ("7", ""), ("", ""), ("\xff", "")],
    ids=["deep", "list", "broken", "number", "empty", "latin-1"],
)
def test_config_json_that_is_none(way: str, content: str, message: str, saved: Path) -> None:
    (saved / "generator/config.json").write_text(content, encoding="latin-1")
    assert message in refusal(way, saved, (ValueError, OSError))


@pytest.mark.parametrize("layer", [["tanh"], ["linear", 1, 1, True]], ids=["without weights", "with weights"])
def test_tens_of_thousands_of_layers_are_not_built(layer: list[Any], tmp_path: Path) -> None:
    hf_genimg.ImportedGenerator(image_size=4, latent_dim=4).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "layers": [layer] * 30_000}))
    start = time.monotonic()
    with pytest.raises(ValueError, match="it asks for more than 20,000 layers"):
        hf_genimg.ImportedGenerator.from_pretrained(tmp_path)
    assert time.monotonic() - start < 30


def test_the_bound_is_a_setting(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parameters = sum(parameter.numel() for parameter in hf_genimg.load(saved).generator.parameters())
    monkeypatch.setenv("HF_GENIMG_MAX_PARAMETERS", str(parameters - 1))
    assert f"it asks for more than {parameters - 1:,} parameters; set HF_GENIMG_MAX_PARAMETERS" in refusal(
        "load", saved
    )
    monkeypatch.setenv("HF_GENIMG_MAX_PARAMETERS", str(parameters))
    hf_genimg.load(saved)
    monkeypatch.setenv("HF_GENIMG_MAX_PARAMETERS", "lots")
    with pytest.raises(ValueError, match="HF_GENIMG_MAX_PARAMETERS='lots' is not a number of parameters"):
        max_parameters()


INDEXES: dict[str, tuple[Any, str]] = {
    "a classifier": (["hf_genimg", "LeNetClassifier"], "generator is a LeNetClassifier, and must be a generator: "),
    "an autoencoder": (["hf_genimg", "MLPVAE"], "generator is a MLPVAE, and must be a generator: "),
    "a translator": (["hf_genimg", "Pix2PixGenerator"], "and must be a generator: a network from latents to images"),
    "a discriminator": (["hf_genimg", "DCGANDiscriminator"], "and must be a generator"),
    "a pipeline": (["hf_genimg", "ImageGenerationPipeline"], "and must be a generator"),
    "a function": (["hf_genimg", "train"], "which hf_genimg does not have"),
    "of diffusers": (["diffusers", "UNet2DModel"], "generator is diffusers.UNet2DModel, and must be a generator"),
    "of Python": (["os", "system"], "generator is os.system, and must be a generator"),
    "misspelt": (["hf_genimg", "DCGANGenerater"], "which hf_genimg does not have; did you mean DCGANGenerator?"),
    "empty": ([], 'generator is [] in model_index.json, and must be ["hf_genimg", "<Class>"]'),
    "numbers": ([1, 2], "generator is [1, 2] in model_index.json"),
    "one": (["hf_genimg"], "in model_index.json"),
    "text": ("DCGANGenerator", "in model_index.json"),
    "a number": (7, "generator is 7 in model_index.json"),
    "null": (None, "generator is None in model_index.json"),
    "absent": ([None, None], "generator is missing in model_index.json, and must be a generator: "),
}


@pytest.mark.parametrize("way", ["load", "generic", "pipeline"])
@pytest.mark.parametrize("case", list(INDEXES))
def test_components_of_another_kind(way: str, case: str, saved: Path) -> None:
    entry, message = INDEXES[case]
    index = json.loads((saved / "model_index.json").read_text())
    (saved / "model_index.json").write_text(json.dumps({**index, "generator": entry}))
    assert message in refusal(way, saved)


@pytest.mark.parametrize("way", ["load", "pipeline"])
@pytest.mark.parametrize(
    "content", ["[" * 100_000, "[]", "7", "{}", '{"_class_name": ["ImageGenerationPipeline"]}', "", "\xff"]
)
def test_a_model_index_that_is_none(way: str, content: str, saved: Path) -> None:
    (saved / "model_index.json").write_text(content, encoding="latin-1")
    assert f"{saved / 'model_index.json'} is damaged: it " in refusal(way, saved)


def test_pipelines_take_components_of_their_kinds_only() -> None:
    classifier, vae, generator = (
        hf_genimg.LeNetClassifier(16),
        hf_genimg.MLPVAE(8, 1, 4, 16),
        DCGANGenerator(16, 1, 4, 2),
    )
    for make in (
        lambda: ImageGenerationPipeline(classifier),
        lambda: ImageGenerationPipeline(generator, discriminator=generator),
        lambda: ImageGenerationPipeline(vae),
        lambda: hf_genimg.ImageReconstructionPipeline(generator),
        lambda: hf_genimg.ImageTranslationPipeline(vae),
        lambda: hf_genimg.ImageClassificationPipeline(hf_genimg.BigGANDiscriminator(32, 1, 3, 8)),
        lambda: hf_genimg.ImageClassificationPipeline(generator),
    ):
        with pytest.raises(ValueError, match="and must be an? "):
            make()


def test_init_and_the_command_line_say_one_line(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change_tensors(saved, lambda tensors: tensors.pop("layers.0.weight"))
    run = ["train", "dcgan", "--smoke", f"init={saved}", "--out", str(tmp_path / "run")]
    for command in (["sample", str(saved), "--out", str(tmp_path / "x.png")], run):
        assert main(command) == 1
        lines = capsys.readouterr().err.strip().splitlines()
        assert len(lines) == 1 and "tensors are missing" in lines[0]
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("low_cpu_mem_usage", [True, False])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_biggan_loads_in_every_dtype_and_torch_keeps_its_own(
    dtype: torch.dtype, low_cpu_mem_usage: bool, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    network = hf_genimg.BigGANGenerator(32, 1, 8, 3, 4, class_dim=4)
    network.save_pretrained(tmp_path)
    loaded = hf_genimg.BigGANGenerator.from_pretrained(tmp_path, dtype=dtype, low_cpu_mem_usage=low_cpu_mem_usage)
    assert torch.get_default_dtype() == torch.float32
    for name, tensor in loaded.state_dict().items():
        expected = network.state_dict()[name]
        if tensor.is_floating_point():
            assert tensor.dtype == dtype, name
        assert torch.equal(tensor, expected.to(tensor.dtype)), name


def test_sharded_weights_and_variants_load(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = DCGANGenerator(32, 3, 8, 16)
    network.save_pretrained(tmp_path, max_shard_size="20KB", variant="fp16")
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    loaded = DCGANGenerator.from_pretrained(tmp_path, variant="fp16")
    assert all(torch.equal(a, b) for a, b in zip(loaded.parameters(), network.parameters(), strict=True))
    next(tmp_path.glob("*-00002-of-*.safetensors")).unlink()
    with pytest.raises((ValueError, OSError)) as error:
        DCGANGenerator.from_pretrained(tmp_path, variant="fp16")
    assert "missing" in str(error.value)
