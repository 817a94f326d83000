"""onnxruntime-web, which runs networks in a browser: two pinned files, from a path or once from the npm registry."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import tarfile
import urllib.request
from io import BytesIO
from pathlib import Path

from tqdm import tqdm

from ..faults import reason
from ..features.files import weights_folder

VERSION = "1.30.0"
ARCHIVE = f"onnxruntime-web-{VERSION}.tgz"
SHA512 = "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="  # as npm has it
FILES = {  # name in `dist` of the archive: sha256
    "ort.wasm.bundle.min.mjs": "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}
REGISTRY = "https://registry.npmjs.org"
TIMEOUT = 30  # seconds that the registry may be silent
LARGEST = 2**26  # bytes of the archive, which has 33 MB


def runtime_files(path: str | Path | None = None) -> dict[str, bytes]:
    """The files of onnxruntime-web that a page needs, by name.

    Args:
        path: the package's archive (.tgz), or a folder that holds the files. None: those that were fetched before, else
            from the npm registry (`NPM_CONFIG_REGISTRY` names another one, as for npm), which are then kept.

    Raises:
        ValueError: the files at `path`, or those fetched, are not of the pinned version.
        FileNotFoundError: there is nothing at `path`, or the registry cannot be reached.
    """
    if path is not None:
        return _given(Path(path).expanduser())
    kept = kept_folder()
    with contextlib.suppress(ValueError, FileNotFoundError):  # absent or damaged
        return _from_folder(kept)
    files = _from_archive(_fetch(), "the npm registry's file")
    with contextlib.suppress(OSError):  # a cache that cannot be written costs the next Space a download
        _keep(files, kept)
    return files


def kept_folder() -> Path:
    """Where the files are kept once they were fetched."""
    return weights_folder().parent / f"onnxruntime-web-{VERSION}"


def _given(path: Path) -> dict[str, bytes]:
    if path.is_dir():
        return _from_folder(path / "dist" if (path / "dist").is_dir() else path)
    try:
        return _from_archive(path.read_bytes(), str(path))
    except OSError as error:
        raise FileNotFoundError(
            f"{path} cannot be read ({error.strerror or error}); give {ARCHIVE} of the npm registry, or its folder"
        ) from error


def _from_folder(folder: Path) -> dict[str, bytes]:
    try:
        files = {name: (folder / name).read_bytes() for name in FILES}
    except OSError as error:
        raise FileNotFoundError(f"{error.filename} cannot be read ({error.strerror}); give a folder with it") from error
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != FILES[name]:
            raise ValueError(f"{folder / name} is not that of onnxruntime-web {VERSION}; give {ARCHIVE} or its folder")
    return files


def _from_archive(content: bytes, what: str) -> dict[str, bytes]:
    """The files in an archive whose content has the pinned sha512."""
    if base64.b64encode(hashlib.sha512(content).digest()).decode() != SHA512:
        raise ValueError(f"{what} is not onnxruntime-web {VERSION}: its sha512 is another; fetch {ARCHIVE} again")
    with tarfile.open(fileobj=BytesIO(content)) as archive:
        return {name: archive.extractfile(f"package/dist/{name}").read() for name in FILES}


def _fetch() -> bytes:
    address = f"{os.environ.get('NPM_CONFIG_REGISTRY', REGISTRY).rstrip('/')}/onnxruntime-web/-/{ARCHIVE}"
    parts = []
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT) as answer:
            total = int(answer.headers.get("content-length") or 0)
            with tqdm(total=total or None, unit="B", unit_scale=True, desc=f"onnxruntime-web {VERSION}") as bar:
                while (part := answer.read(2**18)) and bar.n <= LARGEST:
                    parts.append(part)
                    bar.update(len(part))
    except (OSError, ValueError) as error:
        raise FileNotFoundError(
            f"{address} cannot be fetched ({reason(error)}); fetch it elsewhere and give its path with --runtime"
        ) from error
    return b"".join(parts)


def _keep(files: dict[str, bytes], folder: Path) -> None:
    """Each file whole or not at all: another process may be reading."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        temporary = folder / f".{name}.{os.getpid()}"
        temporary.write_bytes(content)
        os.replace(temporary, folder / name)


if __name__ == "__main__":
    runtime_files()
    print(f"onnxruntime-web {VERSION} is in {kept_folder()}")
