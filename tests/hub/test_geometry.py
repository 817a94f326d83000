"""Strides and paddings that weights do not show: the usual is taken, others are listed until one is chosen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

import hf_genimg
from hf_genimg.cli import main
from hf_genimg.hub.convert import convert, geometries

from .foreign_networks import ConvGAN, PlainLeNet, converted, lived_in, same

COURSE = ((3, 2, 0), (4, 1, 0), (3, 2, 0), (4, 2, 0))  # (kernel, stride, padding): 3, 6, 13, 28 pixels


@pytest.fixture
def course(tmp_path: Path) -> tuple[nn.Module, Path]:
    theirs, file = lived_in(ConvGAN(True, COURSE)), tmp_path / "course.pth"
    torch.save(theirs.state_dict(), file)
    return theirs, file


def test_unusual_strides_are_listed_and_nothing_is_written(course: tuple[nn.Module, Path], tmp_path: Path) -> None:
    _, file = course
    with pytest.raises(ValueError, match=r"fit \d+ geometries, and nothing was written: \(1\) image_size=\d+ stride="):
        convert(file, "dcgan", tmp_path / "ours")
    with pytest.raises(ValueError, match=r"stride=1,1,2,2 padding=0 output_padding=0"):
        convert(file, "dcgan", tmp_path / "ours", ["image_size=28"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["course.pth"]


def test_the_fields_of_a_listed_geometry_choose_it(course: tuple[nn.Module, Path], tmp_path: Path) -> None:
    theirs, file = course
    listed = [line for line in geometries(file, "dcgan", ["image_size=28"]) if line.partition(".")[0].isdigit()]
    assert len(listed) > 1
    assert all("image_size=28" in line for line in listed)
    chosen = next(line for line in listed if "stride=1,1,2,2 padding=0 output_padding=0" in line)
    convert(file, "dcgan", tmp_path / "ours", chosen.partition(". ")[2].split())
    latents = torch.randn(4, 12)
    same(theirs(latents), hf_genimg.load(tmp_path / "ours").generator(latents))


def test_a_stride_over_one_pixel_is_listed_as_one_and_the_list_says_so(course: tuple[nn.Module, Path]) -> None:
    """The course's own first stride is 2."""
    _, file = course
    note = "From a map of 1x1 every stride gives the same, so the first stride is listed as 1 whatever theirs was"
    assert geometries(file, "dcgan", ["image_size=28"])[-1] == note
    assert geometries(file, "dcgan", ["strides=2,1,2,2", "image_size=28"])[-1].startswith("1. image_size=28 stride=2,1")
    with pytest.raises(ValueError, match=note):
        convert(file, "dcgan", file.parent / "ours", ["image_size=28"])


@pytest.mark.parametrize("fields", [["strides=2,1,2,2", "padding=0"], ["stride=2,1,2,2", "paddings=0,0,0,0"]])
def test_strides_and_no_padding_as_a_course_gives_them(tmp_path: Path, fields: list[str]) -> None:
    theirs, latents = lived_in(ConvGAN(True, COURSE)), torch.randn(4, 12)
    pipe, output = converted(tmp_path, theirs.state_dict(), "dcgan", *fields)
    assert pipe.capabilities.image_size == 28
    assert "geometry: image_size=28 stride=2,1,2,2 padding=0 output_padding=0" in output
    same(theirs(latents), pipe.generator(latents))


def test_the_usual_geometry_is_taken_and_the_others_counted(tmp_path: Path) -> None:
    _, output = converted(tmp_path, lived_in(ConvGAN()).state_dict(), "dcgan")
    assert "geometry: image_size=16 stride=1,2,2 padding=0,1,1 output_padding=0 (the usual one of 9 that fit" in output


def test_sizes_that_no_usual_stride_gives_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no usual strides and paddings lead to image_size=500"):
        converted(tmp_path, ConvGAN().state_dict(), "dcgan", "image_size=500")
    assert not (tmp_path / "ours").exists()


