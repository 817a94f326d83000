"""Hub ids that visitors type: good ones are shown, all others refused in one line; nothing of theirs runs, nothing
secret is shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import hf_genimg
from hf_genimg.demo.models import Shelf
from hf_genimg.hub import fetch
from hf_genimg.hub.push import push

from ..hub.client import use_here

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")


def gan(seed: int = 0, **settings: Any) -> Any:
    torch.manual_seed(seed)
    return hf_genimg.ImageGenerationPipeline(
        hf_genimg.MLPGANGenerator(**{"image_size": 16, "latent_dim": 8, "width": 16, **settings})
    )


@pytest.fixture
def there(hub: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The Hub with alice/gan, used with the token of alice, who serves the page."""
    use_here(hub, tmp_path / "home", monkeypatch)
    push(gan(), "alice/gan")
    return hub


def files_of(hub: Any, id: str = "alice/gan") -> dict[str, bytes]:
    return {name: blob.content for name, blob in hub.repository(id).head.files.items()}


def refusal(id: str) -> str:
    with pytest.raises((ValueError, FileNotFoundError)) as error:
        Shelf(any_model=True).find(id)
    assert "\n" not in str(error.value) and len(str(error.value)) < 300
    return str(error.value)


def test_a_good_id_loads_and_is_kept(there: Any) -> None:
    shelf = Shelf(any_model=True)
    model = shelf.find(" alice/gan ")
    assert model.pipe(seed=3).images[0].tobytes() == gan()(seed=3).images[0].tobytes()
    there.requests.clear()
    assert shelf.find("alice/gan") is model and not there.requests


def test_code_in_a_repository_is_never_run(there: Any, tmp_path: Path) -> None:
    """Neither as the pipeline's own module, nor as a component's."""
    written = tmp_path / "written"
    code = f"open({str(written)!r}, 'w').write('run')\n".encode()
    files = files_of(there)
    index = json.loads(files["model_index.json"])
    for number, changes in enumerate(
        [{}, {"_class_name": ["pipeline", "Mine"]}, {"generator": ["generator", "MLPGANGenerator"]}]
    ):
        own = {
            "model_index.json": json.dumps({**index, **changes}).encode(),
            "pipeline.py": code,
            "generator/generator.py": code,
        }
        there.add(f"alice/code{number}", {**files, **own})
        try:
            assert Shelf(any_model=True).find(f"alice/code{number}").pipe(seed=1).images
        except ValueError as error:
            assert (
                changes
                and str(error).startswith((f"alice/code{number} is", f"alice/code{number}/"))
                and str(tmp_path) not in str(error)
            )
    assert not written.exists()


def test_a_repository_that_is_too_large_is_refused_before_it_is_fetched(
    there: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "MOST_REPOSITORY_BYTES", 1000)
    there.requests.clear()
    assert "this page fetches at most 0.0 GB; type a smaller model's id" in refusal("alice/gan")
    assert [request.split("?")[0] for request in there.requests] == ["GET /api/models/alice/gan"]


def test_what_cannot_be_shown_is_one_line(there: Any) -> None:
    files = files_of(there)
    there.add("alice/pickles", {name.replace(".safetensors", ".bin"): content for name, content in files.items()})
    assert "alice/pickles has pickles only, which can run code; this page reads safetensors only" in refusal(
        "alice/pickles"
    )
    there.add("alice/text", {"a.txt": b"1"})
    assert "it holds no pipeline" in refusal("alice/text")
    there.add(
        "alice/cut",
        {name: content[:200] if name.endswith(".safetensors") else content for name, content in files.items()},
    )
    assert refusal("alice/cut").startswith("alice/cut ")
    assert "there is no such repository, or it is private" in refusal("alice/none")
    for malformed in (
        "alice",
        "a/b/c",
        "../etc",
        "/etc/passwd",
        "alice/gan@main",
        "https://x.example.org/a",
        "a--b/..",
        "alice/" + "x" * 200,
    ):
        assert "is no Hub id" in refusal(malformed), malformed


def test_what_only_the_server_may_see_is_not_shown(there: Any) -> None:
    """The page runs with the token of alice; her private model is hers, also when it lies in the cache."""
    hf_genimg.load("alice/gan")
    there.repository("alice/gan").private = True
    assert hf_genimg.load("alice/gan").model_name == "alice/gan"
    assert "private" in refusal("alice/gan")
    there.repository("alice/gan").private = False
    there.repository("alice/gan").gated = True
    assert "gated" in refusal("alice/gan")


def test_a_network_that_would_not_fit_is_refused(there: Any) -> None:
    """The file of settings asks for terabytes; the weights are those of a small network."""
    files = files_of(there)
    config = json.loads(files["generator/config.json"])
    there.add("alice/bomb", {**files, "generator/config.json": json.dumps({**config, "width": 2_000_000}).encode()})
    assert "damaged" in refusal("alice/bomb")


@pytest.fixture
def page(there: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, visit: Any) -> Iterator[Any]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    demo = hf_genimg.build_demo(any_model=True)
    _, url, _ = demo.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    yield visit(url=url)
    demo.close(verbose=False)


def test_typed_in_the_page(page: Any) -> None:
    field = page.locator("#model input")
    field.wait_for()
    for id, message in (("alice/none", "there is no such repository"), ("not an id", "is no Hub id")):
        field.fill(id)
        field.press("Enter")
        page.locator(".toast-body").get_by_text(message).wait_for()
        assert page.locator(".toast-body", has_text=message).count() == 1
    field.fill("alice/gan")
    field.press("Enter")
    page.locator("#images img").nth(15).wait_for()


def test_examples_are_offered_where_any_id_may_be_typed(tmp_path: Path) -> None:
    """Of a page for any model, and of the Space that shows one."""
    gan().save_pretrained(tmp_path / "gan")
    for any_model, offered in ((True, ["gan", "alice/gan"]), (False, ["gan"])):
        demo = hf_genimg.build_demo(tmp_path / "gan", any_model=any_model, examples=["alice/gan"])
        chooser = next(block for block in demo.blocks.values() if block.elem_id == "model")
        assert [value for _, value in chooser.choices] == offered
