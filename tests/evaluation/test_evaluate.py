"""`evaluate` and `compare` as a user calls them, with the extractor that is part of the package."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

import hf_genimg
from hf_genimg.cli import main
from hf_genimg.evaluation.discriminator import discriminator_accuracy
from hf_genimg.evaluation.extractors import open_extractor
from hf_genimg.evaluation.features import BATCH, extract
from hf_genimg.evaluation.scores import Report, Score, compare, verdict
from hf_genimg.evaluation.sources import open_data

TEST = "digits@test"


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline directory of an untrained generator of digits."""
    torch.manual_seed(0)
    network = hf_genimg.MLPGANGenerator(image_size=28, image_channels=1, latent_dim=4, width=8)
    folder = tmp_path_factory.mktemp("models") / "untrained"
    hf_genimg.ImageGenerationPipeline(generator=network).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def of_real() -> Report:
    return hf_genimg.evaluate(TEST, "digits", progress=False)


@pytest.fixture(scope="module")
def of_fakes(generator: Path) -> Report:
    return hf_genimg.evaluate(generator, "digits", num=297, progress=False)


def test_real_images_score_far_better_than_noise(of_real: Report, of_fakes: Report) -> None:
    real, fakes = of_real.scores, of_fakes.scores
    assert real["fid"].value < 0.1 * fakes["fid"].value
    assert real["precision"].value > 0.6 > 0.1 > fakes["precision"].value
    assert real["coverage"].value > fakes["coverage"].value
    assert real["inception_score"].value > 4
    assert of_real.alarms == [] and any("mode dropping" in alarm for alarm in of_fakes.alarms)


def test_the_same_call_gives_the_same_report(of_fakes: Report, generator: Path) -> None:
    assert hf_genimg.evaluate(generator, "digits", num=297, progress=False) == of_fakes


def test_scores_travel_with_their_protocol(of_fakes: Report, generator: Path, tmp_path: Path) -> None:
    saved = json.loads(of_fakes.save(tmp_path / "scores.json").read_text())
    protocol = saved["protocol"]
    assert set(saved) == {"protocol", "scores", "source", "skipped", "diagnosis"}
    assert (protocol["extractor"], protocol["num_fake"], protocol["num_real"], protocol["split"]) == (
        "digits",
        297,
        1500,
        "train",
    )
    assert (
        len(protocol["extractor_sha256"]) == 64 and protocol["kid"]["subset_size"] == 148 and protocol["torch_fidelity"]
    )
    assert saved["source"]["model"] == generator.name
    assert Report.load(tmp_path / "scores.json") == of_fakes


class MeanThreshold(torch.nn.Module):
    """Takes an image for real where its mean is above a limit."""

    device, dtype, config = torch.device("cpu"), torch.float32, {}

    def __init__(self, limit: float) -> None:
        super().__init__()
        self.limit = limit

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean((1, 2, 3)) - self.limit


def test_a_discriminator_is_right_as_often_as_it_is() -> None:
    real = open_data(TEST, 28, 1, 200, False)
    means = real.batch(0, 200).float().div(127.5).sub(1).mean((1, 2, 3))
    discriminator = MeanThreshold(means.sort().values[50].item() - 1e-5)  # 150 of 200 lie above
    found = discriminator_accuracy(discriminator, real, real, None)
    assert found["discriminator_accuracy_training"].value == pytest.approx(0.75)
    assert found["discriminator_accuracy_fake"].value == pytest.approx(0.25)
    assert found["discriminator_accuracy_fake"].low < 0.25 < found["discriminator_accuracy_fake"].high
    assert "discriminator_accuracy_held_out" not in found


def test_a_run_is_evaluated_with_its_own_discriminator(tmp_path: Path, generator: Path) -> None:
    hf_genimg.train("mlp_gan", tmp_path / "run", images=640, generator_width=16, discriminator_width=16, progress=False)
    report = hf_genimg.evaluate(tmp_path / "run", "digits", metrics=["discriminator_accuracy"], num=64, progress=False)
    assert list(report.scores) == [f"discriminator_accuracy_{side}" for side in ("fake", "training", "held_out")]
    with pytest.raises(ValueError, match="discriminator_accuracy needs a model that keeps its discriminator"):
        hf_genimg.evaluate(generator, "digits", metrics=["discriminator_accuracy"], num=4, progress=False)


