"""The page behind a reverse proxy that serves it below a path: its pictures, its links and what they bring back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

import hf_genimg

from .looking import address_of, same, until

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
PREFIX = "/studio"
METHODS = ["GET", "HEAD", "POST", "DELETE"]


def proxy(target: str) -> Starlette:
    """Answers what is below `PREFIX` with what `target` answers without it, streams included; nothing else is there."""
    client = httpx.AsyncClient(base_url=target, timeout=None)

    async def forward(request: Request) -> StreamingResponse:
        address = httpx.URL(path=f"/{request.path_params['path']}", query=request.url.query.encode())
        asked = client.build_request(request.method, address, headers=request.headers.raw, content=await request.body())
        answer = await client.send(asked, stream=True)
        kept = {name: value for name, value in answer.headers.items() if name != "transfer-encoding"}
        return StreamingResponse(answer.aiter_raw(), answer.status_code, kept, background=BackgroundTask(answer.aclose))

    return Starlette(routes=[Route(PREFIX + "/{path:path}", forward, methods=METHODS)])


@pytest.fixture
def behind(models: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a page below a path."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    demo = hf_genimg.build_demo([folder for folder in models if folder.name in ("gan", "dcgan-digits")])
    demo.launch(server_name="127.0.0.1", root_path=PREFIX, prevent_thread_lock=True, quiet=True)
    server = uvicorn.Server(
        uvicorn.Config(proxy(f"http://127.0.0.1:{demo.server_port}"), port=0, log_level="critical", lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}{PREFIX}/"
    server.should_exit = server.force_exit = True
    thread.join(10)
    demo.close(verbose=False)


@pytest.mark.slow  # a server, a proxy and two visits: a quarter of a minute
def test_a_link_to_favourites_is_below_the_path_and_brings_them_back(visit: Any, seen: Any, behind: str) -> None:
    page = visit(url=behind)
    page.wait_for_selector("#images img")
    page.locator("#keep").click()
    until(lambda: page.locator("#kept img").count() == 1)
    page.locator("#kept-kept_link").click()
    address = page.locator("#kept-address textarea, #kept-address input")
    until(lambda: "kept=" in address.input_value())
    assert address.input_value().startswith(f"{behind}?kept=")
    other = visit(url=address.input_value())
    until(lambda: other.locator("#kept img").count() == 1)
    until(lambda: same(seen(other, "#kept"), seen(page, "#kept")))
    until(lambda: address_of(page).startswith(f"{behind}?model=gan&seed=0"))
    with page.expect_download() as download:
        page.locator("#as-zip").click()
    assert download.value.url.startswith(behind) and download.value.path().stat().st_size > 1000
