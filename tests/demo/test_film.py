"""A walk as MP4."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import hf_genimg
from hf_genimg.demo import explore, film
from hf_genimg.demo.models import Shelf

av = pytest.importorskip("av")


@pytest.mark.parametrize("size", [16, 211])
def test_a_film_shows_the_walk_there_and_back_and_says_how_it_was_made(size: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    gan = hf_genimg.ImageGenerationPipeline(hf_genimg.MLPGANGenerator(image_size=size, latent_dim=4, width=4))
    images = list(explore.walk_between(Shelf(gan).find(""), [1, 2], 5))[-1]
    steps = list(film.mp4(images, tmp_path))
    assert [step[:2] for step in steps] == [(number, 8) for number in range(1, 9)]
    with av.open(str(steps[-1][2])) as opened:
        note = json.loads(opened.metadata["comment"])
        assert (
            opened.streams.video[0].codec_context.name == "h264"
            and opened.streams.video[0].codec_context.pix_fmt == "yuv420p"
        )
        shown = [frame.to_image() for frame in opened.decode(video=0)]
    assert note["Source"] == "AI-generated" and note["seeds"] == [1, 2] and note["network"] == "MLPGANGenerator"
    expected = film.there_and_back(images)
    assert len(shown) == len(expected) == 8
    for ours, theirs in zip(expected, shown, strict=True):
        width, height = theirs.size
        assert width == ours.width // 2 * 2 and height == ours.height // 2 * 2
        difference = np.asarray(ours.convert("L").crop((0, 0, width, height)), float) - np.asarray(
            theirs.convert("L"), float
        )
        assert np.abs(difference).mean() < 4


def test_without_pyav_films_are_not_offered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(film, "find_spec", lambda name: None)
    film.can_film.cache_clear()
    try:
        assert not film.can_film()
        with pytest.raises(ValueError, match=r"install hf_genimg\[video\]"):
            next(film.mp4([], tmp_path))
        demo = hf_genimg.build_demo(
            hf_genimg.ImageGenerationPipeline(hf_genimg.MLPGANGenerator(image_size=8, latent_dim=4, width=4))
        )
        names = {each["api_name"] for each in demo.config["dependencies"]}
        assert "walk_gif" in names and "walk_mp4" not in names
    finally:
        film.can_film.cache_clear()


def test_the_film_plays_in_the_page(visit: Any) -> None:
    page = visit("gan")
    page.get_by_role("tab", name="Explore", exact=True).click()
    page.locator("#mp4").click()
    page.wait_for_function("() => document.querySelector('#film video')?.readyState >= 2")
    assert page.evaluate("document.querySelector('#film video').videoWidth") == 192
