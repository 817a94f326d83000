"""What may be asked of a page that trains: data and fields, for its owner and for strangers."""

from __future__ import annotations

import re
from pathlib import Path

from ..data import separate_split
from ..data.hub_datasets import PREFIX, could_be_hub_name, is_hub_name

BUILT_IN = ("digits",)
OWNERS = ("hub_model_id", "trackers")  # fields that act in the owner's name
PLAIN = re.compile(r"[\w.,:+=-]*")  # of a field, for a stranger: numbers, words, degradations; no path, no Hub id


def check_data(data: str, private: bool) -> str:
    """The data as the command line has them, a path made absolute.

    Raises:
        ValueError: nothing is given or there, or it is a path and a stranger asks.
    """
    data = data.strip()
    if not data:
        raise ValueError("there are no data yet; give a folder, a Hub data set id, digits, or a zip of pictures")
    name, split = separate_split(data)
    suffix = f"@{split}" if split else ""
    if name in BUILT_IN:
        return data
    if not private:
        plain = name.removeprefix(PREFIX)
        if not could_be_hub_name(plain):
            raise ValueError(
                f"data={data[:60]!r} is no Hub data set id, and paths are read only where this page is served to its "
                "own machine alone; upload a zip of pictures, or give an id such as owner/name"
            )
        return f"{PREFIX}{plain}{suffix}"
    path = Path(name).expanduser()
    if path.exists():
        return f"{path.absolute()}{suffix}"
    if is_hub_name(name):
        return data
    raise ValueError(f"there is nothing at {data[:120]!r}; give a folder, a zip, a Hub data set id or digits")


def check_public(name: str, value: str) -> None:
    """Raise `ValueError` for a field that a stranger may not set so: it acts for the owner, or could name a file."""
    if name in OWNERS:
        raise ValueError(f"{name} acts in the name of who serves this page; leave it out")
    if not PLAIN.fullmatch(value) or value.startswith(".") or Path(value).exists():
        raise ValueError(
            f"{name}={value[:40]!r} could name a file, and files are read only where this page is served to its own "
            "machine alone; leave it out"
        )
