"""Options that name latents: lists of seeds, and strengths of named directions."""

from __future__ import annotations


def seeds_of(option: str, text: str) -> list[int]:
    """The seeds in a text such as 1,2,7."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError(
            f"{option} {text!r:.60} is no list of seeds; use whole numbers joined with commas, such as 1,2,7"
        )
    return [int(part) for part in parts]


def strengths_of(texts: list[str] | None) -> dict[str, float] | None:
    """The strength of each named direction in texts such as slant=2; None where there are none."""
    strengths: dict[str, float] = {}
    for text in texts or ():
        name, _, number = text.rpartition("=")
        try:
            strength = float(number)
        except ValueError:
            name = ""
        if not name:
            raise ValueError(f"--direction {text!r:.60} is not possible; use NAME=STRENGTH, such as slant=2")
        if name in strengths:
            raise ValueError(f"--direction {name} is given twice; give it once")
        strengths[name] = strength
    return strengths or None
