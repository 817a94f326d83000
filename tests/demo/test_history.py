"""What a visitor made before."""

from __future__ import annotations

import pytest
from PIL import Image

from hf_genimg.demo import history
from hf_genimg.demo.settings import Settings


def images(*levels: int, size: int = 16) -> list[Image.Image]:
    return [Image.new("L", (size, size), level) for level in levels]


def test_what_was_made_comes_back_newest_first_with_its_settings() -> None:
    one, two = Settings(seed=3, count=4, truncation=0.5), Settings(seed=9, like=((2, 0.2),))
    kept = history.remember(None, "gan", one, history.picture_of(images(10, 20, 30, 40)))
    kept = history.remember(kept, "gan", two, history.picture_of(images(200)))
    kept = history.remember(kept, "vae", one, history.picture_of(images(100, size=256)))
    assert [caption for _, caption in history.shown(kept, "gan")] == ["~ 11", "3"]
    assert [history.recall(kept, "gan", i) for i in (0, 1)] == [two, one]
    small = history.shown(kept, "gan")[1][0]
    assert small.size == (64, 64) and [small.getpixel(place) for place in ((16, 16), (48, 16), (16, 48), (48, 48))] == [
        10,
        20,
        30,
        40,
    ]
    with pytest.raises(ValueError, match="not in the history any more"):
        history.recall(kept, "gan", 2)


def test_the_list_is_bounded_and_holds_nothing_twice() -> None:
    kept: list[dict[str, str]] = []
    for seed in [*range(30), 29, 28]:
        kept = history.remember(kept, "gan", Settings(seed=seed), history.picture_of(images(seed)))
        assert len(kept) <= history.MOST
    assert len(kept) == history.MOST
    assert [caption for _, caption in history.shown(kept, "gan")][:4] == ["28", "29", "27", "26"]


def test_what_a_browser_made_up_is_left_out() -> None:
    good = history.remember(None, "gan", Settings(seed=1), history.picture_of(images(5)))
    huge = history.remember(None, "gan", Settings(seed=2), Image.new("1", (5000, 5000)))
    bad = [
        7,
        {"model": "gan"},
        {"model": "gan", "query": "seed=3", "picture": "no picture"},
        {**good[0], "picture": "A" * 10**6},
    ]
    strange = {**good[0], "query": "seed=4&count=9999&evil=1&codes=nan"}
    assert history.shown([*bad, *huge, *good, strange], "gan")[0][1] == "1"
    assert len(history.shown([*bad, *huge, *good], "gan")) == 1
    assert history.recall([strange], "gan", 0) == Settings(seed=4)
    assert history.shown("nonsense", "gan") == history.shown(None, "gan") == []
