"""Metrics of images and of the model itself: copies, path length, and the distance of each class."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from diffusers.configuration_utils import FrozenDict
from PIL import Image

import hf_genimg
from hf_genimg.evaluation.features import Features
from hf_genimg.evaluation.frechet import frechet_distance, statistics
from hf_genimg.evaluation.metrics import Classes, Tables, fid_per_class
from hf_genimg.evaluation.path_length import mean_length, path_lengths
from hf_genimg.evaluation.scores import verdict
from hf_genimg.evaluation.sources import ModelImages

ON_DIGITS = {"num": 150, "progress": False}


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline directory of an untrained generator of digits."""
    torch.manual_seed(0)
    network = hf_genimg.MLPGANGenerator(image_size=28, image_channels=1, latent_dim=4, width=8)
    folder = tmp_path_factory.mktemp("models") / "untrained"
    hf_genimg.ImageGenerationPipeline(generator=network).save_pretrained(folder)
    return folder


def test_a_class_is_compared_with_itself() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 200)
    fake, real = (rng.normal(labels[:, None] * 5, 1, (400, 3)).astype(np.float32) for _ in range(2))
    fake[labels == 1] += 2
    tables = Tables(Features(fake), Features(real), classes=Classes(labels, labels, ("cat", "dog")))
    scores = fid_per_class(tables)
    assert list(scores) == ["fid_per_class", "fid_class_cat", "fid_class_dog"]
    for number, name in enumerate(("cat", "dog")):
        expected = frechet_distance(statistics(fake[labels == number]), statistics(real[labels == number]))
        assert scores[f"fid_class_{name}"].value == pytest.approx(expected, rel=1e-9)
    assert scores["fid_class_dog"].low < 12 < scores["fid_class_dog"].high, "2 in each of 3 features"
    assert scores["fid_per_class"].value == pytest.approx(
        (scores["fid_class_cat"].value + scores["fid_class_dog"].value) / 2
    )
    assert "worst is dog" in scores["fid_per_class"].note
    assert "the first is better" in verdict("fid_class_cat", scores["fid_class_cat"], scores["fid_class_dog"])
    few = Tables(Features(fake[:201]), Features(real), classes=Classes(labels[:201], labels, ("cat", "dog")))
    with pytest.raises(
        ValueError, match="class dog has 1 and 200 images, too few for fid_per_class; use a larger --num"
    ):
        fid_per_class(few)


