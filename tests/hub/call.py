"""One request to the Hub of the tests: who asks, what they may do, and which function answers it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .store import KINDS, Commit, Repository, Store, Token

KIND = "|".join(KINDS)
REPO = rf"/api/(?P<kind>{KIND})/(?P<id>[^/]+/[^/]+)"
FILES = rf"/(?:(?P<kind>{KIND})/)?(?P<id>[^/]+/[^/]+)"
ROUTES: list[tuple[str, re.Pattern[str], Callable[..., Response]]] = []


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, message: str, code: str | None = None, body: Any = None) -> None:
        headers = {"x-error-message": message, **({"x-error-code": code} if code else {})}
        self.response = JSONResponse(body or {"error": message}, status, headers)


class Call:
    """One request, its body read, and the store it is about."""

    def __init__(self, store: Store, url: str, request: Request, body: bytes) -> None:
        self.store, self.url, self.request, self.body = store, url, request, body
        given = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if given and given not in store.tokens:
            raise Refused(401, "Invalid credentials in Authorization header")
        self.token = store.tokens.get(given, Token())

    def json(self) -> Any:
        return json.loads(self.body or b"{}")

    def user(self) -> str:
        if self.token.name is None:
            raise Refused(401, "Invalid username or password.")
        return self.token.name

    def writer(self, owner: str) -> None:
        """Refuse whoever may not write what belongs to `owner`."""
        if self.user() != owner:
            raise Refused(403, f"You don't have the rights to write to the namespace {owner}")
        if self.token.role != "write":
            raise Refused(403, "You have read access but not the required permissions for this operation")

    def repository(self, kind: str | None, id: str, *, contents: bool = False, write: bool = False) -> Repository:
        repository = self.store.repositories.get((kind or "models", id.removesuffix(".git")))
        visible = repository is not None and (not repository.private or self.token.name == repository.owner)
        if not visible:
            raise Refused(404 if self.token.name else 401, "Repository not found", "RepoNotFound")
        if contents and repository.gated and self.token.name != repository.owner:
            raise Refused(
                401 if self.token.name is None else 403, f"Access to {repository.kind} {id} is restricted.", "GatedRepo"
            )
        if write:
            self.writer(repository.owner)
        return repository

    def commit(self, repository: Repository, revision: str) -> Commit:
        found = repository.resolve(unquote(revision))
        if found is None:
            raise Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return found

    def page(self, repository: Repository) -> str:
        folder = "" if repository.kind == "models" else f"{repository.kind}/"
        return f"{self.url}/{folder}{repository.id}"


def route(method: str, pattern: str) -> Callable[..., Any]:
    def register(answer: Callable[..., Response]) -> Callable[..., Response]:
        ROUTES.append((method, re.compile(pattern), answer))
        return answer

    return register