def test_features_do_not_depend_on_the_batch() -> None:
    eyes, images = open_extractor("digits"), open_data(TEST, 28, 1, None, False)
    features = extract(images, eyes, "", progress=False)
    assert len(features) == 297 and features.logits.shape == (297, 10)
    for start, stop in ((0, 1), (290, 297), (100, 100 + BATCH)):
        part = type(images)(images.dataset, stop)
        np.testing.assert_array_equal(
            extract(part, eyes, "", progress=False).values[start:], features.values[start:stop]
        )
    accuracy = (features.logits.argmax(1) == hf_genimg.open_dataset(TEST, image_size=28, labels=True).labels).mean()
    assert accuracy > 0.97


def test_images_of_another_size_are_resized() -> None:
    eyes = open_extractor("digits")
    small = extract(open_data(TEST, 28, 1, 64, False), eyes, "", progress=False)
    large = extract(open_data(TEST, 56, 1, 64, False), eyes, "", progress=False)
    assert (small.logits.argmax(1) == large.logits.argmax(1)).mean() > 0.95


def test_a_reference_of_smaller_pictures_is_enlarged_for_a_model(generator: Path, tmp_path: Path) -> None:
    """A model that was trained with `upscale=true` is scored against the pictures that it learned from."""
    for number in range(40):
        pixels = np.random.default_rng(number).integers(0, 256, (20, 20), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    report = hf_genimg.evaluate(generator, tmp_path, metrics=["precision"], extractor="digits", progress=False)
    assert report.protocol["image_size"] == 28 and report.protocol["num_real"] == 40
    with pytest.raises(ValueError, match="smaller than image_size=28"):
        open_data(str(tmp_path), 28, None, None, False)


def test_the_reference_is_looked_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, of_real: Report) -> None:
    from hf_genimg.evaluation import feature_cache

    monkeypatch.setenv("HF_GENIMG_CACHE", str(tmp_path / "cache"))
    arguments: dict[str, Any] = {"metrics": ["fid"], "progress": False}
    first = hf_genimg.evaluate(TEST, "digits", **arguments)
    assert first.scores["fid"] == of_real.scores["fid"]
    kept = list((tmp_path / "cache/features").iterdir())
    assert len(kept) == 1
    monkeypatch.setattr(feature_cache, "extract", lambda *_: pytest.fail("the reference was looked at again"))
    assert hf_genimg.evaluate(TEST, "digits", **arguments) == first
    monkeypatch.undo()
    monkeypatch.setenv("HF_GENIMG_CACHE", str(tmp_path / "cache"))
    kept[0].write_bytes(b"damaged")
    assert hf_genimg.evaluate(TEST, "digits", **arguments) == first


