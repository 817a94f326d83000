"""Faults on purpose: a request that matches is delayed, answered with an error, or loses its connection."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any


class Dropped(Exception):
    """Raised into uvicorn, which has begun to answer, and so can only close the connection."""


@dataclass
class Fault:
    """The first `times` requests after `skip` that match `route` (a regular expression for `METHOD /path`) do not go
    well.

    kind: an HTTP status such as 429 or 503, with `body`; `drop`: the connection closes, after half of the answer where
    `half`; `delay`: `seconds` later all is well; `hang`: as `delay`, until the fault is taken away. `after`: the
    request does its work first, only its answer fails.
    """

    route: str
    kind: int | str
    times: int = 1_000_000
    skip: int = 0
    seconds: float = 0.1
    half: bool = False
    after: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    message: str = "this is a test"
    body: bytes = b""
    hits: int = 0
    off: bool = False

    def strikes(self, request: str) -> bool:
        if self.off or not re.search(self.route, request):
            return False
        self.hits += 1
        return self.skip < self.hits <= self.skip + self.times


class Faults:
    """An ASGI layer that asks every fault about every request; `log` holds the requests seen."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.faults: list[Fault] = []
        self.log: list[str] = []

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = f"{scope['method']} {scope['raw_path'].decode()}"
        self.log.append(request)
        fault = next((each for each in list(self.faults) if each.strikes(request)), None)
        await (self.app(scope, receive, send) if fault is None else self._go_wrong(fault, scope, receive, send))

    async def _go_wrong(self, fault: Fault, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if fault.kind in ("delay", "hang"):
            await asyncio.sleep(fault.seconds if fault.kind == "delay" else 0)
            while fault.kind == "hang" and not fault.off:
                await asyncio.sleep(0.02)
            await self.app(scope, receive, send)
        elif fault.half:
            await self.app(scope, receive, _half(send))
        else:
            await (self.app(scope, receive, _swallow) if fault.after else _read(receive))
            if fault.kind == "drop":
                receive.__self__.transport.abort()  # uvicorn's: an application has no way to say nothing
                return
            await _answer(fault, send)


async def _swallow(_: dict[str, Any]) -> None:
    """An answer that nobody gets."""


async def _read(receive: Any) -> None:
    while (await receive()).get("more_body"):
        pass


def _half(send: Any) -> Any:
    async def cut(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body" and message.get("body"):
            await send({**message, "body": message["body"][: len(message["body"]) // 2], "more_body": True})
            raise Dropped
        await send(message)

    return cut


async def _answer(fault: Fault, send: Any) -> None:
    given = {"x-error-message": fault.message, "content-length": str(len(fault.body)), **fault.headers}
    headers = [(name.encode(), value.encode()) for name, value in given.items()]
    await send({"type": "http.response.start", "status": fault.kind, "headers": headers})
    await send({"type": "http.response.body", "body": fault.body})