def test_a_sheet_shows_a_row_for_each_geometry(
    course: tuple[nn.Module, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, file = course
    sheet = tmp_path / "sheet.png"
    command = ["convert", str(file), "--as", "dcgan", "image_size=28", "--sheet", str(sheet)]
    assert main(command) == 0
    output = capsys.readouterr().out
    rows = sum(line.partition(".")[0].isdigit() for line in output.splitlines())
    with Image.open(sheet) as image:
        assert abs(image.height / image.width - rows / 8) < 0.05
        assert np.asarray(image).std() > 1
    assert main(command) == 1  # and is not overwritten
    assert "exists already" in capsys.readouterr().err
    assert main(["convert", str(file), "--as", "dcgan"]) == 1
    assert "--out is missing" in capsys.readouterr().err


class PooledNet(nn.Module):
    """Three convolutions, of which the second has no pooling behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 6, 3, padding=1)
        self.conv3, self.fc = nn.Conv2d(6, 8, 3, padding=1), nn.Linear(8 * 7 * 7, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.conv2(F.max_pool2d(F.relu(self.conv1(x)), 2)))
        return self.fc(F.avg_pool2d(F.relu(self.conv3(x)), 2).flatten(1))


def test_pooling_of_each_layer_is_a_field(tmp_path: Path) -> None:
    theirs, images = lived_in(PooledNet()), torch.rand(4, 1, 28, 28) * 2 - 1
    fields = ["image_size=28", "padding=1", "pool=max,none,average"]
    pipe, output = converted(tmp_path, theirs.state_dict(), "classifier", *fields)
    assert "pool=max,none,average" in output
    same(theirs(images), pipe.classifier(images))
    with pytest.raises(ValueError, match="pool=max,none is not right; give max, average or none, once or for each of"):
        convert(tmp_path / "theirs.pth", "classifier", tmp_path / "other", ["pool=max,none"])
    with pytest.raises(ValueError, match="pool=none,max,max"):  # one of those that fit
        convert(tmp_path / "theirs.pth", "classifier", tmp_path / "other", ["image_size=28", "padding=1"])


def test_a_classifier_is_checked_on_labelled_images(tmp_path: Path) -> None:
    """Classes that differ in brightness: a network that tells them apart passes, one that does not is refused."""
    for label, level in (("dark", 10), ("light", 240)):
        (tmp_path / "data" / label).mkdir(parents=True)
        for number in range(20):
            Image.new("L", (28, 28), level + number % 5).save(tmp_path / "data" / label / f"{number}.png")
    network = lived_in(PlainLeNet(1, 2, 5))
    with torch.no_grad():
        for layer in (network.conv1, network.conv2, network.fc1, network.fc2):
            layer.weight.fill_(0.01)
            layer.bias.fill_(0)
        network.fc3 = nn.Linear(84, 2)
        network.fc3.weight.copy_(torch.stack([-torch.ones(84), torch.ones(84)]))
        network.fc3.bias.zero_()
        network.fc3.bias.copy_(-network(torch.full((1, 1, 28, 28), 0.5))[0])
    torch.save(network.state_dict(), tmp_path / "right.pth")
    fields, data = ["mean=0", "std=1"], str(tmp_path / "data")
    lines = convert(tmp_path / "right.pth", "classifier", tmp_path / "right", fields, data)
    assert "checked: right on 100.0% of 40 images" in lines[-1]
    with torch.no_grad():
        network.fc3.weight.zero_()
    torch.save(network.state_dict(), tmp_path / "wrong.pth")
    with pytest.raises(ValueError, match=r"is right on 50.0% of 40 images of .* \(chance: 50.0%\): padding="):
        convert(tmp_path / "wrong.pth", "classifier", tmp_path / "wrong", fields, data)
    assert not (tmp_path / "wrong").exists()


def test_what_makes_no_images_is_refused(tmp_path: Path) -> None:
    theirs = lived_in(ConvGAN(True))
    with torch.no_grad():
        theirs.main[0].weight.zero_()
    with pytest.raises(ValueError, match="the images are all alike .* so another part=, eps="):
        converted(tmp_path, theirs.state_dict(), "dcgan")
    theirs.main[3].bias.data[0] = float("nan")
    with pytest.raises(ValueError, match="main.3.bias has 1 numbers that are not finite|3.bias has 1 numbers"):
        converted(tmp_path, theirs.state_dict(), "dcgan")
    assert not (tmp_path / "ours").exists()
