"""One server with a model of each kind and one browser for all tests of the page; a request to anywhere else fails the
test that made it.
"""

from __future__ import annotations

import base64
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import torch
from PIL import Image

import hf_genimg
from hf_genimg.demo.models import Shared
from hf_genimg.recipes import recipe_class

from .conditioned import (
    Mixer,
    MixingPipeline,
    Reader,
    ReadingPipeline,
    Shader,
    ShadingPipeline,
    Whitener,
    WhiteningPipeline,
    tinting,
)

CARDS = Path(__file__).parents[2] / "model_cards"
SHIPPED = ("dcgan-digits", "vae-digits", "classifier-digits")


@pytest.fixture(scope="session", autouse=True)
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """gradio's client leaves an empty directory for each file that it downloads: not among those of others."""
    patch = pytest.MonkeyPatch()
    patch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("temporary")))
    yield
    patch.undo()


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Four that are tiny and untrained, of a kind each (the GAN in a run of the digits), three that are shipped, a run
    of pix2pix, and a GAN with classes and codes."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models")
    gan = hf_genimg.ImageGenerationPipeline(hf_genimg.MLPGANGenerator(image_size=16, latent_dim=8, width=16))
    vae = hf_genimg.ImageReconstructionPipeline(hf_genimg.MLPVAE(image_size=16, latent_dim=2, width=16))
    translator = hf_genimg.ImageTranslationPipeline(hf_genimg.Pix2PixGenerator(image_size=16, width=4))
    classifier = hf_genimg.ImageClassificationPipeline(
        hf_genimg.ResNetClassifier(image_size=16, image_channels=1, width=4)
    )
    gan.save_pretrained(folder / "gan" / "pipeline")
    (folder / "gan" / "recipe.json").write_text(json.dumps({"recipe": "mlp_gan", "fields": {"data": "digits"}}))
    infogan = hf_genimg.InfoGANGenerator(image_size=16, image_channels=1, latent_dim=6, num_classes=3, width=8, codes=2)
    for weight in infogan.parameters():
        torch.nn.init.normal_(weight, 0, 0.3)  # so that class and codes are seen
    conditional = hf_genimg.ImageGenerationPipeline(infogan)
    for name, pipe in (("vae", vae), ("translator", translator), ("classifier", classifier), ("infogan", conditional)):
        pipe.save_pretrained(folder / name)
    for name in SHIPPED:
        shutil.copytree(CARDS / name, folder / name)
    hf_genimg.train(recipe_class("pix2pix")().smoke(), folder / "pix2pix")
    return [folder / name for name in ("gan", "vae", "translator", "classifier", *SHIPPED, "pix2pix", "infogan")]


@pytest.fixture(scope="session")
def of(models: list[Path]) -> Callable[[str], Shared]:
    """A model as the page has it, once more."""
    folders = {folder.name: folder for folder in models}
    return lambda name: Shared(name, hf_genimg.load(folders[name]), folders[name])


@pytest.fixture(scope="session")
def address(models: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of the page, which is up."""
    patch = pytest.MonkeyPatch()
    patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
    conditioned = [WhiteningPipeline(Whitener()), tinting(), ShadingPipeline(Shader()), ReadingPipeline(Reader())]
    conditioned.append(MixingPipeline(Mixer()))
    demo = hf_genimg.build_demo([*models, *conditioned])
    _, url, _ = demo.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    yield url
    demo.close(verbose=False)
    patch.undo()


@pytest.fixture(scope="session")
def client(address: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A program that uses the page."""
    from gradio_client import Client

    return Client(address, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Callable[..., Any]]:
    """visit("vae-digits", width=390) opens the page for that model, visit(url=link) that of a link; more settings are
    playwright's.

    What the page asks of any other machine, and what goes wrong in its scripts, fails the test.
    """
    wrong: list[str] = []
    contexts: list[Any] = []

    def opened(model: str = "", *, width: int = 1280, url: str = address, **settings: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 844}, **{"locale": "en-US", **settings})
        contexts.append(context)
        ours = (urljoin(url, "/"), "data:", "blob:")
        context.on("request", lambda request: None if request.url.startswith(ours) else wrong.append(request.url))
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.set_default_timeout(45_000)
        page.goto(f"{url}?model={model}" if model else url)
        if model:
            page.wait_for_function("model => document.querySelector('#model input')?.value === model", arg=model)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not wrong


@pytest.fixture
def seen(address: str) -> Callable[..., Image.Image]:
    """seen(page, "#map") is the picture that is shown there, as it was sent; `number` where there are several."""

    error = pytest.importorskip("playwright.sync_api").Error

    def fetch(page: Any, place: str, number: int = 0, tries: int = 20) -> Image.Image:
        src = page.locator(f"{place} img").nth(number).get_attribute("src")
        try:
            sent = base64.b64decode(src.partition(",")[2]) if src.startswith("data:") else page.request.get(src).body()
            with Image.open(BytesIO(sent)) as image:
                image.load()
                return image
        except (
            OSError,
            error,
        ):  # gradio writes a file anew when the same picture comes again, and meanwhile it is cut short
            if not tries:
                raise
            time.sleep(0.1)
            return fetch(page, place, number, tries - 1)

    return fetch