def test_swapped_classes_are_seen_by_their_own_distance_only() -> None:
    """A generator that ignores its labels has a perfect distance over all images."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 200)
    features = rng.normal(labels[:, None] * 5, 1, (400, 3)).astype(np.float32)
    tables = Tables(Features(features), Features(features), classes=Classes(1 - labels, labels, ("cat", "dog")))
    assert frechet_distance(statistics(features), statistics(features)) < 1e-6
    assert fid_per_class(tables)["fid_per_class"].value > 50


def test_labelled_data_have_a_distance_of_each_class(tmp_path: Path) -> None:
    report = hf_genimg.evaluate("digits@test", "digits", metrics=["fid_per_class"], progress=False)
    assert [f"fid_class_{name}" for name in range(10)] == list(report.scores)[1:]
    assert "memorization" not in report.skipped and report.pictures["samples"].mode == "L"
    for number in range(3):
        Image.fromarray(np.full((28, 28), number, np.uint8)).save(tmp_path / f"{number}.png")  # without labels
    with pytest.raises(ValueError, match="fid_per_class needs the same classes on both sides: a conditional model"):
        hf_genimg.evaluate("digits", tmp_path, metrics=["fid_per_class"], extractor="digits", progress=False)


def test_classes_that_were_found_are_not_those_of_the_data(tmp_path: Path) -> None:
    generator = hf_genimg.InfoGANGenerator(image_size=16, image_channels=1, latent_dim=4, num_classes=10, width=4)
    pipe = hf_genimg.ImageGenerationPipeline(generator)
    pipe.save_pretrained(tmp_path)
    assert pipe.capabilities.num_classes == 10 and pipe.capabilities.found_classes
    with pytest.raises(ValueError, match="fid_per_class needs the same classes on both sides"):
        hf_genimg.evaluate(tmp_path, "digits", metrics=["fid_per_class"], extractor="digits", num=40, progress=False)


class Conditional(torch.nn.Module):
    """Makes the class that it is asked for as a grey level."""

    config = SimpleNamespace(latent_dim=4, latent_distribution="normal")

    def sample_latents(self, count: int, generator: torch.Generator) -> torch.Tensor:
        return torch.randn(count, 4, generator=generator)

    def sample_noise(self, count: int, generator: torch.Generator) -> None:
        return None


def test_the_labels_of_a_conditional_model_are_those_of_its_images() -> None:
    from hf_genimg.pipelines.sampling import draw

    able = SimpleNamespace(num_classes=7)
    pipeline = SimpleNamespace(network=Conditional(), capabilities=able, prior_network=None)
    labels = ModelImages(pipeline, 1500, 40, 8, 1).labels
    assert labels.tolist() == draw(pipeline.network, 7, num_images=1500, seed=40).class_labels.tolist()
    assert ModelImages(SimpleNamespace(capabilities=SimpleNamespace(num_classes=0)), 5, 0, 8, 1).labels is None


class Seen:
    """Features are the pixels."""

    def __call__(self, pixels: torch.Tensor) -> tuple[torch.Tensor, None]:
        return pixels.flatten(1).double(), None


class Linear:
    """Images are M z: then the length of a path has a closed form."""

    def __init__(self, matrix: torch.Tensor, distribution: str = "uniform", prior: Any = None) -> None:
        self.matrix, self.network, self.prior_network = matrix, Conditional(), prior
        self.network.config = FrozenDict(latent_dim=4, latent_distribution=distribution)
        self.capabilities = SimpleNamespace(num_classes=0)

    def __call__(self, latents: torch.Tensor, output_type: str) -> SimpleNamespace:
        assert output_type == "pt"
        return SimpleNamespace(images=(latents.double() @ self.matrix.T).view(-1, 1, 2, 3))


def test_the_length_of_straight_paths_is_their_closed_form() -> None:
    """For G(z) = M z and the straight line it is |M (z' - z)|^2, in grey levels, whatever epsilon."""
    from hf_genimg.pipelines.sampling import draw

    matrix = torch.randn(6, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    pipeline = Linear(matrix)
    begin, end = (draw(pipeline.network, 0, num_images=130, seed=seed).latents.double() for seed in (3, 133))
    expected = ((end - begin) @ matrix.T * 255).square().sum(1).numpy()
    for epsilon in (1e-2, 1e-1):
        np.testing.assert_allclose(path_lengths(pipeline, Seen(), 130, 3, epsilon), expected, rtol=1e-3)


def test_paths_lie_between_latents_of_the_prior() -> None:
    """A prior one tenth as wide has paths one hundredth as long, along the straight line also for normal latents."""

    class Narrow:
        conditions, scale = (), 1.0

        def sample_latents(self, num_images: int, generator: list[torch.Generator]) -> torch.Tensor:
            return self.scale * torch.cat([torch.randn(1, 4, generator=each) for each in generator])

    wide, narrow, matrix = Narrow(), Narrow(), torch.eye(6, 4, dtype=torch.float64)
    narrow.scale = 0.1
    long, short = (path_lengths(Linear(matrix, "normal", prior), Seen(), 100, 3, 0.1) for prior in (wide, narrow))
    np.testing.assert_allclose(short, long / 100, rtol=1e-3)


def test_path_length_is_torch_fidelitys_on_the_same_latents(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch_fidelity.metric_ppl as theirs
    from torch_fidelity.generative_model_base import GenerativeModelBase

    from hf_genimg.pipelines.sampling import draw

    matrix = torch.randn(6, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) / 20
    pipeline = Linear(matrix, "normal")
    ours = path_lengths(pipeline, Seen(), 200, 0, epsilon=1e-2)

    class Same(GenerativeModelBase):
        z_size, z_type, num_classes = 4, "normal", 0

        def forward(self, latents: torch.Tensor) -> torch.Tensor:
            return (latents.double() @ matrix.T * 255).view(-1, 1, 2, 3)

    latents = iter(draw(pipeline.network, 0, num_images=200, seed=seed).latents for seed in (0, 200))
    monkeypatch.setattr(theirs, "sample_random", lambda *_: next(latents))
    monkeypatch.setattr(
        theirs, "create_sample_similarity", lambda *_, **__: lambda one, other: (one - other).square().flatten(1).sum(1)
    )
    found = theirs.calculate_ppl(
        1, input1=Same(), input1_model_num_samples=200, ppl_epsilon=1e-2, ppl_reduction="none", cuda=False,
        verbose=False,
        ppl_discard_percentile_lower=None, ppl_discard_percentile_higher=None, batch_size=50, input1_model_z_size=4,
        input1_model_z_type="normal", input1_model_num_classes=0, ppl_z_interp_mode="slerp_any",
    )  # fmt: skip
    np.testing.assert_allclose(
        ours, found["perceptual_path_length_raw"], rtol=2e-3
    )  # their circle is of single precision
    assert ours.mean() == pytest.approx(found["perceptual_path_length_mean"], rel=1e-4)


def test_a_few_enormous_lengths_do_not_decide() -> None:
    lengths = np.concatenate([np.linspace(1, 3, 200), [1e9]])
    score = mean_length(lengths)
    assert score.low < 2 < score.high and score.value == pytest.approx(2, abs=0.02)


def test_path_length_of_a_model_is_in_its_report(generator: Path) -> None:
    report = hf_genimg.evaluate(generator, "digits", metrics=["perceptual_path_length"], **ON_DIGITS)
    assert report.scores["perceptual_path_length"].low > 0
    assert report.protocol["perceptual_path_length"]["paths"] == 150
    again = hf_genimg.evaluate(generator, "digits", metrics=["perceptual_path_length"], **ON_DIGITS)
    assert again == report
    with pytest.raises(ValueError, match="perceptual_path_length needs a model of this package"):
        hf_genimg.evaluate("digits@test", "digits", metrics=["perceptual_path_length"], progress=False)
    with pytest.raises(ValueError, match="99 paths are too few for perceptual_path_length"):
        hf_genimg.evaluate(generator, "digits", metrics=["perceptual_path_length"], num=99, progress=False)


def test_copies_of_the_reference_are_an_alarm(tmp_path: Path) -> None:
    """40 of 200 pictures are training images, exact or mirrored; the rest is from the test split."""
    training, test = (
        np.asarray(hf_genimg.open_dataset(f"digits@{split}", image_size=28).images) for split in ("train", "test")
    )
    mixed = np.concatenate([training[:20], training[20:40, :, ::-1], test[:160]])
    for number, image in enumerate(mixed):
        Image.fromarray(image[..., 0]).save(tmp_path / f"{number:03}.png")
    report = hf_genimg.evaluate(tmp_path, "digits", metrics=["memorization"], extractor="digits", progress=False)
    assert report.scores["copies"].value == pytest.approx(0.2, abs=0.015)
    assert 0 < report.scores["authentic_percent"].value < 95
    assert any("are copies of images of the reference" in alarm for alarm in report.alarms)
    assert report.pictures["neighbours"].height > report.pictures["neighbours"].width, "eight rows of three"


def test_a_model_that_copies_nothing_raises_no_alarm(generator: Path) -> None:
    report = hf_genimg.evaluate(generator, "digits", **ON_DIGITS)
    assert (report.scores["copies"].value, report.scores["copies"].low) == (0, 0)
    assert not any("copies" in alarm for alarm in report.alarms)
    assert set(report.pictures) == {"samples", "neighbours"}
    assert "discriminator_accuracy" in report.skipped


def test_an_autoencoder_is_also_scored_without_its_prior(tmp_path: Path, generator: Path) -> None:
    torch.manual_seed(0)
    autoencoder = hf_genimg.MLPVAE(image_size=28, latent_dim=4, width=8)
    prior = hf_genimg.GaussianMixture(4, 2)
    prior.means.data += 50
    hf_genimg.ImageReconstructionPipeline(autoencoder, prior).save_pretrained(tmp_path / "with")
    hf_genimg.ImageReconstructionPipeline(autoencoder).save_pretrained(tmp_path / "without")
    metrics = ["fid", "fid_without_prior"]
    scores = hf_genimg.evaluate(tmp_path / "with", "digits@test", metrics=metrics, **ON_DIGITS).scores
    alone = hf_genimg.evaluate(tmp_path / "without", "digits@test", metrics=["fid"], **ON_DIGITS).scores
    assert scores["fid_without_prior"] == alone["fid"] != scores["fid"]
    for model in (tmp_path / "without", generator):
        with pytest.raises(ValueError, match="fid_without_prior needs an autoencoder with a trained prior; leave it"):
            hf_genimg.evaluate(model, "digits@test", metrics=metrics, **ON_DIGITS)