def test_two_processes_give_the_same_digits(of_real: Report, tmp_path: Path) -> None:
    launch = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc_per_node",
        "2",
        "-m",
        "hf_genimg.cli",
    ]
    command = [*launch, "evaluate", TEST, "--reference", "digits", "--out", str(tmp_path / "two.json")]
    done = subprocess.run(
        command, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
    assert Report.load(tmp_path / "two.json") == of_real
    assert done.stdout.count("297 images against") == 1


def test_a_classifier_by_its_path_and_a_pipeline_of_diffusers(tmp_path: Path) -> None:
    from diffusers import DDIMPipeline, DDIMScheduler, UNet2DModel

    torch.manual_seed(0)
    blocks = {"down_block_types": ("DownBlock2D",) * 2, "up_block_types": ("UpBlock2D",) * 2, "layers_per_block": 1}
    unet = UNet2DModel(16, 1, 1, block_out_channels=(4, 4), norm_num_groups=2, attention_head_dim=2, **blocks)
    pipe = DDIMPipeline(unet, DDIMScheduler(num_train_timesteps=50))
    pipe.save_pretrained(tmp_path / "ddim")
    network = hf_genimg.LeNetClassifier(image_size=16, feature_dim=4)
    hf_genimg.ImageClassificationPipeline(classifier=network).save_pretrained(tmp_path / "mine")
    report = hf_genimg.evaluate(
        tmp_path / "ddim", TEST, extractor=str(tmp_path / "mine"), num=3, metrics=["fid"], progress=False
    )
    assert report.protocol["image_size"] == 16 and report.protocol["extractor"] == str(tmp_path / "mine")
    assert report.scores["fid"].value > 0


def inception_weights(path: Path) -> Path:
    """Random weights of torch-fidelity's InceptionV3 as safetensors, scaled so that activations neither die nor
    explode.
    """
    import torch_fidelity.feature_extractor_inceptionv3 as theirs

    patch = pytest.MonkeyPatch()
    patch.setattr(theirs, "load_state_dict_from_url", lambda *_, **__: {})
    patch.setattr(theirs.FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
    torch.manual_seed(0)
    network = theirs.FeatureExtractorInceptionV3("inception-v3-compat", ["2048"])
    patch.undo()
    for module in network.modules():
        if isinstance(module, theirs.BasicConv2d):
            torch.nn.init.kaiming_normal_(module.conv.weight)
            module.bn.running_var.uniform_(0.5, 2)
            module.bn.running_mean.normal_(0, 0.3)
    save_file(network.state_dict(), path)
    return path


def test_inception_is_torch_fidelitys(tmp_path: Path) -> None:
    from torch_fidelity.utils import create_feature_extractor

    weights = inception_weights(tmp_path / "inception.safetensors")
    ours = open_extractor("inception-v3-compat", weights)
    from safetensors.torch import load_file

    torch.save(load_file(weights), tmp_path / "inception.pth")
    theirs = create_feature_extractor(
        "inception-v3-compat", ["2048", "logits_unbiased"], cuda=False, verbose=False,
        feature_extractor_weights_path=str(tmp_path / "inception.pth"),
    )  # fmt: skip
    pixels = torch.randint(0, 256, (3, 32, 40, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for found, expected in zip(ours(pixels), theirs(pixels.permute(0, 3, 1, 2)), strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3 * expected.abs().max().item())
    grey = pixels[..., :1]
    with torch.no_grad():
        torch.testing.assert_close(ours(grey)[0], ours(grey.expand(-1, -1, -1, 3))[0])
    assert ours.sha256 == __import__("hashlib").sha256(weights.read_bytes()).hexdigest()
    with pytest.raises(ValueError, match="and the published ones of inception-v3-compat begin with 6726825d"):
        open_extractor("inception-v3-compat", tmp_path / "inception.pth")
    save_file({"something": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="the extractor weights do not fit inception-v3-compat"):
        open_extractor("inception-v3-compat", tmp_path / "other.safetensors")


def report(low: float, high: float, name: str = "fid", **protocol: Any) -> Report:
    return Report({"extractor": "digits", **protocol}, {name: Score((low + high) / 2, low, high)}, {"model": "a"})


def test_a_difference_within_the_uncertainty_is_none() -> None:
    assert "no difference beyond the uncertainty of 1.414" in compare(report(9, 11), report(10, 12))[0]
    assert "the first is better, by 2" in compare(report(9, 11), report(11, 13))[0]
    assert "the second is better, by 2" in compare(report(9, 11, "recall"), report(11, 13, "recall"))[0]
    assert verdict("fid", Score(1.0), Score(3.0, 2, 4)) == "differ by +2, of unknown uncertainty"


def test_unlike_protocols_are_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(report(9, 11, num_fake=count).save(tmp_path / f"{count}.json")) for count in (100, 200)]
    assert main(["compare", *files]) == 1
    assert "unlike protocols and cannot be compared: num_fake=100 (there: 200)" in capsys.readouterr().err
    assert main(["compare", files[0], files[0]]) == 0
    assert "fid: 10  (9 to 11) and 10  (9 to 11): no difference" in capsys.readouterr().out


def grey_folder(folder: Path, count: int = 3) -> Path:
    folder.mkdir()
    for number in range(count):
        Image.fromarray(np.full((12, 12, 3), number * 20, np.uint8) + np.arange(3, dtype=np.uint8)).save(
            folder / f"{number}.png"
        )
    return folder


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["digits", "--reference", "digits", "--metrics", "fdi"], "--metrics fdi is not known; use some of fid"),
        (["digits", "--reference", "nowhere"], "there is nothing at 'nowhere'"),
        (["nowhere", "--reference", "digits"], "there is nothing at 'nowhere'"),
        (
            ["digits@test", "--reference", "digits", "--num", "1000"],
            "digits@test has 297 images, fewer than --num 1000",
        ),
        (["digits@test", "--reference", "digits", "--num", "0"], "--num 0 is not possible; use 1 or more"),
        (
            ["digits@test", "--reference", "digits", "--num", "50", "--metrics", "kid"],
            "50 images are too few for kid; use 200 or more",
        ),
        (["digits", "--reference", "digits", "--extractor", "nothing"], "there is no extractor 'nothing'"),
        (["digits", "--reference", "digits", "--extractor", "COLOUR"], "is a model for generation, not a classifier"),
        (["COLOURS", "--reference", "COLOURS", "--extractor", "digits"], "the extractor digits takes grey images only"),
        (["digits", "--reference", "bad.npz"], "bad.npz cannot be read as statistics"),
        (["digits", "--reference", "digits", "--extractor-weights", "x.pth"], "digits has its own weights"),
        (["digits", "--reference", "digits", "--out", "scores.txt"], "scores are written as JSON"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    arguments: list[str],
    line: str,
    generator: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    colours = grey_folder(tmp_path / "colours")
    monkeypatch.chdir(tmp_path)
    given = [{"COLOUR": str(generator), "COLOURS": str(colours)}.get(argument, argument) for argument in arguments]
    if "--out" not in given:
        given += ["--out", "scores.json"]
    assert main(["evaluate", *given]) == 1
    error = capsys.readouterr().err
    assert line in error and len([row for row in error.splitlines() if row.startswith("hf-genimg")]) == 1
    assert not list(tmp_path.glob("scores.*"))


def test_colour_is_scored_by_lite0_where_inception_is_not_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from hf_genimg.features import efficientnet

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))  # where Inception's weights would be
    colours = str(grey_folder(tmp_path / "colours"))
    if efficientnet.is_installed():
        report = hf_genimg.evaluate(colours, colours, metrics=["fid"], progress=False)
        protocol = report.protocol
        assert (protocol["extractor"], protocol["resolution"]) == ("efficientnet-lite0", 224)
        assert protocol["extractor_sha256"] == efficientnet.SHA256
        assert protocol["resize"] == "bilinear with antialiasing to 224 pixels, on floats"
        assert protocol["comparable"] == (
            "with scores by efficientnet-lite0 only, not with published ones, which are by Inception; "
            "the default where Inception's weights are not on the machine"
        )
        assert report.scores["fid"].value == pytest.approx(0, abs=1e-3)
    monkeypatch.setattr(efficientnet, "PACKAGE", "a_package_that_is_not_there")
    assert main(["evaluate", colours, "--reference", colours]) == 1
    message = "a classifier's run directory, or efficientnet-lite0 after pip install 'hf_genimg[features]'"
    assert message in capsys.readouterr().err


def test_a_file_that_fits_no_network_of_torch_fidelity_is_one_line(tmp_path: Path) -> None:
    save_file({"something": torch.zeros(1)}, tmp_path / "w.safetensors")
    with pytest.raises(ValueError, match="do not fit dinov2-vit-s-14: it has no cls_token"):
        open_extractor("dinov2-vit-s-14", tmp_path / "w.safetensors")
    with pytest.raises(ValueError, match="do not fit clip-vit-b-32"):
        open_extractor("clip-vit-b-32", tmp_path / "w.safetensors")


def test_the_command_line_writes_what_it_prints(
    generator: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "scores.json"
    arguments = [
        "evaluate",
        str(generator),
        "--reference",
        TEST,
        "--num",
        "64",
        "--metrics",
        "fid,recall",
        "--out",
        str(out),
    ]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    scores = Report.load(out).scores
    assert list(scores) == ["fid", "precision", "recall"]
    assert (
        f"{scores['fid'].value:.4g}" in printed
        and "biased upward" in printed
        and "64 images against 297 of digits@test" in printed
    )
    assert main(arguments) == 1
    assert "exists already and is not overwritten" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("recipe", "fields"), [("r3gan", {}), ("mlp_gan", {"loss": "wasserstein", "weight_clipping": 0.01})]
)
def test_no_boundary_is_looked_for_where_logits_only_compare(
    tmp_path: Path, tiny: Callable[..., Any], recipe: str, fields: Any
) -> None:
    hf_genimg.train(tiny(recipe, images=32, **fields), tmp_path / "run", progress=False)
    with pytest.raises(ValueError, match="the logits of this one only compare"):
        hf_genimg.evaluate(
            tmp_path / "run", "digits", metrics=["discriminator_accuracy"], extractor="digits", num=4, progress=False
        )


def test_least_squares_says_real_above_a_half(tmp_path: Path, tiny: Callable[..., Any]) -> None:
    pipe = hf_genimg.train(tiny("mlp_gan", loss="least_squares", images=32), tmp_path / "run", progress=False)
    assert hf_genimg.load(tmp_path / "run").discriminator.config.boundary == 0.5
    head = pipe.discriminator.layers[-1]
    torch.nn.init.zeros_(head.weight)
    torch.nn.init.constant_(head.bias, 0.4)  # above 0, and still a "fake"
    pipe.save_pretrained(tmp_path / "sure")
    asked = {"metrics": ["discriminator_accuracy"], "extractor": "digits", "num": 4, "progress": False}
    scores = hf_genimg.evaluate(tmp_path / "sure", "digits", **asked).scores
    assert scores["discriminator_accuracy_fake"].value == 1 and scores["discriminator_accuracy_training"].value == 0


def sprites(folder: Path, sizes: list[int]) -> Path:
    """Pictures of patterns, of these sizes."""
    folder.mkdir()
    for number, size in enumerate(sizes):
        pixels = np.random.default_rng(number).integers(0, 256, (size, size), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:02}.png")
    return folder


FID = {"metrics": ["fid"], "extractor": "digits", "progress": False}


def test_one_tiny_picture_does_not_decide_the_size(tmp_path: Path) -> None:
    one_tiny, good = sprites(tmp_path / "one-tiny", [32, 32, 4, *[32] * 9]), sprites(tmp_path / "good", [32] * 12)
    with pytest.raises(ValueError, match="shorter sides from 4 to 32 pixels, .* --image-size 32, with --skip-bad"):
        hf_genimg.evaluate(one_tiny, good, **FID)
    with pytest.raises(ValueError, match=r"02.png is 4x4, .* smaller --image-size, or --skip-bad to leave it out"):
        hf_genimg.evaluate(one_tiny, good, image_size=32, **FID)
    with pytest.raises(ValueError, match=r"02.png is 4x4, .* smaller --image-size, or --skip-bad to leave it out"):
        hf_genimg.evaluate(good, one_tiny, **FID)
    with pytest.warns(UserWarning, match="1 of 12 pictures of .* were left out"):
        report = hf_genimg.evaluate(one_tiny, good, image_size=32, skip_bad=True, **FID)
    assert (report.protocol["image_size"], report.protocol["num_fake"], report.protocol["num_real"]) == (32, 11, 12)
    assert hf_genimg.evaluate(one_tiny, good, image_size=4, **FID).protocol["image_size"] == 4


def test_sizes_that_differ_a_little_need_no_choice(tmp_path: Path) -> None:
    report = hf_genimg.evaluate(sprites(tmp_path / "a", [20, 32, 24]), sprites(tmp_path / "b", [40, 20]), **FID)
    assert report.protocol["image_size"] == 20


def test_a_model_has_the_size_of_its_own_images(generator: Path) -> None:
    with pytest.raises(ValueError, match="--image-size 14 is for DATA, and .* is a model; leave it out"):
        hf_genimg.evaluate(generator, "digits", image_size=14, **FID)
    with pytest.raises(ValueError, match="--image-size 0 is not possible; use 1 or more"):
        hf_genimg.evaluate("digits", "digits", image_size=0, **FID)


def test_a_set_against_itself_is_at_distance_zero(tmp_path: Path) -> None:
    good = sprites(tmp_path / "good", [32] * 40)
    assert hf_genimg.evaluate(good, good, **FID).scores["fid"].value == 0
    assert hf_genimg.evaluate(TEST, TEST, **FID).scores["fid"].value == 0


def test_features_that_are_not_finite_name_their_side(tmp_path: Path) -> None:
    network = hf_genimg.LeNetClassifier(image_size=28, feature_dim=4)
    with torch.no_grad():
        for weight in network.parameters():
            weight.fill_(1e30)  # no NaN, which loading would refuse: features overflow
    hf_genimg.ImageClassificationPipeline(classifier=network).save_pretrained(tmp_path / "broken")
    with pytest.raises(ValueError, match="of 12 of the 12 images of .*a are not finite numbers; check these images"):
        hf_genimg.evaluate(
            sprites(tmp_path / "a", [28] * 12),
            sprites(tmp_path / "b", [28] * 9),
            metrics=["fid"],
            extractor=str(tmp_path / "broken"),
            progress=False,
        )
    mean = np.zeros(128)
    mean[:2] = np.nan
    np.savez(tmp_path / "known.npz", mu=mean, sigma=np.eye(128))
    with pytest.raises(ValueError, match="known.npz has 2 entries of mu that are not finite numbers"):
        hf_genimg.evaluate(TEST, tmp_path / "known.npz", extractor="digits", progress=False)


WHOLE = {"protocol": {}, "scores": {"fid": {"value": 1.0, "low": 0.5, "high": 2.0, "note": None}}, "source": {},
         "skipped": {}, "diagnosis": None}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"scores": {"fid": {"value": 1.0, "low": 0.5}}}, "high of fid is missing"),
        ({"scores": {"fid": {"value": 1.0, "low": 0.5, "high": None}}}, "fid has only one bound of its interval"),
        ({"scores": {"fid": {"value": None, "low": 0.5, "high": 2.0}}}, "value of fid is None, which is no finite"),
        ({"scores": {"fid": {"value": "1", "low": 0.5, "high": 2.0}}}, "value of fid is '1', which is no finite"),
        ({"scores": {"fid": {"value": 1.0, "low": 0.5, "high": float("nan")}}}, "high of fid is nan"),
        ({"scores": {"fid": {"value": 1.0, "width": 2}}}, "fid is no score with value, low, high and note"),
        ({"scores": {"fid": {"low": 1.0, "high": 2}}}, "value of fid is missing"),
        ({"scores": {"fid": 3}}, "fid is no score"),
        ({"scores": {}}, "it lists no score"),
        ({"scores": []}, "has no attribute"),
        ({"skipped": 3}, "not iterable"),
        ({"diagnosis": {"alarms": 1}}, "its alarms are no list"),
    ],
)
def test_damaged_scores_are_one_line(
    change: dict[str, Any], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, damaged = tmp_path / "whole.json", tmp_path / "damaged.json"
    whole.write_text(json.dumps(WHOLE))
    damaged.write_text(json.dumps({**WHOLE, **change}))
    assert main(["compare", str(whole), str(whole)]) == 0
    assert main(["compare", str(whole), str(damaged)]) == 1
    error = capsys.readouterr().err
    assert "damaged.json holds no scores" in error and reason in error and error.count("\n") == 1


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"{}", b"[" * 100_000, b"\xff\xfe", b'{"scores": '])
def test_what_is_no_json_of_scores_is_one_line(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "scores.json").write_bytes(content)
    assert main(["compare", *[str(tmp_path / "scores.json")] * 2]) == 1
    error = capsys.readouterr().err
    assert "scores.json holds no scores" in error and error.count("\n") == 1


