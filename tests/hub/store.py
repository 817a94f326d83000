"""What a Hub holds: repositories with commits, branches and tags, large files by their sha256, and who may do what."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, field
from pathlib import Path

EPOCH = "2026-01-01T00:00:00.000Z"
LARGE_SUFFIXES = (".safetensors", ".parquet", ".bin", ".png", ".pt", ".arrow", ".npz")
LARGE_BYTES = 1_000_000
KINDS = ("models", "datasets", "spaces")


@dataclass(frozen=True)
class Token:
    """Who asks: a user who may read, or write too, or nobody."""

    name: str | None = None
    role: str = "write"


@dataclass(frozen=True)
class Blob:
    """A file of one commit. Large ones are named by sha256, others as git does."""

    content: bytes
    large: bool

    @property
    def oid(self) -> str:
        head = f"blob {len(self.content)}\0".encode()
        return hashlib.sha256(self.content).hexdigest() if self.large else hashlib.sha1(head + self.content).hexdigest()

    def entry(self, path: str) -> dict[str, object]:
        lfs = {"lfs": {"oid": self.oid, "size": len(self.content), "pointerSize": 130}} if self.large else {}
        return {"type": "file", "path": path, "size": len(self.content), "oid": self.oid[:40], **lfs}


@dataclass(frozen=True)
class Commit:
    sha: str
    title: str
    files: dict[str, Blob]
    author: str


@dataclass
class Repository:
    """One model, dataset or space. `commits` are by sha; a branch or tag is a name for one."""

    kind: str
    id: str
    private: bool = False
    gated: bool = False
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    history: list[str] = field(default_factory=list)  # of main, the oldest first

    def __post_init__(self) -> None:
        self.commit(
            "main", "initial commit", {".gitattributes": Blob(b"*.safetensors filter=lfs\n", large=False)}, "nobody"
        )

    @property
    def owner(self) -> str:
        return self.id.partition("/")[0]

    @property
    def head(self) -> Commit:
        return self.commits[self.branches["main"]]

    def resolve(self, revision: str) -> Commit | None:
        name = revision.removeprefix("refs/heads/")
        return self.commits.get(self.branches.get(name) or self.tags.get(name) or revision)

    def commit(self, branch: str, title: str, files: dict[str, Blob], author: str) -> Commit:
        parent = self.branches.get(branch, "")
        names = "".join(f"{path} {blob.oid}\n" for path, blob in sorted(files.items()))
        sha = hashlib.sha1(f"{self.kind}/{self.id} {len(self.commits)} {parent}\n{names}".encode()).hexdigest()
        made = Commit(sha, title, dict(files), author)
        self.commits[sha] = made
        self.branches[branch] = sha
        if branch == "main":
            self.history.append(sha)
        return made


class Store:
    """All: `tokens` by their text, `repositories` by kind and id, `large` files by sha256. Cleared by `clear`."""

    def __init__(self) -> None:
        self.tokens: dict[str, Token] = {}
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.large: dict[str, bytes] = {}
        self.parts: dict[tuple[str, int], bytes] = {}
        self.chunk_size: int | None = None  # of a multipart upload; None: in one piece
        self.xet: Path | None = None  # the folder that stands for a Xet server; None: there is none
        self.numbers = itertools.count()

    def clear(self) -> None:
        self.tokens = {"token-alice": Token("alice"), "token-reader": Token("alice", "read"), "token-bob": Token("bob")}
        self.repositories.clear()
        self.large.clear()
        self.parts.clear()
        self.chunk_size = self.xet = None

    def is_large(self, path: str, size: int) -> bool:
        return path.endswith(LARGE_SUFFIXES) or size > LARGE_BYTES
