"""Small images come with the answer, pixel by pixel what they were; large ones and those of programs come as files."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("gradio")

from hf_genimg.demo.tabs._gallery import Inline, gallery, inline


def pictures(side: int) -> list[Image.Image]:
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 256, (side, side, 3), dtype=np.uint8)) for _ in range(4)]


def test_what_is_inline_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    shown, made = gallery("images", 4), pictures(8)
    made[0].info["Source"] = "AI-generated"
    sent = shown.postprocess(Inline(made)).root
    assert not list(tmp_path.rglob("*.png"))
    for one, picture in zip(sent, made, strict=True):
        with Image.open(io.BytesIO(base64.b64decode(one.image.url.removeprefix("data:image/png;base64,")))) as read:
            assert (read.tobytes(), read.info) == (picture.tobytes(), picture.info)
    assert [Path(one.image.path).is_file() for one in shown.postprocess(made).root] == [True] * 4


@pytest.mark.parametrize(("side", "kind"), [(256, Inline), (257, list)])
def test_only_small_pictures_are_inline(side: int, kind: type) -> None:
    def generate(seed: int) -> Iterator[Any]:
        yield pictures(side), seed, "query"

    [(images, *rest)] = inline(generate)(7)
    assert type(images) is kind and rest == [7, "query"]
