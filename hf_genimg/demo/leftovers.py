"""Directories that uploads and answers leave: gradio 6.31 deletes their files and keeps the directory of each."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

EMPTY_FOR = 60  # seconds, before a directory is removed: somebody may be about to write into a new one

Lifespan = Callable[[Any], AbstractAsyncContextManager[Any]]


def remove_empty(folder: str | Path, age: float) -> None:
    """Remove the directories in `folder` into which nothing was written for `age` seconds and that are empty."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):  # it is not empty, or is gone already
                old = time.time() - entry.stat(follow_symlinks=False).st_mtime > age
                if old and entry.is_dir(follow_symlinks=False):
                    os.rmdir(entry)


def sweeping(folder: str | Path, every: float, age: float, inner: Lifespan | None = None) -> Lifespan:
    """What a server does while it runs: `inner`, and every so many seconds `remove_empty`.

    Within the server's loop: what it takes in is moved into a directory there too, so that none disappears meanwhile.
    """

    async def sweep() -> None:
        while True:
            await asyncio.sleep(every)
            remove_empty(folder, age)

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[Any]:
        task = asyncio.create_task(sweep())
        try:
            async with inner(app) if inner is not None else nullcontext() as state:
                yield state
        finally:
            task.cancel()

    return lifespan
