"""The page that trains, in a real browser: asked, watched, stopped, found again after a reload and after a kill."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import hf_genimg
from hf_genimg.demo.jobs import Jobs
from hf_genimg.demo.texts import CHINESE, ENGLISH
from hf_genimg.recipes import recipe_class

from ..hub.client import environment
from .looking import address_of, faults, until
from .test_languages import SHOWN, WORDS

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
TINY = "generator_width=16 discriminator_width=16 latent_dim=8 batch_size=20 sample_images=2000 log_images=200"


@pytest.fixture(scope="module")
def studio(models: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A page that trains, where no command is given: what is asked for waits."""
    patch = pytest.MonkeyPatch()
    patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
    patch.setenv("HF_GENIMG_JOBS", str(tmp_path_factory.mktemp("jobs")))
    patch.setattr(Jobs, "wake", lambda self: None)
    demo = hf_genimg.build_demo(models[:1], train=True)
    demo.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    yield demo
    demo.close(verbose=False)
    patch.undo()


@pytest.fixture
def trainer(studio: Any) -> str:
    """Its address."""
    return studio.local_url


def ask(page: Any, fields: str, button: str = "train-go") -> None:
    page.locator("#train-recipe input").click()
    page.get_by_role("option", name="mlp_gan", exact=True).click()
    page.locator("#train-fields textarea").fill(fields)
    page.locator(f"#{button}").click()


def state(page: Any) -> str:
    return page.locator("#job-status").inner_text()


def test_what_is_asked_for_waits_is_found_again_and_taken_back(visit: Any, trainer: str) -> None:
    page = visit(url=f"{trainer}train", width=390)
    page.get_by_text("No jobs yet").wait_for()
    ask(page, "flop=true")
    page.locator(".toast-body").get_by_text("there is no field 'flop'; did you mean flip?").wait_for()
    ask(page, TINY)
    page.locator("#job-status").get_by_text("mlp_gan-1: waits; 0 before it").wait_for()
    until(lambda: address_of(page).endswith("/train?job=mlp_gan-1"))
    page.reload()
    page.locator("#job-status").get_by_text("mlp_gan-1: waits; 0 before it").wait_for()
    assert faults(page) == []
    page.locator("#job-stop").click()
    page.locator("#job-status").get_by_text("mlp_gan-1: not begun").wait_for()
    page.locator("#job-resume").wait_for()
    page.locator("#job-remove").click()
    page.locator("#job-remove-for-good").click()
    page.get_by_text("No jobs yet").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_who_reads_chinese_is_shown_no_english_there(visit: Any, trainer: str) -> None:
    page = visit(url=f"{trainer}train", locale="zh-CN")
    page.get_by_text("训练模型").first.wait_for()
    page.locator("#train-go").get_by_text(CHINESE["train"]).wait_for()
    page.wait_for_timeout(500)
    shown = page.evaluate(SHOWN)
    assert not [text for text in shown if WORDS.search(text) and not re.search(r"[\u4e00-\u9fff]", text)]
    assert not [text for text in shown if text in ENGLISH.values() and text not in CHINESE.values()]


