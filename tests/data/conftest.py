from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("HF_GENIMG_CACHE", str(root))
    return root


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    """save("a/b.png", level_or_array_or_image, **options) below tmp_path."""

    def save(name: str, content: object = 100, **options: object) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, (int, tuple)):
            shape = (16, 16) if isinstance(content, int) else (16, 16, 3)
            content = np.full(shape, content, dtype=np.uint8)
        image = Image.fromarray(content) if isinstance(content, np.ndarray) else content
        image.save(path, **options)
        return path

    return save


@pytest.fixture
def real_data() -> Callable[[str], Path]:
    def find(name: str) -> Path:
        path = Path(__file__).parents[3] / "shared" / "data" / name
        if not path.is_dir():
            pytest.skip(f"{path} is not here")
        return path

    return find
