"""The routes that huggingface_hub calls, over a `Store`: what they take and give was read from the client (2.4)."""

from __future__ import annotations

import hashlib
import re
import socket
import threading
import time
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote

import uvicorn
import yaml
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import uploads  # noqa: F401 (registers its routes)
from .call import FILES, KIND, REPO, ROUTES, Call, Refused, route
from .faults import Fault, Faults
from .store import EPOCH, Blob, Commit, Repository, Store


@route("GET", "/api/whoami-v2")
def whoami(call: Call) -> Response:
    token = {"displayName": "test", "role": call.token.role}
    return JSONResponse(
        {"type": "user", "id": "1", "name": call.user(), "fullname": "T", "orgs": [], "auth": {"accessToken": token}}
    )


@route("POST", "/api/repos/create")
def create(call: Call) -> Response:
    wanted = call.json()
    kind = f"{wanted.get('type') or 'model'}s"
    owner = wanted.get("organization") or call.user()
    call.writer(owner)
    id = f"{owner}/{wanted['name']}"
    there = call.store.repositories.get((kind, id))
    if there:
        raise Refused(
            409,
            "You already created this repo",
            body={"url": call.page(there), "error": "You already created this repo"},
        )
    private = bool(wanted.get("private")) or wanted.get("visibility") == "private"
    call.store.repositories[kind, id] = Repository(kind, id, private)
    return JSONResponse({"url": call.page(call.store.repositories[kind, id]), "name": id})


@route("DELETE", "/api/repos/delete")
def delete(call: Call) -> Response:
    wanted = call.json()
    owner = wanted.get("organization") or call.user()
    key = f"{wanted.get('type') or 'model'}s", f"{owner}/{wanted['name']}"
    call.repository(*key, write=True)
    del call.store.repositories[key]
    return JSONResponse({})


@route("POST", "/api/validate-yaml")
def validate(call: Call) -> Response:
    match = re.match(r"---\n(.*?)\n---", call.json()["content"], re.DOTALL)
    try:
        metadata = yaml.safe_load(match[1]) if match else {}
    except yaml.YAMLError as error:
        return JSONResponse({"errors": [{"message": str(error)}], "warnings": []}, 400)
    missing = [] if metadata else [{"message": "empty or missing yaml metadata in repo card"}]
    return JSONResponse({"errors": [], "warnings": missing})


@route("GET", REPO + r"(?:/revision/(?P<revision>[^/]+))?")
def info(call: Call, kind: str, id: str, revision: str | None) -> Response:
    repository = call.repository(kind, id)
    return JSONResponse(_describe(repository, call.commit(repository, revision or "main")))


def _describe(repository: Repository, commit: Commit) -> dict[str, Any]:
    card = commit.files.get("README.md", Blob(b"", large=False)).content.decode()
    match = re.match(r"---\n(.*?)\n---", card, re.DOTALL)
    metadata = (yaml.safe_load(match[1]) if match else None) or {}
    return {
        "id": repository.id,
        "modelId": repository.id,
        "author": repository.owner,
        "sha": commit.sha,
        "private": repository.private,
        "gated": "manual" if repository.gated else False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": metadata.get("tags") or [],
        "library_name": metadata.get("library_name"),
        "pipeline_tag": metadata.get("pipeline_tag"),
        "cardData": metadata,
        "model-index": metadata.get("model-index"),
        "lastModified": EPOCH,
        "createdAt": EPOCH,
        "sdk": metadata.get("sdk"),
        "siblings": [
            {"rfilename": path, "size": len(blob.content), "blobId": blob.oid[:40]}
            for path, blob in sorted(commit.files.items())
        ],
    }


@route("GET", rf"/api/(?P<kind>{KIND})")
def listing(call: Call, kind: str) -> Response:
    wanted = call.request.query_params
    found = [
        each
        for each in call.store.repositories.values()
        if each.kind == kind and (not each.private or call.token.name == each.owner)
    ]
    found = [
        each for each in found if wanted.get("author") in (None, each.owner) and (wanted.get("search") or "") in each.id
    ]
    return JSONResponse([_describe(each, each.head) for each in found])