@pytest.mark.parametrize("line", ["null", "{}", "3", "{", '{"images": 3, "loss": [1]}', '{"images": "x"}'])
def test_a_damaged_log_is_one_line_before_work(
    line: str, generator: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "pipeline").symlink_to(generator)
    (run / "recipe.json").write_text('{"recipe": "mlp_gan", "fields": {"ema_half_life": 0}}')
    (run / "log.jsonl").write_text(f'{{"images": 1, "loss": 2.0}}\n{line}\n{{"images": 2, "loss": 2.0}}\n')
    assert main(["evaluate", str(run), "--reference", "digits", "--metrics", "fid", "--num", "4"]) == 1
    error = capsys.readouterr().err
    assert f"line 2 of {run / 'log.jsonl'} is damaged" in error and error.count("\n") == 1
    assert not (run / "scores.json").exists()


@pytest.mark.parametrize("content", ["", "null", "[]", "{}", '{"fields": 3}', '{"fields": {"seed": 1}}', "[" * 100_000])
def test_a_damaged_recipe_is_one_line_before_work(
    content: str, generator: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "pipeline").symlink_to(generator)
    (run / "recipe.json").write_text(content)
    for command in (["evaluate", str(run), "--reference", "digits", "--num", "4"], ["push", str(run), "a/b"]):
        if command[0] == "push" and content.startswith('{"fields": {'):
            continue  # is published as it is
        assert main(command) == 1
        error = capsys.readouterr().err
        assert "recipe.json" in error and "damaged" in error and error.count("\n") == 1, (command, error)
    assert not (run / "scores.json").exists()


