"""Text to typed recipe fields: `batch_size=64`, `data=photos`, `max_grad_norm=none`."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable
from dataclasses import fields
from typing import Any, Union, get_args, get_origin, get_type_hints

_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def parse_fields(recipe_class: type, assignments: Iterable[str]) -> dict[str, Any]:
    """Turn `field=value` texts into values of the fields' types; `ValueError` names the fields, or the type, that would be right."""
    hints = get_type_hints(recipe_class)
    known = {field.name: hints[field.name] for field in fields(recipe_class)}
    values = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise ValueError(f"{assignment!r} is not a setting; write field=value, for example batch_size=64")
        if name not in known:
            raise ValueError(f"there is no field {name!r}{did_you_mean(name, known)}; the fields are: {', '.join(known)}")
        values[name] = parse_value(name, text, known[name])
    return values


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean ...?` where a known name is close, otherwise nothing."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def parse_value(name: str, text: str, hint: Any) -> Any:
    """One value of the type `hint`: bool, int, float or str, each of which may be `| None`."""
    kinds = [kind for kind in get_args(hint) if kind is not types.NoneType] if get_origin(hint) in (Union, types.UnionType) else [hint]
    optional = kinds != [hint]
    if optional and text.lower() == "none":
        return None
    try:
        return _CONVERT[kinds[0]](text)
    except (ValueError, KeyError):
        allowed = _SPELLING[kinds[0]] + (" or none" if optional else "")
        raise ValueError(f"{name}={text} is not right; it must be {allowed}") from None


def _integer(text: str) -> int:
    number = float(text) if "e" in text.lower() else int(text)  # int() also reads 60_000; 1e6 is how people write a million
    if number != int(number):
        raise ValueError
    return int(number)


_CONVERT = {bool: lambda text: _TRUTH[text.lower()], int: _integer, float: float, str: str}
_SPELLING = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
