"""Look closer and Evaluate: neighbours, data, the discriminator's output and scores are those of plain functions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import hf_genimg
from hf_genimg.data import open_dataset
from hf_genimg.demo import closer
from hf_genimg.demo.about import data_of
from hf_genimg.demo.models import Shared, Shelf
from hf_genimg.features.classifier import shipped_classifiers

from .looking import choose, same, shows, slide, until

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")


def digits(side: int = 32) -> np.ndarray:
    return open_dataset("digits", image_size=side, image_channels=1, progress=False).images


def features(images: np.ndarray) -> torch.Tensor:
    """By the classifier itself: what enters its last layer."""
    network = hf_genimg.load(shipped_classifiers()["digits"]).network.eval()
    pixels = torch.from_numpy(np.asarray(images)).permute(0, 3, 1, 2).float() / 127.5 - 1
    small = torch.nn.functional.interpolate(pixels, (28, 28), mode="bilinear", antialias=True, align_corners=False)
    with torch.no_grad():
        return network.features(small)


def test_nearest_training_images_are_those_of_a_plain_search(of: Any) -> None:
    model = of("dcgan-digits")
    [sample] = model.pipe(seed=5).images
    shown, meaning = closer.nearest(model, sample)
    images = digits()
    distances = torch.cdist(features(np.asarray(sample)[None, ..., None]), features(images))[0]
    nearest = distances.topk(closer.NEAREST, largest=False)
    for (image, caption), row, distance in zip(shown, nearest.indices, nearest.values, strict=True):
        assert np.array_equal(np.asarray(image), images[row][..., 0]) and float(caption) == pytest.approx(
            float(distance), rel=0.01
        )
    assert "1,500 of 1,500 training images" in meaning and f"{float(nearest.values[0]):.3g}" in meaning


def test_a_copy_is_called_one(of: Any) -> None:
    model = of("dcgan-digits")
    copied = Image.fromarray(np.asarray(digits()[7])[..., 0])
    shown, meaning = closer.nearest(model, copied)
    assert same(shown[0][0], copied) and float(shown[0][1]) == pytest.approx(0, abs=1e-3)
    assert "this may be a copy" in meaning


def test_pages_of_the_data_hold_every_image_once(of: Any) -> None:
    model = of("dcgan-digits")
    assert closer.classes_of(model) == [str(number) for number in range(10)]
    _, pages = closer.browse(model, 1, 3)
    seen = [pair for page in range(1, pages + 1) for pair in closer.browse(model, page, 3)[0]]
    dataset = open_dataset("digits", image_size=32, image_channels=1, labels=True, progress=False)
    expected = np.asarray(dataset.images)[dataset.labels == 3]
    assert {caption for _, caption in seen} == {"3"}
    assert np.array_equal(np.stack([np.asarray(image) for image, _ in seen]), expected[..., 0])


def test_the_discriminators_output_is_below_each_sample(of: Any) -> None:
    model = of("dcgan-digits")
    images = model.pipe(4, seed=0).images
    shown, words = closer.captions(model, images)
    pixels = model.pipe(4, seed=0, output_type="pt").images * 2 - 1
    with torch.no_grad():
        right = model.pipe.discriminator.eval()(pixels.round(decimals=6)).flatten()
    assert [float(caption) for _, caption in shown] == pytest.approx(right.tolist(), abs=0.2)  # of 8-bit images
    assert "takes the image for real" in words
    without, words = closer.captions(of("gan"), of("gan").pipe(2, seed=0).images)
    assert [caption for _, caption in without] == ["", ""] and "came without a discriminator" in words


def test_data_are_those_that_the_page_was_given_and_never_those_that_a_stranger_names(
    of: Any, models: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    vae = next(folder for folder in models if folder.name == "vae")
    assert closer.data_of_model(of("vae")) is None
    assert len(closer.data_of_model(Shelf(vae, data="digits").find(""))) == 1500
    with pytest.raises(ValueError, match="are not here; start the page with --data"):
        closer.nearest(of("vae"), Image.new("L", (16, 16)))
    gan = of("gan")
    assert data_of(gan) == "digits"
    recipe = gan.folder / "recipe.json"
    elsewhere = gan.folder.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "recipe.json").write_text(json.dumps({"fields": {"data": "/etc"}}))
    typed = Shared("x/y", gan.pipe, elsewhere)
    monkeypatch.setattr(type(gan.pipe), "_hub_origin", lambda pipe: ("x/y", "0" * 40))
    assert data_of(typed) is None and json.loads(recipe.read_text())["fields"]["data"] == "digits"


def test_look_closer_in_the_page(visit: Any, seen: Any, of: Any) -> None:
    page, model = visit("dcgan-digits"), of("dcgan-digits")
    page.wait_for_function("() => location.search.includes('seed=')")
    choose(page, "Look closer")
    images = model.pipe(16, seed=0).images
    shows(page, seen, "#closer-samples", images[15], 15)
    caption = page.locator("#closer-samples .caption-label").nth(3).inner_text()
    assert float(caption) == pytest.approx(closer.outputs(model, images[3:4])[0], abs=0.02)
    assert "Click on an image to see" in page.locator(".studio-instead").filter(visible=True).last.inner_text()
    page.locator("#closer-samples button:has(img)").nth(3).click()
    shown, meaning = closer.nearest(model, images[3])
    shows(page, seen, "#closer-nearest", shown[5][0], 5)
    assert page.locator("#closer-meaning").inner_text().startswith(meaning[:40])
    page.locator("#closer-label input").click()
    page.get_by_role("option", name="7", exact=True).click()
    shows(page, seen, "#closer-data", closer.browse(model, 1, 7)[0][23][0], 23)


@pytest.mark.slow  # it scores 50 images, and the page waits for that
def test_evaluation_in_the_page_is_that_of_the_command(visit: Any, models: list[Path], tmp_path: Path) -> None:
    page = visit("dcgan-digits")
    choose(page, "Evaluate")
    slide(page, "evaluate-num", 50)
    page.locator("#evaluate-go").click()
    until(lambda: "KID" in page.locator("#evaluate-result").inner_text(), 120)
    folder = next(each for each in models if each.name == "dcgan-digits")
    report = hf_genimg.evaluate(folder, "digits", metrics=["fid", "kid"], num=50, progress=False)
    text = page.locator("#evaluate-result").inner_text()
    assert f"{report.scores['fid'].value:.4g}" in text and "Protocol: how this was measured" in text
    with page.expect_download() as download:
        page.locator("#evaluate-file").click()
    assert json.loads(Path(download.value.path()).read_text())["protocol"] == report.protocol


def test_evaluation_says_how_far_it_is_and_refuses_what_it_cannot(of: Any) -> None:
    told: list[tuple[str, int, int]] = []
    model = of("dcgan-digits")
    closer.score(model, ["fid"], 64, lambda *step: told.append(step))
    assert told[-1] == ("scores", 64, 64) and any(done == of == 64 for _, done, of in told[:-1])
    for metrics, num, message in ((["fid"], 10, "num=10 is not possible"), ([], 64, "no score is chosen")):
        with pytest.raises(ValueError, match=message):
            closer.score(model, metrics, num, lambda *step: None)