def test_arrays_of_images_are_data(tmp_path: Path) -> None:
    images = np.asarray(hf_genimg.open_dataset(TEST, image_size=28).images)
    np.savez(tmp_path / "images.npz", images=images)
    np.save(tmp_path / "images.npy", images[..., 0])
    of_real = hf_genimg.evaluate(TEST, "digits", metrics=["fid"], progress=False).scores["fid"].value
    for name in ("images.npz", "images.npy"):
        report = hf_genimg.evaluate(tmp_path / name, "digits", metrics=["fid"], extractor="digits", progress=False)
        assert report.scores["fid"].value == of_real and report.protocol["num_fake"] == 297
    back = hf_genimg.evaluate(TEST, tmp_path / "images.npz", metrics=["fid"], extractor="digits", progress=False)
    assert back.scores["fid"].value == 0 and back.protocol["reference_fingerprint"] != "statistics"


@pytest.mark.parametrize("count", [None, "x", True])
def test_scores_whose_counts_are_damaged_are_printed(count: object, tmp_path: Path) -> None:
    report = Report({"num_fake": 64, "num_real": 1500, "reference": "digits"}, {"fid": Score(1.0)}, {"model": "x"})
    report.save(tmp_path / "scores.json")
    assert "64 images against 1,500 of digits@unknown" in Report.load(tmp_path / "scores.json").table()
    for protocol in ({**report.protocol, "num_fake": count}, {"num_real": 1500, "reference": "digits"}):
        table = replace(report, protocol=protocol).table()
        assert "an unknown number of images against 1,500 of digits@unknown, features of an unknown extractor" in table


