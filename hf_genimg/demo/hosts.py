"""Which requests a page on loopback answers: those for its own names, from its own pages (against DNS rebinding).

A page of a stranger can let its own name resolve to 127.0.0.1 and then read what is served there; its requests carry
its name as `Host`, or as `Origin` where it posts to this page directly.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

HOSTS_VARIABLE = "HF_GENIMG_HOSTS"  # names, with commas between them, at which a reverse proxy serves the page
Application = Callable[[Any, Any, Any], Awaitable[None]]


def is_loopback(name: str) -> bool:
    """Whether this host name or address is that of the machine itself."""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def hosts_of(server_name: str, *addresses: str | None) -> frozenset[str] | None:
    """The names at which a page may be asked for besides those of loopback; None where any name will do: where the page
    is served to a network, or by a Space.

    Args:
        server_name: the name or address that the server listens at.
        addresses: URLs under which the page is known elsewhere, such as its share link.
    """
    listed = {name.strip().lower() for name in os.environ.get(HOSTS_VARIABLE, "").split(",") if name.strip()}
    if not is_loopback(server_name.strip("[]").lower()) or "SPACE_ID" in os.environ or "*" in listed:
        return None
    return frozenset(listed | {name for address in addresses if address and (name := host_name(address))})


def host_name(address: str) -> str:
    """The name in a `Host` or `Origin` header or a URL, without its port; empty where there is none."""
    try:
        return (urlsplit(address if "//" in address else f"//{address}").hostname or "").rstrip(".")
    except ValueError:  # brackets without an address in them
        return ""


class OwnHosts:
    """ASGI middleware that refuses requests for other hosts than the page's, and from pages of other hosts, with 403.

    Args:
        app: what answers the others.
        allowed: gives the names besides those of loopback, as `hosts_of`; asked at each request, for a share link comes
            later than the server.
    """

    def __init__(self, app: Application, allowed: Callable[[], Iterable[str] | None]) -> None:
        self.app, self.allowed = app, allowed

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer or refuse one request."""
        line = self._refusal(scope) if scope["type"] in ("http", "websocket") else None
        if line is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "refused"})
        else:
            headers = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": line.encode()})

    def _refusal(self, scope: Any) -> str | None:
        allowed = self.allowed()
        if allowed is None:
            return None
        for header, value in scope["headers"]:
            name = header.decode("latin-1").lower()
            host = host_name(value.decode("latin-1")) if name in ("host", "origin") else None
            if host is not None and not is_loopback(host) and host not in allowed:
                return (
                    f"the {name.title()} {value.decode('latin-1')[:80]!r} is not this page's; open it as localhost or "
                    f"127.0.0.1, list the name in {HOSTS_VARIABLE}, or serve the page with --host 0.0.0.0\n"
                )
        return None
