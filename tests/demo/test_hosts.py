"""A page on loopback answers its own names and pages only; a page for a network answers all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

import hf_genimg
from hf_genimg.demo.hosts import host_name, hosts_of

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")


@pytest.fixture(scope="module")
def served() -> Iterator[Any]:
    """A page of its own, so that its share link can be set."""
    gan = hf_genimg.ImageGenerationPipeline(hf_genimg.MLPGANGenerator(image_size=8, latent_dim=4, width=4))
    demo = hf_genimg.build_demo(gan)
    demo.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    yield demo
    demo.close(verbose=False)


def status(demo: Any, path: str = "config", **headers: str) -> tuple[int, str]:
    answer = httpx.get(f"{demo.local_url}{path}", headers=headers)
    return answer.status_code, answer.text


def test_own_names_are_answered(served: Any) -> None:
    port = served.server_port
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", "LOCALHOST", "[::1]:80", "127.0.0.2"):
        assert status(served, host=host)[0] == 200, host
    assert status(served, origin=f"http://localhost:{port}")[0] == 200


@pytest.mark.parametrize("path", ["", "config", "gradio_api/info", "gradio_api/file=x", "theme.css"])
def test_hosts_of_strangers_are_refused_everywhere(served: Any, path: str) -> None:
    """As a page does whose name was rebound to 127.0.0.1."""
    for host in ("evil.example", "evil.example:7860", "127.0.0.1.evil.example", "localhost.evil.example", "[oops"):
        code, line = status(served, path, host=host)
        assert code == 403 and line.startswith(f"the Host {host!r} is not this page's; open it as localhost"), host
        assert line.count("\n") == 1


def test_pages_of_strangers_cannot_post(served: Any) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1.evil.example"):
        answer = httpx.post(
            f"{served.local_url}gradio_api/queue/join",
            json={"data": [], "fn_index": 0, "session_hash": "x"},
            headers={"origin": origin},
        )
        assert answer.status_code == 403 and f"the Origin {origin!r} is not this page's" in answer.text


def test_a_share_link_is_answered_once_there_is_one(served: Any) -> None:
    assert status(served, host="abc.gradio.live")[0] == 403
    served.share_url = "https://abc.gradio.live"
    try:
        assert status(served, host="abc.gradio.live", origin="https://abc.gradio.live")[0] == 200
        assert status(served, host="abd.gradio.live")[0] == 403
    finally:
        served.share_url = None


def test_where_any_name_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a network, in a Space, and where whoever serves the page says so."""
    assert hosts_of("0.0.0.0") is None and hosts_of("::") is None and hosts_of("192.168.1.7") is None
    assert hosts_of("127.0.0.1") == hosts_of("[::1]") == hosts_of("localhost", None, "", "/studio") == frozenset()
    assert hosts_of("127.0.0.1", "https://Demo.example.org:443/x") == {"demo.example.org"}
    monkeypatch.setenv("HF_GENIMG_HOSTS", "gan.example.org, Other.example")
    assert hosts_of("127.0.0.1") == {"gan.example.org", "other.example"}
    monkeypatch.setenv("HF_GENIMG_HOSTS", "*")
    assert hosts_of("127.0.0.1") is None
    monkeypatch.delenv("HF_GENIMG_HOSTS")
    monkeypatch.setenv("SPACE_ID", "alice/gan")
    assert hosts_of("127.0.0.1") is None


def test_a_page_for_the_network_answers_any_name() -> None:
    gan = hf_genimg.ImageGenerationPipeline(hf_genimg.MLPGANGenerator(image_size=8, latent_dim=4, width=4))
    demo = hf_genimg.build_demo(gan)
    demo.launch(server_name="0.0.0.0", prevent_thread_lock=True, quiet=True)
    try:
        assert status(demo, host="gan.lan:7860")[0] == 200
    finally:
        demo.close(verbose=False)


@pytest.mark.parametrize(
    ("header", "name"), [("a.b:80", "a.b"), ("[::1]:80", "::1"), ("null", "null"), ("http://A.b./", "a.b"), ("[x", "")]
)
def test_names_in_headers(header: str, name: str) -> None:
    assert host_name(header) == name
