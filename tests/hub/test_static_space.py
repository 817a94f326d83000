"""A Space without a server: in a browser without a network, a seed names the image that the pipeline makes of it."""

from __future__ import annotations

import io
import json
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from huggingface_hub import SpaceCard
from PIL import Image

import hf_genimg
from hf_genimg.cli import main
from hf_genimg.hub import browser_runtime, onnx_export
from hf_genimg.hub.browser_runtime import runtime_files
from hf_genimg.hub.space import make_space
from hf_genimg.hub.static_space import model_facts, write_static_space
from hf_genimg.models.adain import AdaINTranslator

from ..demo.looking import faults

CARDS = Path(__file__).parents[2] / "model_cards"
KEPT = browser_runtime.kept_folder()  # now, for tests have a cache of their own
READY, SECONDS = "body[data-ready=true], #error:not([hidden])", 60_000
PIXELS = """async (id) => {
  const canvas = document.getElementById(id);
  return [canvas.width, [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data]];
}"""


@pytest.fixture(scope="module")
def runtime() -> Path:
    """onnxruntime-web, which `python -m hf_genimg.hub.browser_runtime` fetches once."""
    pytest.importorskip("onnx")
    if not (KEPT / next(iter(browser_runtime.FILES))).exists():
        pytest.skip("onnxruntime-web was not fetched")
    return KEPT


class Quiet(SimpleHTTPRequestHandler):
    extensions_map: ClassVar = {
        **SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".js": "text/javascript",
    }

    def log_message(self, *_: object) -> None:
        """Nothing."""