def test_only_the_user_of_the_machine_is_trusted(studio: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert studio.jobs.private()
    for name in ("SPACE_ID", "HF_GENIMG_HOSTS"):
        with monkeypatch.context() as there:
            there.setenv(name, "example.org")
            assert not studio.jobs.private()
    assert not Jobs(studio.jobs.folder).private(), "until it is known where the page is served"


def test_it_is_off_unless_asked_for(models: list[Path], visit: Any, trainer: str, monkeypatch: Any) -> None:
    assert [path for path, *_ in hf_genimg.build_demo(models[:1]).pages] == [""]
    monkeypatch.setenv("HF_GENIMG_TRAIN", "1")
    assert [path for path, *_ in hf_genimg.build_demo(models[:1]).pages] == ["", "train"]
    page = visit("gan", url=trainer)
    page.locator("#to-training").click()
    page.locator("#train-go").wait_for()
    page.locator("#to-studio").click()
    page.wait_for_selector("#images img")


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[], tuple[Any, str]]]:
    """Starts `hf-genimg demo --train` and returns the process and its address."""
    started: list[subprocess.Popen[str]] = []
    own = {"HF_GENIMG_JOBS": str(tmp_path / "jobs"), "GRADIO_TEMP_DIR": str(tmp_path / "gradio")}

    def start() -> tuple[Any, str]:
        command = [sys.executable, "-m", "hf_genimg.cli", "demo", "--train"]
        process = subprocess.Popen(command, env={**os.environ, **own}, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process, re.search(r"http://[\w.:]+/", process.stdout.readline())[0]

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.slow  # starts the command line six times: two minutes
@pytest.mark.timeout(1500)
def test_a_model_is_trained_to_its_end_whatever_happens(visit: Any, serve: Any, tmp_path: Path) -> None:
    server, url = serve()
    page = visit(url=f"{url}train")
    page.get_by_text("No jobs yet").wait_for()
    page.locator("#train-name textarea, #train-name input").fill("mine")
    ask(page, f"{TINY} images=60000")
    until(lambda: "images a second" in state(page), 120)
    page.reload()
    until(lambda: "mine: training" in state(page), 60)
    page.locator("#job-stop").click()
    until(lambda: "mine: stopped" in state(page), 60)
    stopped = int(re.search(r"([\d,]+) of 60,000 images", state(page))[1].replace(",", ""))
    assert 0 < stopped < 60000 and page.locator("#job-grid img").count() == 1
    page.locator("#job-resume").click()
    until(lambda: "mine: training" in state(page), 60)
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    server, url = serve()
    page = visit(url=f"{url}train?job=mine")
    until(lambda: "mine: training: done" in state(page), 240)
    assert "60,000 of 60,000 images" in state(page) and page.locator("#job-curve img").count() == 1
    page.locator("#publish button").first.click()
    page.locator("#job-card").click()
    page.locator("#job-card-text").get_by_text("mlp_gan").first.wait_for()
    page.locator("#job-evaluate").click()
    until(lambda: "mine: evaluation: done" in state(page), 600)
    page.locator("#job-scores table").first.wait_for()
    page.locator("#repo-id textarea, #repo-id input").fill("me/mine")
    page.locator("#job-space").click()
    with page.expect_download(timeout=240_000) as download:
        page.locator("#job-download").click(timeout=240_000)
    assert download.value.path().stat().st_size > 10_000
    page.locator("#job-open").click()
    page.wait_for_function("() => document.querySelector('#model input')?.value === 'mine'")
    page.wait_for_selector("#images img")


@pytest.mark.slow  # a server and two runs of the command line
def test_a_model_is_pushed_from_the_page(hub: Any, visit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To a private repository unless that is unticked; what the Hub refuses is shown."""
    own = {**environment(hub, tmp_path / "home"), "HF_GENIMG_JOBS": str(tmp_path / "jobs")}
    for name, value in {**own, "GRADIO_TEMP_DIR": str(tmp_path / "gradio")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)  # the Hub of the tests is at hand
    demo = hf_genimg.build_demo([], train=True)
    demo.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    try:
        demo.jobs.add("mine", "digits", "mlp_gan", TINY)
        hf_genimg.train(recipe_class("mlp_gan")().smoke(), demo.jobs.run_of("mine"), progress=False)
        page = visit(url=f"{demo.local_url}train?job=mine", width=390)
        page.locator("#publish button").first.click()
        page.locator("#job-push").click()
        page.locator(".toast-body").get_by_text("there is no Hub id yet").wait_for()
        page.locator("#repo-id textarea, #repo-id input").fill("bob/mine")
        page.locator("#job-push").click()
        until(lambda: "mine: push: failed" in state(page), 120)
        assert "this token may not do that" in state(page)
        assert ("models", "bob/mine") not in hub.store.repositories
        page.locator("#repo-id textarea, #repo-id input").fill("alice/mine")
        page.locator("#job-push").click()
        until(lambda: "mine: push: done" in state(page), 120)
        assert f"{hub.url}/alice/mine" in page.locator("#job-status").inner_text()
        repository = hub.repository("alice/mine")
        assert repository.private and "generator/diffusion_pytorch_model.safetensors" in repository.head.files
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    finally:
        demo.close(verbose=False)
