"""The endpoints as tools for MCP, where the extra `mcp` is installed."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import hf_genimg

pytest.importorskip("mcp")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")


@pytest.fixture(scope="module")
def server(models: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, set[str]]]:
    """Its address, and the names of the page's endpoints."""
    patch = pytest.MonkeyPatch()
    patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
    patch.setenv("GRADIO_MCP_SERVER", "true")
    demo = hf_genimg.build_demo(models)
    _, url, _ = demo.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    yield f"{url}gradio_api/mcp/", {name.strip("/") for name in demo.get_api_info()["named_endpoints"]}
    demo.close(verbose=False)
    patch.undo()


def ask(address: str, call: Any) -> Any:
    """What `call(session)` comes to."""
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async def session() -> Any:
        async with streamablehttp_client(address) as (read, write, _), ClientSession(read, write) as opened:
            await opened.initialize()
            return await call(opened)

    with ThreadPoolExecutor(1) as apart:  # a browser test of this process leaves an event loop running
        return apart.submit(asyncio.run, session()).result()


def test_every_endpoint_is_a_tool_and_every_argument_is_explained(server: tuple[str, set[str]]) -> None:
    address, endpoints = server
    tools = {tool.name: tool for tool in ask(address, lambda session: session.list_tools()).tools}
    assert set(tools) == endpoints
    for name, tool in tools.items():
        assert len(tool.description) > 20, name
        for argument, about in tool.inputSchema["properties"].items():
            assert about.get("description"), f"{name}: {argument}"


@pytest.mark.parametrize(
    ("name", "given", "count"), [("generate", {"count": 3, "label": -1}, 3), ("directions", {"first": 0.0}, 1)]
)
def test_a_call_gives_the_images(
    server: tuple[str, set[str]], models: list[Path], name: str, given: dict[str, Any], count: int
) -> None:
    """All of them, as images; no path of the server."""
    answer = ask(server[0], lambda session: session.call_tool(name, {"model": "gan", "seed": 7, **given}))
    assert not answer.isError
    expected = hf_genimg.load(models[0])(count, seed=7).images
    shown = [Image.open(BytesIO(base64.b64decode(each.data))) for each in answer.content if each.type == "image"]
    assert [image.convert("L").tobytes() for image in shown] == [image.tobytes() for image in expected]
    assert all(image.info["Source"] == "AI-generated" for image in shown)
    assert not any("'path':" in each.text for each in answer.content if each.type == "text")


def test_a_mistake_is_one_line(server: tuple[str, set[str]]) -> None:
    answer = ask(server[0], lambda session: session.call_tool("walk", {"seeds": "3"}))
    assert answer.isError and "is no walk" in answer.content[0].text