def opened(browser: Any, folder: Path, **context: Any) -> Any:
    """The page of a Space in `folder`; a request to any other machine fails the test."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    page = browser.new_context(**context).new_page()
    page.errors = []
    page.on("request", lambda request: page.errors.append(request.url) if not local(request.url, address) else None)
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(address)
    page.server = server
    return page


def local(url: str, address: str) -> bool:
    return url.startswith((address, "blob:", "data:"))


def ready(page: Any) -> Any:
    page.wait_for_selector(READY, timeout=SECONDS)
    assert page.locator("#error").is_hidden(), page.locator("#error").inner_text()
    return page


def shown(page: Any, canvas: str = "image") -> np.ndarray:
    """uint8 [H, W, 3] of a canvas."""
    side, levels = page.evaluate(PIXELS, canvas)
    return np.array(levels, dtype=np.uint8).reshape(-1, side, 4)[..., :3]


def expected(images: torch.Tensor) -> np.ndarray:
    return np.broadcast_to(images[0].numpy(), (*images.shape[1:3], 3))


def close(a: np.ndarray, b: np.ndarray) -> bool:
    """Within one grey level."""
    return a.shape == b.shape and int(np.abs(a.astype(int) - b.astype(int)).max()) <= 1


def space(folder: Path, runtime: Path, pipe: Any) -> Path:
    write_static_space(pipe, "me/space", folder, runtime)
    return folder


def test_the_page_draws_random_numbers_as_torch_does(browser: Any, tmp_path: Path) -> None:
    page_files = Path(browser_runtime.__file__).parent / "static"
    (tmp_path / "index.html").write_text("<!doctype html><title>numbers</title>")
    (tmp_path / "torch_random.js").write_bytes((page_files / "torch_random.js").read_bytes())
    page = opened(browser, tmp_path)
    drawn = page.evaluate("""async () => {
      const { TorchGenerator } = await import("./torch_random.js");
      const many = [];
      for (const seed of ["0", "7", "4294967303", "9223372036854775000"]) for (const count of [1, 2, 15, 16, 17, 100]) {
        for (const kind of ["normal", "uniform", "truncated"]) {
          const generator = new TorchGenerator(BigInt(seed));
          many.push([seed, count, kind, [...generator.latents(kind, count)], generator.integer(10)]);
        }
      }
      return many;
    }""")
    assert len(drawn) == 72
    for seed, count, kind, latents, label in drawn:
        generator = torch.Generator().manual_seed(int(seed))
        right = hf_genimg.layers.latents.sample_latents(kind, (1, count), generator=generator)[0]
        torch.testing.assert_close(torch.tensor(latents, dtype=torch.float32), right, rtol=1e-5, atol=1e-5)
        assert label == int(torch.randint(10, (1,), generator=generator))


def test_a_seed_names_the_same_image_with_class_truncation_and_direction(
    browser: Any, runtime: Path, tmp_path: Path
) -> None:
    pipe = hf_genimg.load(CARDS / "acgan-digits")
    page = ready(opened(browser, space(tmp_path / "space", runtime, pipe)))
    assert close(shown(page), expected(pipe(1, seed=0, output_type="uint8").images))
    page.fill("#seed", "123")
    page.press("#seed", "Enter")
    page.select_option("#label", "4")
    page.locator("input[type=range]").nth(0).fill("0.5")
    page.wait_for_timeout(300)
    settings = {"seed": 123, "class_labels": 4, "truncation": 0.5}
    assert close(shown(page), expected(pipe(1, output_type="uint8", **settings).images))
    page.locator("input[type=range]").nth(1).fill("2")
    page.wait_for_timeout(300)
    assert int(page.locator("#took").inner_text().split()[2]) < 300  # milliseconds
    latents = 0.5 * pipe.network.sample_latents(1, torch.Generator().manual_seed(123))
    moved = latents + 2 * torch.tensor(model_facts(pipe)["directions"][0])
    assert close(shown(page), expected(pipe(class_labels=4, latents=moved, output_type="uint8").images))
    with page.expect_download() as download:
        page.get_by_role("button", name="Save PNG").click()
    entries = json.loads(Image.open(download.value.path()).text["hf_genimg"])
    assert entries["seed"] == 123 and entries["class_label"] == 4 and entries["revision"] == pipe.revision
    page.fill("#seed", "-1")
    page.press("#seed", "Enter")
    assert "no seed" in page.locator("#error").inner_text()
    assert page.errors == []


def test_named_directions_are_sliders_under_their_names(browser: Any, runtime: Path, tmp_path: Path) -> None:
    pipe = hf_genimg.load(CARDS / "dcgan-digits")
    first, *_ = pipe.directions
    assert [each["name"] for each in model_facts(pipe)["named_directions"]] == list(pipe.directions)
    page = ready(opened(browser, space(tmp_path / "space", runtime, pipe)))
    page.get_by_role("slider", name="Truncation").fill("0.5")
    page.get_by_role("slider", name=first).fill("-2")
    page.wait_for_timeout(300)
    moved = pipe(1, seed=0, truncation=0.5, directions={first: -2.0}, output_type="uint8").images
    assert close(shown(page), expected(moved))
    assert not close(shown(page), expected(pipe(1, seed=0, truncation=0.5, output_type="uint8").images))
    with page.expect_download() as download:
        page.get_by_role("button", name="Save PNG").click()
    assert json.loads(Image.open(download.value.path()).text["hf_genimg"])["directions"][first] == -2
    assert page.errors == []


def test_latents_that_the_page_cannot_draw_lie_in_a_table(browser: Any, runtime: Path, tmp_path: Path) -> None:
    pipe = hf_genimg.load(CARDS / "infogan-digits")  # whose codes have a distribution of their own
    page = ready(opened(browser, space(tmp_path / "space", runtime, pipe)))
    page.fill("#seed", "9")
    page.press("#seed", "Enter")
    page.wait_for_timeout(300)
    assert close(shown(page), expected(pipe(1, seed=9, output_type="uint8").images))


def test_an_autoencoder_reconstructs_and_the_page_works_offline(browser: Any, runtime: Path, tmp_path: Path) -> None:
    pipe = hf_genimg.load(CARDS / "vae-digits")
    page = ready(opened(browser, space(tmp_path / "space", runtime, pipe), viewport={"width": 390, "height": 800}))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.evaluate("navigator.serviceWorker.ready")
    page.server.shutdown()
    page.server.server_close()
    page.reload()
    ready(page)
    picture = pipe(1, seed=3).images[0]
    file = io.BytesIO()
    picture.save(file, "PNG")
    page.set_input_files("#file", {"name": "x.png", "mimeType": "image/png", "buffer": file.getvalue()})
    page.wait_for_selector("#output:not([hidden])", timeout=SECONDS)
    page.wait_for_timeout(300)
    assert close(shown(page, "output"), expected(pipe.reconstruct(picture, output_type="uint8")))
    assert faults(page) == []
    page.set_input_files("#file", {"name": "x.png", "mimeType": "image/png", "buffer": b"no picture"})
    page.wait_for_selector("#error:not([hidden])")
    assert "cannot be read as a picture" in page.locator("#error").inner_text()


def test_a_model_with_transparency_is_shown_and_saved_level_for_level(
    browser: Any, runtime: Path, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    network = hf_genimg.DCGANGenerator(image_size=16, image_channels=4, width=4)
    for weight in network.parameters():
        torch.nn.init.normal_(weight, 0, 0.3)  # so that some is nearly transparent
    pipe = hf_genimg.ImageGenerationPipeline(network)
    page = ready(opened(browser, space(tmp_path / "space", runtime, pipe), viewport={"width": 390, "height": 800}))
    made = pipe(1, seed=0).images[0]
    assert made.mode == "RGBA" and len(set(made.getchannel("A").tobytes())) > 10
    with page.expect_download() as download:
        page.get_by_role("button", name="Save PNG").click()
    saved = Image.open(download.value.path())
    assert saved.mode == "RGBA" and json.loads(saved.text["hf_genimg"])["seed"] == 0
    assert close(np.asarray(saved), np.asarray(made))
    on_white = page.evaluate("""() => {
      const on = Object.assign(document.createElement('canvas'), { width: 16, height: 16 });
      const shown = document.getElementById('image'), pen = on.getContext('2d');
      pen.fillStyle = '#fff'; pen.fillRect(0, 0, 16, 16); pen.drawImage(shown, 0, 0);
      return [...pen.getImageData(0, 0, 16, 16).data];
    }""")
    white = Image.new("RGBA", made.size, "white")
    white.alpha_composite(made)
    difference = np.array(on_white).reshape(16, 16, 4).astype(int) - np.asarray(white).astype(int)
    assert np.abs(difference).max() <= 2  # two roundings: of the image, and of what the browser lays on white
    assert page.evaluate("getComputedStyle(document.getElementById('image')).backgroundImage").startswith("repeating")
    assert page.errors == []


def test_a_picture_gets_the_style_of_another_as_strongly_as_is_asked(
    browser: Any, runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    monkeypatch.setattr(onnx_export, "TRANSLATED", 32)
    pipe = hf_genimg.ImageTranslationPipeline(AdaINTranslator(width=4))
    page = ready(opened(browser, space(tmp_path / "space", runtime, pipe)))
    noise = np.random.default_rng(0)
    pictures = [Image.fromarray(noise.integers(0, 256, (32, 32, 3), dtype=np.uint8)) for _ in range(2)]
    for place, picture in zip(("#file", "#style-file"), pictures, strict=True):
        file = io.BytesIO()
        picture.save(file, "PNG")
        assert page.locator("#output").is_hidden()
        page.set_input_files(place, {"name": "x.png", "mimeType": "image/png", "buffer": file.getvalue()})
    page.wait_for_selector("#output:not([hidden])", timeout=SECONDS)
    page.wait_for_timeout(300)
    assert close(shown(page, "output"), expected(pipe(pictures[0], style=pictures[1], output_type="uint8").images))
    page.get_by_role("slider", name="How strongly").fill("0.3")
    page.wait_for_timeout(500)
    weak = pipe(pictures[0], style=pictures[1], strength=0.3, output_type="uint8").images
    assert close(shown(page, "output"), expected(weak))
    assert "ms on this device" in page.locator("#took").inner_text() and page.errors == []


def test_a_translator_and_a_classifier_take_a_picture(browser: Any, runtime: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)  # of a translator of any size, which the page gives 256x256 pixels
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8))
    file = io.BytesIO()
    picture.save(file, "PNG")
    upload = {"name": "x.png", "mimeType": "image/png", "buffer": file.getvalue()}
    translator = hf_genimg.ImageTranslationPipeline(hf_genimg.Pix2PixGenerator(image_size=16, width=4))
    page = ready(opened(browser, space(tmp_path / "translator", runtime, translator), locale="zh-CN"))
    assert page.locator("#picture-title").inner_text() == "您的图片"
    page.set_input_files("#file", upload)
    page.wait_for_selector("#output:not([hidden])", timeout=SECONDS)
    page.wait_for_timeout(300)
    assert close(shown(page, "output"), expected(translator(picture, output_type="uint8").images))
    classifier = hf_genimg.load(CARDS / "classifier-digits")
    page = ready(opened(browser, space(tmp_path / "classifier", runtime, classifier)))
    digit = hf_genimg.load(CARDS / "acgan-digits")(1, seed=1, class_labels=3).images[0].resize((28, 28))
    file = io.BytesIO()
    digit.save(file, "PNG")
    page.set_input_files("#file", {**upload, "buffer": file.getvalue()})
    page.wait_for_selector("meter")
    name, percent = page.locator("#classes label span").nth(0).inner_text().split(maxsplit=1)
    best = classifier(digit)
    assert name == best.names[0][0] and float(percent.split()[0]) == pytest.approx(
        100 * best.probabilities[0][0], abs=1
    )


def test_what_is_no_runtime_or_no_model_for_it_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = hf_genimg.load(CARDS / "dcgan-digits")
    with pytest.raises(FileNotFoundError, match="nowhere.tgz cannot be read"):
        make_space("x", pipe, "me/x", tmp_path / "a", static=True, runtime=tmp_path / "nowhere.tgz")
    (tmp_path / "other.tgz").write_bytes(b"other")
    with pytest.raises(ValueError, match="is not onnxruntime-web"):
        make_space("x", pipe, "me/x", tmp_path / "a", static=True, runtime=tmp_path / "other.tgz")
    for name in browser_runtime.FILES:
        (tmp_path / name).write_bytes(b"other")
    with pytest.raises(ValueError, match="is not that of onnxruntime-web"):
        runtime_files(tmp_path)
    with pytest.raises(ValueError, match="give --static as well"):
        make_space("x", pipe, "me/x", tmp_path / "a", runtime=tmp_path / "other.tgz")
    monkeypatch.setenv("HF_GENIMG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "http://127.0.0.1:9")
    with pytest.raises(FileNotFoundError, match="cannot be fetched .* give its path with --runtime"):
        runtime_files()
    assert not (tmp_path / "a").exists()


def test_the_command_makes_a_static_space(runtime: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    command = ["space", str(CARDS / "classifier-digits"), "me/digits", "--static", "--runtime", str(runtime)]
    assert main([*command, "--local", str(tmp_path / "space")]) == 0
    assert "python -m http.server -d" in capsys.readouterr().out
    assert SpaceCard.load(tmp_path / "space" / "README.md").data.sdk == "static"
    assert json.loads((tmp_path / "space" / "model.json").read_text())["class_names"][3] == "3"


def test_what_the_page_cannot_run_is_refused(tmp_path: Path) -> None:
    tokens = hf_genimg.ImageReconstructionPipeline(hf_genimg.VQVAE(image_size=8, image_channels=1, width=8))
    with pytest.raises(ValueError, match="latents that are tokens, which a page without a server does not run"):
        write_static_space(tokens, "me/space", tmp_path / "space")
    assert not (tmp_path / "space").exists()
