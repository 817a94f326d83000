"""A zip file of pictures, read as the folder it would unpack to, without unpacking it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile

from .folder import folder_source
from .source import Picture, Source

_LARGEST = 1 << 28  # bytes of one unpacked picture; a larger one is taken for a bomb


def is_archive(path: Path) -> bool:
    """Whether `path` is a file that ends in .zip."""
    return path.suffix.lower() == ".zip" and path.is_file()


def archive_names(archive: Path) -> list[str]:
    """The files in `archive`, sorted, without hidden ones and without the folders that all of them share.

    Raises:
        ValueError: it is no zip file, or asks for a password.
    """
    return sorted(_members(archive))


def _members(archive: Path) -> dict[str, str]:
    """The name that each file goes by here, to its name in the archive."""
    try:
        with ZipFile(archive) as opened:
            infos = [info for info in opened.infolist() if not info.is_dir()]
    except (BadZipFile, OSError) as error:
        raise ValueError(
            f"{str(archive)!r} cannot be read as a zip file ({error}); pack or download it again"
        ) from error
    if any(info.flag_bits & 1 for info in infos):
        raise ValueError(f"{str(archive)!r} asks for a password; unpack it and give the folder")
    names = [info.filename for info in infos if not _hidden(info.filename)]
    shared = _shared_folders(names)
    return {"/".join(PurePosixPath(name).parts[shared:]): name for name in names}


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)


def _shared_folders(names: list[str]) -> int:
    """How many folders at the top hold everything: `photos/cats/1.png` and `photos/dogs/2.png` share one."""
    shared = 0
    parents = [PurePosixPath(name).parts[:-1] for name in names]
    while parents and all(len(parts) > shared for parts in parents) and len({parts[shared] for parts in parents}) == 1:
        shared += 1
    return shared


def archive_source(name: str, archive: Path, names: list[str], split: str) -> Source:
    """One split of the pictures `names` of `archive`; splits and classes are found as in a folder.

    Raises:
        ValueError: when there is no such split.
    """
    return from_archive(archive, folder_source(name, archive, names, split))


def from_archive(archive: Path, source: Source) -> Source:
    """`source`, whose files are those of a folder in place of `archive`, with pictures that are read from the archive."""
    pictures = partial(_pictures, archive, source.pictures)
    return replace(source, recipe=f"zip {source.recipe}", files=((archive.name, archive),), pictures=pictures)


def _pictures(archive: Path, as_in_a_folder: Callable[[], Iterator[Picture]]) -> Iterator[Picture]:
    members = _members(archive)
    with ZipFile(archive) as opened:
        for picture in as_in_a_folder():
            member = members[Path(picture.name).relative_to(archive).as_posix()]
            yield replace(picture, name=f"{archive}: {member}", content=_read(opened, member))


def _read(opened: ZipFile, member: str) -> bytes:
    """The bytes of one picture; none where they are damaged or too many, so that decoding reports it as a bad picture."""
    try:
        return opened.read(member) if opened.getinfo(member).file_size <= _LARGEST else b""
    except (BadZipFile, OSError, NotImplementedError, EOFError):
        return b""