@route("GET", REPO + r"/tree/(?P<revision>[^/]+)(?:/(?P<folder>.+))?")
def tree(call: Call, kind: str, id: str, revision: str, folder: str | None) -> Response:
    repository = call.repository(kind, id)
    head = f"{unquote(folder)}/" if folder else ""
    files = {path: blob for path, blob in call.commit(repository, revision).files.items() if path.startswith(head)}
    if folder and not files:
        raise Refused(404, f"{folder} does not exist", "EntryNotFound")
    deep = call.request.query_params.get("recursive", "").lower() == "true"
    folders = {
        path[: position + len(head)]
        for path in files
        for position, letter in enumerate(path[len(head) :])
        if letter == "/"
    }
    chosen = [blob.entry(path) for path, blob in sorted(files.items()) if deep or "/" not in path[len(head) :]]
    chosen += [
        {"type": "directory", "path": name, "size": 0, "oid": hashlib.sha1(name.encode()).hexdigest()}
        for name in sorted(folders)
        if deep or "/" not in name[len(head) :]
    ]
    return JSONResponse(chosen)


@route("POST", REPO + r"/paths-info/(?P<revision>[^/]+)")
def paths_info(call: Call, kind: str, id: str, revision: str) -> Response:
    repository = call.repository(kind, id)
    files = call.commit(repository, revision).files
    form = parse_qs(call.body.decode())
    paths = form["paths"] if "paths" in form else call.json().get("paths", [])
    found = [files[path].entry(path) for path in paths if path in files]
    folders = [path for path in paths if any(name.startswith(f"{path}/") for name in files)]
    return JSONResponse(found + [{"type": "directory", "path": path, "size": 0, "oid": "0" * 40} for path in folders])


@route("HEAD|GET", FILES + r"/resolve/(?P<revision>[^/]+)/(?P<path>.+)")
def resolve(call: Call, kind: str | None, id: str, revision: str, path: str) -> Response:
    repository = call.repository(kind, id, contents=True)
    commit = call.commit(repository, revision)
    if unquote(path) not in commit.files:
        refusal = Refused(404, "Entry not found", "EntryNotFound")
        refusal.response.headers["x-repo-commit"] = commit.sha
        raise refusal
    blob = commit.files[unquote(path)]
    content, status = blob.content, 200
    headers = {"x-repo-commit": commit.sha, "etag": f'"{blob.oid}"', "accept-ranges": "bytes"}
    if blob.large:
        headers |= {"x-linked-etag": f'"{blob.oid}"', "x-linked-size": str(len(content))}
    if wanted := re.fullmatch(r"bytes=(\d+)-(\d*)", call.request.headers.get("range", "")):
        start, end = int(wanted[1]), int(wanted[2] or len(content) - 1)
        headers["content-range"] = f"bytes {start}-{end}/{len(content)}"
        content, status = content[start : end + 1], 206
    if call.request.method == "HEAD":
        return Response(status_code=status, headers={**headers, "content-length": str(len(content))})
    return Response(content, status, headers)


@route("GET", REPO + r"/refs")
def refs(call: Call, kind: str, id: str) -> Response:
    repository = call.repository(kind, id)

    def named(prefix: str, names: dict[str, str]) -> list[dict[str, str]]:
        return [{"name": name, "ref": f"refs/{prefix}/{name}", "targetCommit": sha} for name, sha in names.items()]

    found = {"branches": named("heads", repository.branches), "tags": named("tags", repository.tags)}
    return JSONResponse({**found, "converts": [], "pullRequests": []})


@route("GET", REPO + r"/commits/(?P<revision>[^/]+)")
def commits(call: Call, kind: str, id: str, revision: str) -> Response:
    repository = call.repository(kind, id)
    call.commit(repository, revision)
    made = [repository.commits[sha] for sha in reversed(repository.history)]
    return JSONResponse(
        [{"id": c.sha, "title": c.title, "message": "", "authors": [{"user": c.author}], "date": EPOCH} for c in made]
    )


