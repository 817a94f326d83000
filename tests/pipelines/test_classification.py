"""The classification pipeline: probabilities, the likeliest classes, and the picture of what it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import hf_genimg


@pytest.fixture
def pipe() -> hf_genimg.ImageClassificationPipeline:
    torch.manual_seed(0)
    network = hf_genimg.LeNetClassifier(
        image_size=16, num_classes=4, feature_dim=6, class_names=["ant", "bee", "cat", "dog"]
    )
    return hf_genimg.ImageClassificationPipeline(classifier=network)


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(5, 1, 16, 16, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_the_likeliest_classes_are_those_of_the_softmax(
    pipe: hf_genimg.ImageClassificationPipeline, images: torch.Tensor
) -> None:
    found = pipe(images, top_k=2)
    with torch.no_grad():
        expected = pipe.classifier.eval()(images).softmax(1)
    assert found.labels == expected.argsort(1, descending=True)[:, :2].tolist()
    np.testing.assert_allclose(found.probabilities, expected.sort(1, descending=True).values[:, :2], rtol=1e-5)
    assert found.names == [[["ant", "bee", "cat", "dog"][label] for label in row] for row in found.labels]
    assert len(pipe(images, top_k=9).labels[0]) == 4
    assert pipe(images, return_dict=False)[0] == [row[:1] for row in found.labels]


def test_batches_and_pictures_change_nothing(pipe: hf_genimg.ImageClassificationPipeline, images: torch.Tensor) -> None:
    whole = pipe.probabilities(images)
    torch.testing.assert_close(pipe.probabilities(images, 2), whole)
    picture = Image.fromarray(((images[0, 0] + 1) * 127.5).round().byte().numpy())
    levels = (images[:1] + 1).mul(127.5).round() / 127.5 - 1
    torch.testing.assert_close(pipe.probabilities(picture), pipe.probabilities(levels))


def test_it_loads_as_it_was_saved(
    pipe: hf_genimg.ImageClassificationPipeline, images: torch.Tensor, tmp_path: Path
) -> None:
    pipe.save_pretrained(tmp_path / "saved")
    loaded = hf_genimg.load(tmp_path / "saved")
    assert loaded.capabilities == hf_genimg.Capabilities(
        "classification", 16, 1, 4, class_names=("ant", "bee", "cat", "dog")
    )
    assert loaded.class_names == ["ant", "bee", "cat", "dog"]
    assert torch.equal(loaded.probabilities(images), pipe.probabilities(images))


def test_wrong_ones_are_red(pipe: hf_genimg.ImageClassificationPipeline, images: torch.Tensor, tmp_path: Path) -> None:
    right = torch.tensor([row[0] for row in pipe(images).labels])

    def red(labels: torch.Tensor) -> int:
        pixels = np.asarray(Image.open(pipe.save_predictions(tmp_path / "grid.png", images, labels, overwrite=True)))
        return int((pixels[..., 0].astype(int) - pixels[..., 1] > 100).sum())

    assert red(right) == 0 < red((right + 1) % 4)
    assert [file.name for file in tmp_path.iterdir()] == ["grid.png"]
    with pytest.raises(FileExistsError):
        pipe.save_predictions(tmp_path / "grid.png", images)


@pytest.mark.parametrize(
    ("arguments", "line"), [({"top_k": 0}, "top_k=0"), ({"max_batch_size": 0}, "max_batch_size=0")]
)
def test_what_cannot_be_is_one_line(
    pipe: hf_genimg.ImageClassificationPipeline, images: torch.Tensor, arguments: dict, line: str
) -> None:
    with pytest.raises(ValueError, match=f"{line} is not possible; give an integer of 1 or more"):
        pipe(images, **arguments)
