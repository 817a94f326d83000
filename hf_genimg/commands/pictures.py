"""Pictures on the command line: found in folders, read with care, written with provenance, never over what is there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")  # of files that we do not write
FILMS = (".mp4", ".m4v", ".mov")
SEVERAL = (".png", ".apng", ".webp", ".avif", ".tif", ".tiff")  # formats beside GIF that may hold several pictures


@dataclass(frozen=True)
class Found:
    """A picture or a film that was named, or lies in a folder that was named.

    name: of what is made of it, below the folder for results, without a suffix. moving: a film or an animated GIF.
    """

    path: Path
    name: Path
    moving: bool = False

    @property
    def film(self) -> bool:
        """Whether it is a film, with a rate and perhaps with sound."""
        return self.path.suffix.lower() in FILMS

    def target(self, folder: Path) -> Path:
        """Where its result goes."""
        suffix = ".mp4" if self.film else ".gif" if self.moving else ".png"
        return folder / f"{self.name}{suffix}"


def find_pictures(paths: list[Path], ending: str) -> tuple[list[Found], int]:
    """All pictures and films that are named or lie in named folders, at any depth, and how many other files lie there.

    Args:
        ending: what is added to the names of single files; files of a folder keep theirs.

    Raises:
        ValueError: a folder holds none, there is no such file, or one that is no GIF holds several pictures.
    """
    from ..data.open_picture import PICTURE_EXTENSIONS

    found, others = [], 0
    for path in paths:
        if not path.is_dir():
            found.append(_found(path, Path(f"{path.stem}{ending}")))
            continue
        files = sorted(file for file in path.rglob("*") if file.is_file() and not _hidden(file.relative_to(path)))
        inside = [file for file in files if file.suffix.lower() in (*PICTURE_EXTENSIONS, *FILMS)]
        if not inside:
            raise ValueError(f"{path} holds no pictures and no films ({' '.join(FILMS)}); name another folder")
        found += [_found(file, file.relative_to(path).with_suffix("")) for file in inside]
        others += len(files) - len(inside)
    return found, others


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _found(path: Path, name: Path) -> Found:
    if path.suffix.lower() in FILMS:
        return Found(path, name, True)
    gif = path.suffix.lower() == ".gif"
    if not gif and path.suffix.lower() not in SEVERAL:
        return Found(path, name)
    with opened(path) as picture:
        frames = getattr(picture, "n_frames", 1)
    if frames > 1 and not gif:
        raise ValueError(
            f"{path} holds {frames} pictures, of which one would be used; save that one as a file of its own, or an "
            "animation as GIF or MP4"
        )
    return Found(path, name, frames > 1)


def read_picture(path: Path) -> Any:
    """A decoded PIL image, upright; `ValueError` or `OSError` names a file that is none."""
    from ..data import open_picture

    return open_picture(path)


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """An open PIL image, of which the header is read: for GIFs, frame by frame. Raises as `read_picture`."""
    from ..data.open_picture import open_header
    from ..faults import read_errors, reason

    try:
        with open_header(path) as picture:
            yield picture
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} does not exist") from None
    except read_errors() as error:
        raise ValueError(f"{path} is not a picture that can be read ({reason(error)})") from error


def is_picture_file(out: Path) -> bool:
    """Whether --out is a .png; `ValueError` for another kind of picture, which would not keep the provenance."""
    if out.suffix.lower() in PICTURE_SUFFIXES:
        raise ValueError(f"--out {out}: pictures are written as PNG only; use a name that ends in .png, or a folder")
    return out.suffix.lower() == ".png"


def refuse_picture_file(out: Path) -> None:
    """Raise `ValueError` where --out names one picture or film and a folder is wanted."""
    if out.suffix.lower() in (".png", *PICTURE_SUFFIXES, *FILMS):
        kind = "film" if out.suffix.lower() in FILMS else "picture"
        raise ValueError(f"--out {out} is the name of a {kind}, and a folder is wanted; leave out {out.suffix}")


def refuse_existing(targets: list[Path]) -> None:
    """Raise `ValueError` rather than overwrite a file, write two pictures to one name, or work for what cannot be
    written.
    """
    seen: set[Path] = set()
    writable: set[Path] = set()
    for target in targets:
        if target in seen:
            raise ValueError(f"two pictures would both be written to {target}; give them different names")
        seen.add(target)
        solid = next(parent for parent in target.absolute().parents if parent.exists())
        if not solid.is_dir():
            raise ValueError(f"--out goes through {solid}, which is a file; name another --out")
        if os.path.lexists(target):
            raise ValueError(f"{target} exists already and is not overwritten; name another --out")
        if solid not in writable:
            _try_to_write(solid)
            writable.add(solid)


def _try_to_write(folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ValueError(f"--out: nothing can be written in {folder} ({error.strerror}); name another --out") from None


def save(image: Any, target: Path) -> None:
    """Write a picture with its provenance."""
    from ..pipelines.provenance import save_png

    target.parent.mkdir(parents=True, exist_ok=True)
    save_png(image, target)


def save_all(pipe: Any, images: list[Any], targets: list[Path], settings: dict[str, Any]) -> None:
    """Write each picture to its target, or all of them as a grid where there is one target.

    settings: of how the grid was made, for its provenance.
    """
    from ..pipelines.images import grid
    from ..pipelines.provenance import text_entries

    if len(targets) < len(images):
        images = [grid(images)]
        images[0].info.update(text_entries(pipe.provenance(**settings)))
    for image, target in zip(images, targets, strict=True):
        save(image, target)
