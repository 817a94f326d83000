"""`hf genimg ...`: our command line made known to the `hf` command, which finds extensions by a manifest in the home
folder.
"""

from __future__ import annotations

import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

# No name that GitHub allows, so that `hf extensions update` never fetches somebody's program in our place.
OWNER = "hf_genimg"
NAME = "genimg"


def install_extension() -> tuple[Path, bool]:
    """Register with `hf`; returns the manifest, and whether it was written now.

    Raises:
        ValueError: `hf` or our own program is not installed, or another extension has the name.
        OSError: the manifest cannot be written; one that was there stays.
    """
    if _program("hf") is None:
        raise ValueError(
            "the hf command is not installed here, and it is what runs extensions; pip install huggingface_hub"
        )
    ours = _program("hf-genimg")
    if ours is None:
        raise ValueError("the program hf-genimg is not installed beside this Python; pip install hf_genimg")
    manifest = _manifest_file()
    there = _there(manifest)
    if manifest.parent.exists() and (there is None or there.get("owner") != OWNER):
        raise ValueError(
            f"{manifest.parent} holds another extension of that name and is left alone; hf extensions remove {NAME} "
            "first"
        )
    if there is not None and there.get("executable_path") == str(ours):
        return manifest, False
    try:
        manifest.parent.mkdir(parents=True, exist_ok=True)
        partial = manifest.with_name(f".{manifest.name}.new")
        partial.write_text(json.dumps(_content(ours), indent=2, sort_keys=True), encoding="utf-8")
        partial.replace(manifest)
    except OSError as error:
        raise OSError(f"{manifest} cannot be written: {error.strerror or error}; nothing was registered") from error
    return manifest, True


def _program(name: str) -> Path | None:
    """A program beside this Python, or on the path."""
    beside = shutil.which(name, path=str(Path(sys.executable).parent))
    found = beside or shutil.which(name)
    return Path(found).absolute() if found else None


def _manifest_file() -> Path:
    from huggingface_hub.cli.extensions import EXTENSIONS_ROOT, MANIFEST_FILENAME

    return EXTENSIONS_ROOT.expanduser() / f"hf-{NAME}" / MANIFEST_FILENAME


def _there(manifest: Path) -> dict[str, object] | None:
    try:
        found = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _content(executable: Path) -> dict[str, object]:
    return {
        "owner": OWNER,
        "repo": f"hf-{NAME}",
        "repo_id": f"{OWNER}/hf-{NAME}",
        "short_name": NAME,
        "executable_path": str(executable),
        "type": "python",
        "installed_at": datetime.now(UTC).isoformat(),
        "description": "GAN and VAE image generators.",
        "commit_sha": None,
    }