@route("POST|DELETE", REPO + r"/(?P<what>tag|branch)/(?P<name>[^/]+)")
def name_commit(call: Call, kind: str, id: str, what: str, name: str) -> Response:
    repository = call.repository(kind, id, write=True)
    names = repository.tags if what == "tag" else repository.branches
    if call.request.method == "DELETE":
        if names.pop(unquote(name), None) is None:
            raise Refused(404, f"{name} does not exist", "RevisionNotFound")
        return JSONResponse({})
    wanted = call.json()
    given, revision = (wanted["tag"], name) if what == "tag" else (unquote(name), wanted.get("startingPoint") or "main")
    if given in names:
        raise Refused(409, f"{given} exists already")
    names[given] = call.commit(repository, revision).sha
    return JSONResponse({})


@route("PUT", REPO + r"/settings")
def settings(call: Call, kind: str, id: str) -> Response:
    repository, wanted = call.repository(kind, id, write=True), call.json()
    if "visibility" in wanted or "private" in wanted:
        repository.private = wanted.get("visibility") == "private" or bool(wanted.get("private"))
    if "gated" in wanted:
        repository.gated = bool(wanted["gated"])
    return JSONResponse({})


@route("GET", REPO + r"/auth-check(?:/.*)?")
def auth_check(call: Call, kind: str, id: str) -> Response:
    call.repository(kind, id, contents=True)
    return Response()


class Hub:
    """A Hub at `url`, in a thread of this process, with the users alice and bob.

    `tokens`: alice (`token-alice`), bob, and reader: alice's with read access only. `store` is what it holds; `fault`
    makes things go wrong; `requests` lists what was asked; `reset` begins anew.
    """

    tokens: ClassVar = {"alice": "token-alice", "reader": "token-reader", "bob": "token-bob"}

    def __init__(self) -> None:
        self.store = Store()
        self.faults = Faults(self._answer)
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.server = uvicorn.Server(
            uvicorn.Config(self.faults, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        )
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [listener]}, daemon=True)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)
        self.reset()

    def reset(self) -> None:
        """No repositories, no faults, no requests."""
        for fault in self.faults.faults:
            fault.off = True
        self.faults.faults.clear()
        self.faults.log.clear()
        self.store.clear()

    def close(self) -> None:
        self.reset()
        self.server.should_exit = True
        self.thread.join(5)

    @property
    def requests(self) -> list[str]:
        return self.faults.log

    def fault(self, route: str, kind: int | str, **details: Any) -> Fault:
        """As `Fault`; it stays until `reset`, or until its `off` is set."""
        self.faults.faults.append(Fault(route, kind, **details))
        return self.faults.faults[-1]

    def repository(self, id: str, kind: str = "models") -> Repository:
        return self.store.repositories[kind, id]

    def add(self, id: str, files: dict[str, bytes], kind: str = "models", **facts: bool) -> Repository:
        """Put a repository there without a client."""
        made = self.store.repositories.setdefault((kind, id), Repository(kind, id, **facts))
        blobs = {path: Blob(content, self.store.is_large(path, len(content))) for path, content in files.items()}
        made.commit("main", "add", {**made.head.files, **blobs}, made.owner)
        return made

    async def _answer(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        try:
            response = self._dispatch(request, await request.body())
        except Refused as refused:
            response = refused.response
        await response(scope, receive, send)

    def _dispatch(self, request: Request, body: bytes) -> Response:
        path = request.scope["raw_path"].decode().partition("?")[0]
        for methods, pattern, answer in ROUTES:
            if request.method in methods.split("|") and (match := pattern.fullmatch(path)):
                return answer(Call(self.store, self.url, request, body), **match.groupdict())
        raise Refused(404, f"{request.method} {path} is no route of this Hub", "EntryNotFound")
