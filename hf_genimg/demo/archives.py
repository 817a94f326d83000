"""Zips of pictures that visitors upload as training data: looked at before they are kept, and never unpacked."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from pathlib import Path, PurePosixPath, PureWindowsPath
from zipfile import ZipFile, ZipInfo

from ..faults import read_errors, reason

MOST_BYTES = 256 * 2**20  # of an upload
MOST_UNPACKED = 4 * 2**30
MOST_FILES = 100_000
MOST_RATIO = 200  # of unpacked bytes to packed ones; pictures are packed already


def digest_of(upload: Path) -> str:
    """The sha256 of an upload."""
    with upload.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def keep_archive(upload: Path, target: Path) -> None:
    """Copy an upload, unless it is there already."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.copyfile(upload, partial)
        os.replace(partial, target)


def check_archive(upload: Path) -> None:
    """Raise `ValueError` for what is no zip, or one that is too large or names files outside of it."""
    size = upload.stat().st_size
    if size > MOST_BYTES:
        raise ValueError(f"the zip has {size / 2**20:.0f} MB; give one of at most {MOST_BYTES // 2**20} MB")
    try:
        with ZipFile(upload) as archive:
            members = archive.infolist()
    except read_errors() as error:
        raise ValueError(f"this file cannot be read as a zip ({reason(error)}); pack the pictures again") from None
    if len(members) > MOST_FILES:
        raise ValueError(f"the zip has {len(members):,} files; give one of at most {MOST_FILES:,}")
    for member in members:
        _check_member(member)
    unpacked = sum(member.file_size for member in members)
    if unpacked > MOST_UNPACKED or unpacked > MOST_RATIO * max(size, 2**16):
        raise ValueError(f"the zip unpacks to {unpacked / 2**20:,.0f} MB, more than pictures of its size do")


def _check_member(member: ZipInfo) -> None:
    name = member.filename
    parts = (*PurePosixPath(name).parts, *PureWindowsPath(name).parts)
    if name.startswith(("/", "\\")) or ".." in parts or PureWindowsPath(name).drive:
        raise ValueError(f"the zip names a file outside of it ({name[:60]!r}); pack the pictures again")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise ValueError(f"the zip holds a link ({name[:60]!r}); pack the pictures themselves")
    if member.flag_bits & 1:
        raise ValueError("the zip asks for a password; pack the pictures without one")
