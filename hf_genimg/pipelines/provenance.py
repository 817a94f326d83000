"""Every PNG says what made it: in text chunks for people and programs, and in the XMP property that says "made by a
generative model".
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from importlib import metadata
from io import BytesIO
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from PIL import Image, PngImagePlugin

from ..faults import read_errors

KEY = "hf_genimg"
REVISION_DIGITS = 12
# The IPTC term that search engines and social networks read: https://cv.iptc.org/newscodes/digitalsourcetype/
XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
<Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def text_entries(provenance: dict[str, Any]) -> dict[str, str]:
    """The text chunks for `provenance`, a JSON object: who made the image, that it is generated, and how."""
    return {"Software": _software(), "Source": "AI-generated", KEY: json.dumps(provenance)}


@cache
def _software() -> str:
    try:
        return f"{KEY} {metadata.version(KEY)}"
    except metadata.PackageNotFoundError:  # run from a source tree that is not installed
        return KEY


def check_png_path(path: str | os.PathLike[str], overwrite: bool = False) -> Path:
    """Return `path` as a `Path`.

    Raises:
        ValueError: it does not end in .png.
        FileNotFoundError: its folder does not exist.
        FileExistsError: it is there already, and `overwrite` is off.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise ValueError(f"{path} is not a .png, and only PNG keeps the provenance; give a name that ends in .png")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"the folder {path.parent} does not exist; create it first")
    if not overwrite and os.path.lexists(path):
        raise _exists(path)
    return path


def save_png(
    image: Image.Image,
    path: str | os.PathLike[str],
    provenance: dict[str, Any] | None = None,
    *,
    overwrite: bool = False,
) -> Path:
    """Write a PNG that carries its provenance: at once or not at all, and never over another file.

    Args:
        image: of any mode that PNG has.
        provenance: what `Pipeline.provenance` returns. Left out, it is what the pipeline put into `image.info`.
        overwrite: replace what is there; for pictures that a program makes again and again.

    Returns:
        The path.

    Raises:
        ValueError: the name does not end in .png, or there is no provenance.
        FileNotFoundError, FileExistsError: as `check_png_path` says.
    """
    path = check_png_path(path, overwrite)
    entries = (
        text_entries(provenance)
        if provenance is not None
        else {key: image.info.get(key) for key in ("Software", "Source", KEY)}
    )
    if entries[KEY] is None:
        raise ValueError("the image holds no provenance, as it did not come from a pipeline as it is; give provenance=")
    chunks = PngImagePlugin.PngInfo()
    for key, text in entries.items():
        chunks.add_text(key, text)
    chunks.add_itxt("XML:com.adobe.xmp", XMP)
    content = BytesIO()
    image.save(content, "PNG", pnginfo=chunks)
    _write(path, content.getvalue(), overwrite)
    return path


def read_provenance(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """What `save_png` wrote into a file as provenance; None where there is none.

    It is a note, not a signature: anybody can write one or strip it.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not an image.
    """
    try:
        with Image.open(path) as image:
            text = image.text.get(KEY) if image.format == "PNG" else None
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} does not exist") from None
    except read_errors() as error:
        raise ValueError(f"{path} cannot be read as an image") from error
    try:
        provenance = json.loads(text or "null")
    except (ValueError, RecursionError):
        return None
    return provenance if isinstance(provenance, dict) else None


def hub_origin(loaded_from: str | None, network_loaded_from: str | None) -> tuple[str, str] | None:
    """Hub id and commit of a pipeline, or None where it was not loaded from the Hub.

    The folders of the Hub's cache say both, and the network lies in one. Both arguments must agree: a pipeline around
    networks that began as somebody else's is not theirs.

    Args:
        loaded_from: Hub id or directory of the pipeline; None where it was not loaded.
        network_loaded_from: directory of its network, likewise.
    """
    origin = cached_origin(network_loaded_from)
    return origin if origin and (loaded_from == origin[0] or cached_origin(loaded_from) == origin) else None


def cached_origin(folder: str | os.PathLike[str] | None) -> tuple[str, str] | None:
    """Hub id and commit of what lies in the Hub's cache; None for any other place."""
    found = re.search(r"models--([^/\\]+)[/\\]snapshots[/\\]([0-9a-f]{40})(?:[/\\]|$)", str(folder or ""))
    return (found[1].replace("--", "/"), found[2]) if found else None


def folder_name(loaded_from: str | None) -> str:
    """What a local model is called: its folder's name (X for `X/pipeline`) and nothing of where that lies; `unsaved`
    for None.
    """
    if not loaded_from:
        return "unsaved"
    folder = Path(os.path.abspath(loaded_from))
    return folder.parent.name if folder.name == "pipeline" else folder.name


def weights_sha256(network: torch.nn.Module) -> str:
    """The sha256 of the weights, as `sha256sum diffusion_pytorch_model.safetensors` prints it once they are saved (in
    one shard).
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    return hashlib.sha256(safetensors.torch.save(tensors, metadata={"format": "pt"})).hexdigest()


def writes(network: torch.nn.Module) -> int:
    """How often the parameters were written to in place. Training raises it; moving to a device or another dtype does
    not.
    """
    return sum(0 if parameter.is_inference() else parameter._version for parameter in network.parameters())


def _write(path: Path, content: bytes, overwrite: bool) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o666 & ~_umask())  # mkstemp's files are private
        with nullcontext() if overwrite else _reserved(path):
            os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


@contextmanager
def _reserved(path: Path) -> Iterator[None]:
    """Take the name, in one step that fails when somebody else has it: `check_png_path` looked a while ago."""
    try:
        path.open("xb").close()
    except FileExistsError:
        raise _exists(path) from None
    try:
        yield
    except BaseException:
        path.unlink()
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _exists(path: Path) -> FileExistsError:
    return FileExistsError(f"{path} exists already and is not overwritten; give another name or remove it")
