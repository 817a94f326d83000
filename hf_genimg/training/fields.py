"""Text to typed recipe fields: `batch_size=64`, `data=photos`, `max_grad_norm=none`."""

from __future__ import annotations

import ast
import difflib
import inspect
import math
import textwrap
import types
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Union, get_args, get_origin, get_type_hints

RENAMED = {"game": "loss"}  # fields that had another name in 0.1; 0.2 accepts it with a warning, 0.3 will not
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def parse_fields(recipe_class: type, assignments: Iterable[str]) -> dict[str, Any]:
    """Turn `field=value` texts into values of the fields' types; `ValueError` names the fields, or the type, that would
    be right.
    """
    values, assignments = {}, list(assignments)
    refuse_both_names([assignment.partition("=")[0] for assignment in assignments])
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise ValueError(f"{assignment!r} is not a setting; write field=value, for example batch_size=64")
        name = current_name(recipe_class, name)
        values[name] = parse_value(name, text, type_of(recipe_class, name))
    return values


def refuse_both_names(names: Iterable[str]) -> None:
    """Raise `ValueError` where a field is set by its old name and by its new one."""
    given = set(names)
    for old, new in RENAMED.items():
        if {old, new} <= given:
            raise ValueError(f"{old}= is the old name of {new}=, which is set too; leave {old}= out")


def current_name(recipe_class: type, name: str) -> str:
    """The name of a field, also by the name that it had before; `DeprecationWarning` says the new one."""
    known = {field.name for field in fields(recipe_class)}
    if name in known or RENAMED.get(name) not in known:
        return name
    new = RENAMED[name]
    warnings.warn(f"the field {name} is called {new} now; write {new}=", DeprecationWarning, stacklevel=4)
    return new


def check_fields(recipe_class: type, values: Mapping[str, Any]) -> None:
    """Raise `ValueError` for a name that is no field, or a value that is not of its field's type. A whole number is a
    number.
    """
    for name, value in values.items():
        hint = type_of(recipe_class, name)
        kinds, optional = _kinds(hint)
        fitting = (float, int) if kinds == [float] else tuple(kind for kind in kinds if isinstance(kind, type))
        boolean = isinstance(value, bool) and bool not in kinds
        endless = isinstance(value, float) and not math.isfinite(value)
        if not (optional and value is None) and fitting and (boolean or endless or not isinstance(value, fitting)):
            raise ValueError(f"{name}={value!r} is not right; it must be {_spelling(hint)}")


def type_of(recipe_class: type, name: str) -> Any:
    """The type of a field; `ValueError` names the fields there are."""
    known = [field.name for field in fields(recipe_class)]
    if name not in known:
        raise ValueError(f"there is no field {name!r}{did_you_mean(name, known)}; the fields are: {', '.join(known)}")
    return get_type_hints(recipe_class)[name]


def describe_fields(recipe_class: type) -> list[tuple[str, str, str]]:
    """(`field=default` as it is typed, what it may be, the comment behind it) for each field; its own first, then
    inherited ones.
    """
    comments: dict[str, str] = {}
    for owner in recipe_class.__mro__:
        for name, comment in _comments(owner).items():
            comments[name] = comments.get(name) or comment
    known = {field.name: field.default for field in fields(recipe_class)}
    hints = get_type_hints(recipe_class)
    ordered = [name for name in comments if name in known]
    return [(f"{name}={_typed(known[name])}", _spelling(hints[name]), comments[name]) for name in ordered]


def _comments(owner: type) -> dict[str, str]:
    """The comment at the end of the line of each field that a class defines, or nothing where there is none."""
    if owner.__module__ in ("builtins", "abc"):
        return {}
    text = textwrap.dedent(inspect.getsource(owner))
    lines = text.splitlines()
    found = [
        node
        for node in ast.parse(text).body[0].body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    ]
    ends = {node.target.id: lines[node.end_lineno - 1].encode()[node.end_col_offset :].decode() for node in found}
    return {name: end.partition("#")[2].strip() for name, end in ends.items()}


def _typed(value: Any) -> str:
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def _kinds(hint: Any) -> tuple[list[Any], bool]:
    """The types that a hint allows besides None, and whether it allows None."""
    if get_origin(hint) not in (Union, types.UnionType):
        return [hint], False
    return [kind for kind in get_args(hint) if kind is not types.NoneType], types.NoneType in get_args(hint)


def _spelling(hint: Any) -> str:
    kinds, optional = _kinds(hint)
    return " or ".join([_SPELLING.get(kind, str(kind)) for kind in kinds] + ["none"] * optional)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean ...?` where a known name is close, otherwise nothing."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def parse_value(name: str, text: str, hint: Any) -> Any:
    """One value of the type `hint`: bool, int, float or str, each of which may be `| None`."""
    kinds, optional = _kinds(hint)
    if optional and text.lower() == "none":
        return None
    if kinds[0] not in _CONVERT:
        raise ValueError(
            f"{name} cannot be set from the command line, for its type is {hint}; set it in the recipe file"
        )
    try:
        return _CONVERT[kinds[0]](text)
    except (ValueError, KeyError, OverflowError):
        raise ValueError(f"{name}={text} is not right; it must be {_spelling(hint)}") from None


def _integer(text: str) -> int:
    number = (
        float(text) if "e" in text.lower() else int(text)
    )  # int() also reads 60_000; 1e6 is how people write a million
    if number != int(number):
        raise ValueError
    return int(number)


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


_CONVERT = {bool: lambda text: _TRUTH[text.lower()], int: _integer, float: _number, str: str}
_SPELLING = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
