"""The files of a folder, a zip file or tar files by name, and how their contents are had."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

from ..faults import read_errors, reason
from .source import Picture

_LARGEST = 1 << 28  # bytes of one unpacked picture; a larger one is taken for a bomb


@dataclass(frozen=True)
class Folder:
    """All files below `root`."""

    root: Path
    names: tuple[str, ...]
    kind = "folder"

    def pictures(self, names: Iterable[str]) -> Iterator[Picture]:
        """The pictures called so, not opened yet."""
        for name in names:
            yield Picture(str(self.root / name), self.root / name)

    def text(self, name: str) -> str:
        """The contents of a small file that describes pictures; `ValueError` where it cannot be read."""
        try:
            return (self.root / name).read_text(encoding="utf-8-sig")
        except read_errors() as error:
            raise ValueError(f"{self.root / name} cannot be read ({reason(error)}); correct or remove it") from error

    def files(self, names: Iterable[str]) -> tuple[tuple[str, Path], ...]:
        """What is read where `names` are: (relative name, path) of each."""
        return tuple((name, self.root / name) for name in names)


@dataclass(frozen=True)
class Zip:
    """All files in a zip file, without the folders that all of them share."""

    root: Path
    members: Mapping[str, str] = field(repr=False)  # the name of each in the archive
    kind = "zip folder"

    @property
    def names(self) -> tuple[str, ...]:
        """Relative names, sorted."""
        return tuple(sorted(self.members))

    def pictures(self, names: Iterable[str]) -> Iterator[Picture]:
        """The pictures called so; of one that is damaged, why."""
        with ZipFile(self.root) as opened:
            for name in names:
                member = self.members[name]
                shown = f"{self.root}: {member}"
                try:
                    yield Picture(shown, self._bytes(opened, member))
                except read_errors() as error:
                    yield Picture(shown, None, problem=f"its packed bytes are damaged: {reason(error)}")

    def _bytes(self, opened: ZipFile, member: str) -> bytes:
        if opened.getinfo(member).file_size > _LARGEST:
            raise ValueError(f"it unpacks to more than {_LARGEST} bytes")
        return opened.read(member)

    def text(self, name: str) -> str:
        """The contents of a small file that describes pictures; `ValueError` where it cannot be read."""
        with ZipFile(self.root) as opened:
            try:
                return self._bytes(opened, self.members[name]).decode("utf-8-sig")
            except read_errors() as error:
                raise ValueError(
                    f"{self.root}: {name} cannot be read ({reason(error)}); correct or remove it"
                ) from error

    def files(self, names: Iterable[str]) -> tuple[tuple[str, Path], ...]:
        """What is read, whatever is read of it: the zip file."""
        return ((self.root.name, self.root),)


@dataclass(frozen=True)
class Tar:
    """All files in tar files, as webdataset has them; names of several begin with that of their tar file."""

    root: Path
    archives: tuple[Path, ...]
    members: Mapping[str, tuple[Path, str]] = field(repr=False)
    kind = "tar folder"

    @property
    def names(self) -> tuple[str, ...]:
        """Relative names, sorted."""
        return tuple(sorted(self.members))

    def pictures(self, names: Iterable[str]) -> Iterator[Picture]:
        """The pictures called so; of one that is damaged, why."""
        with ExitStack() as stack:
            opened: dict[Path, tarfile.TarFile] = {}
            for name in names:
                archive, member = self.members[name]
                if archive not in opened:
                    opened[archive] = stack.enter_context(_open_tar(archive))
                shown = f"{archive}: {member}"
                try:
                    yield Picture(shown, self._bytes(opened[archive], member))
                except read_errors() as error:
                    yield Picture(shown, None, problem=f"its packed bytes are damaged: {reason(error)}")

    def _bytes(self, opened: tarfile.TarFile, member: str) -> bytes:
        info = opened.getmember(member)
        if info.size > _LARGEST:
            raise ValueError(f"it has more than {_LARGEST} bytes")
        with opened.extractfile(info) as file:
            return file.read()

    def texts(self, names: Iterable[str]) -> Iterator[str]:
        """The contents of small files, as `text`; a damaged one is empty."""
        for picture in self.pictures(names):
            content = picture.content if isinstance(picture.content, bytes) else b""
            yield content.decode("utf-8-sig", errors="replace")

    def text(self, name: str) -> str:
        """The contents of a small file."""
        return next(self.texts([name]))

    def files(self, names: Iterable[str]) -> tuple[tuple[str, Path], ...]:
        """What is read: each tar file."""
        used = {self.members[name][0] for name in names} if len(self.archives) > 1 else set(self.archives)
        return tuple((archive.name, archive) for archive in self.archives if archive in used)


Listing = Folder | Zip | Tar


def list_folder(root: Path) -> Folder:
    """All files below `root`: paths relative to it, with forward slashes and sorted.

    Hidden files and folders are left out. Links are followed, a folder that is reached twice is read once.
    """
    names: list[str] = []
    seen = {os.path.realpath(root)}
    for folder, subfolders, files in os.walk(root, followlinks=True):
        subfolders[:] = [
            name
            for name in sorted(subfolders)
            if not name.startswith(".") and _first_visit(os.path.join(folder, name), seen)
        ]
        inner = Path(folder).relative_to(root).as_posix()
        prefix = "" if inner == "." else inner + "/"
        names += [prefix + name for name in files if not name.startswith(".")]
    return Folder(root, tuple(sorted(names)))


def _first_visit(folder: str, seen: set[str]) -> bool:
    real = os.path.realpath(folder)
    new = real not in seen
    seen.add(real)
    return new


def is_zip(path: Path) -> bool:
    """Whether `path` is a file that ends in .zip."""
    return path.suffix.lower() == ".zip" and path.is_file()


def list_zip(path: Path) -> Zip:
    """The files in a zip file, without hidden ones; backslashes, as some programs of Windows write, are slashes.

    Raises:
        ValueError: it is no zip file, or asks for a password.
    """
    try:
        with ZipFile(path) as opened:
            infos = [info for info in opened.infolist() if not info.is_dir()]
    except read_errors() as error:
        raise ValueError(
            f"{str(path)!r} cannot be read as a zip file ({reason(error)}); pack or download it again"
        ) from error
    if any(info.flag_bits & 1 for info in infos):
        raise ValueError(f"{str(path)!r} asks for a password; unpack it and give the folder")
    return Zip(path, _without_shared_folders({info.filename.replace("\\", "/"): info.filename for info in infos}))


def is_tar(path: Path) -> bool:
    """Whether `path` is a file that ends in .tar."""
    return path.suffix.lower() == ".tar" and path.is_file()


def list_tars(root: Path, archives: Iterable[Path]) -> Tar:
    """The files in tar files. root: what messages call them. Raises `ValueError` for one that is no tar file."""
    archives = tuple(archives)
    members: dict[str, tuple[Path, str]] = {}
    for archive in archives:
        try:
            with _open_tar(archive) as opened:
                found = {info.name: info.name for info in opened if info.isfile()}
        except read_errors() as error:
            raise ValueError(
                f"{str(archive)!r} cannot be read as a tar file ({reason(error)}); pack or download it again"
            ) from error
        prefix = f"{archive.name}/" if len(archives) > 1 else ""
        members |= {prefix + name: (archive, member) for name, member in _without_shared_folders(found).items()}
    return Tar(root, archives, members)


def _open_tar(path: Path) -> tarfile.TarFile:
    return tarfile.open(path, mode="r:")  # plain ones only: a packed one would be unpacked anew for each picture


def _without_shared_folders(names: Mapping[str, str]) -> dict[str, str]:
    """By the names below the folders at the top that hold everything: `photos/cats/1.png` and `photos/dogs/2.png` share
    one.
    """
    visible = {name: member for name, member in names.items() if not _hidden(name)}
    shared = 0
    parents = [PurePosixPath(name).parts[:-1] for name in visible]
    while parents and all(len(parts) > shared for parts in parents) and len({parts[shared] for parts in parents}) == 1:
        shared += 1
    return {"/".join(PurePosixPath(name).parts[shared:]): member for name, member in visible.items()}


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)
