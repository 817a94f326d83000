"""The routes by which files reach the Hub of the tests: regular, over LFS in one piece or in parts, or by Xet."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import Any
from urllib.parse import unquote

from starlette.responses import JSONResponse, Response

from .call import FILES, REPO, Call, Refused, route
from .store import Blob


@route("POST", REPO + r"/preupload/(?P<revision>[^/]+)")
def preupload(call: Call, kind: str, id: str, revision: str) -> Response:
    repository = call.repository(kind, id, write=True)
    files = call.commit(repository, revision).files

    def about(path: str, size: int) -> dict[str, Any]:
        old = {"oid": files[path].oid} if path in files else {}
        return {
            "path": path,
            "uploadMode": "lfs" if call.store.is_large(path, size) else "regular",
            "shouldIgnore": False,
            **old,
        }

    return JSONResponse({"files": [about(file["path"], file["size"]) for file in call.json()["files"]]})


@route("POST", FILES + r"/info/lfs/objects/batch")
def batch(call: Call, kind: str | None, id: str) -> Response:
    call.repository(kind, id, write=True)
    objects = [_transfer(call, each["oid"], each["size"]) for each in call.json()["objects"]]
    return JSONResponse({"transfer": "multipart" if call.store.chunk_size else "basic", "objects": objects})


def _transfer(call: Call, oid: str, size: int) -> dict[str, Any]:
    """How a large file is sent; nothing of it where it is there already."""
    if oid in call.store.large:
        return {"oid": oid, "size": size}
    upload, verify, chunk = (
        {"href": f"{call.url}/lfs/{oid}"},
        {"href": f"{call.url}/lfs/{oid}/verify"},
        call.store.chunk_size,
    )
    if chunk:
        parts = {f"{number + 1:05}": f"{call.url}/lfs/{oid}/part/{number + 1}" for number in range(-(-size // chunk))}
        upload["header"] = {"chunk_size": str(chunk), **parts}
    return {"oid": oid, "size": size, "actions": {"upload": upload, "verify": verify}}


@route("GET", REPO + r"/xet-write-token/(?P<revision>[^/]+)")
def xet_token(call: Call, kind: str, id: str, revision: str) -> Response:
    """Where large files go by Xet: a folder, which hf_xet writes as it would send to its server; without one, there is
    no Xet here.
    """
    call.repository(kind, id, write=True)
    if call.store.xet is None:
        raise Refused(404, "this Hub has no Xet", "EntryNotFound")
    token = {"accessToken": "xet", "exp": int(time.time()) + 3600, "casUrl": f"local://{call.store.xet}"}
    headers = {
        "x-xet-cas-url": token["casUrl"],
        "x-xet-access-token": "xet",
        "x-xet-token-expiration": str(token["exp"]),
    }
    return JSONResponse(token, headers=headers)


@route("PUT", r"/lfs/(?P<oid>\w+)")
def put(call: Call, oid: str) -> Response:
    return _keep(call, oid, call.body)


@route("PUT", r"/lfs/(?P<oid>\w+)/part/(?P<number>\d+)")
def put_part(call: Call, oid: str, number: str) -> Response:
    call.store.parts[oid, int(number)] = call.body
    return Response(headers={"etag": f"part-{number}"})


@route("POST", r"/lfs/(?P<oid>\w+)")
def join_parts(call: Call, oid: str) -> Response:
    return _keep(call, oid, b"".join(call.store.parts.pop((oid, part["partNumber"])) for part in call.json()["parts"]))


def _keep(call: Call, oid: str, content: bytes) -> Response:
    if hashlib.sha256(content).hexdigest() != oid:
        raise Refused(400, "the content is not what its sha256 says")
    call.store.large[oid] = content
    return Response()


@route("POST", r"/lfs/(?P<oid>\w+)/verify")
def verify(call: Call, oid: str) -> Response:
    if len(call.store.large.get(oid, b"")) != call.json()["size"]:
        raise Refused(404, "this object is not there")
    return Response()


@route("POST", REPO + r"/commit/(?P<revision>[^/]+)")
def commit(call: Call, kind: str, id: str, revision: str) -> Response:
    repository = call.repository(kind, id, write=True)
    head = call.commit(repository, revision)
    files, title = dict(head.files), ""
    for line in map(json.loads, call.body.splitlines()):
        value = line["value"]
        if line["key"] == "header":
            title = value["summary"]
            if value.get("parentCommit") not in (None, head.sha):
                raise Refused(412, "A commit has happened since. Please refresh and try again.")
        else:
            _apply(call, files, line["key"], value)
    made = repository.commit(unquote(revision), title, files, call.user())
    return JSONResponse(
        {"success": True, "commitOid": made.sha, "commitUrl": f"{call.page(repository)}/commit/{made.sha}"}
    )


def _apply(call: Call, files: dict[str, Blob], key: str, value: dict[str, Any]) -> None:
    path = value["path"]
    if key == "file":
        files[path] = Blob(base64.b64decode(value["content"]), large=False)
    elif key == "lfsFile":
        if value["oid"] not in call.store.large:
            raise Refused(400, f"the LFS file {path} was not uploaded")
        files[path] = Blob(call.store.large[value["oid"]], large=True)
    else:
        for name in [
            name
            for name in files
            if name == path or (key == "deletedFolder" and name.startswith(path.rstrip("/") + "/"))
        ]:
            del files[name]