@pytest.mark.parametrize("name", ["reference", "split", "extractor"])
def test_names_in_a_protocol_are_texts(name: str, tmp_path: Path) -> None:
    """A card takes them as keys."""
    for value in ([None], {}, 3):
        Report({"num_fake": 64, name: value}, {"fid": Score(1.0)}, {}).save(tmp_path / "scores.json")
        with pytest.raises(ValueError, match=rf"holds no scores \({name} of its protocol is .*, which is no text\)"):
            Report.load(tmp_path / "scores.json")


def test_scores_of_a_run_are_added_to_those_it_has(tmp_path: Path, tiny: Callable[..., Any]) -> None:
    run = tmp_path / "run"
    hf_genimg.train(tiny("mlp_gan", image_size=28), run, progress=False)
    for metric in ("fid", "precision"):
        assert main(["evaluate", str(run), "--reference", "digits", "--num", "40", "--metrics", metric]) == 0
    assert set(Report.load(run / "scores.json").scores) == {"fid", "precision", "recall"}
    assert "| fid |" in (run / "README.md").read_text() and not (run / "scores-1.json").exists()

    assert main(["evaluate", str(run), "--reference", "digits", "--num", "41", "--metrics", "recall"]) == 0
    assert "fid" not in Report.load(run / "scores.json").scores
    assert set(Report.load(run / "scores-1.json").scores) == {"fid", "precision", "recall"}
