"""The loss curves of a run as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def draw_curves(records: list[dict[str, Any]], path: Path, over: str = "images") -> None:
    """Draw the terms of the log, one panel a player, over images; held-out terms are panels of their own.

    over: the key of what they are drawn over.
    """
    from matplotlib.figure import Figure

    panels = sorted({key.split("/")[0] for record in records for key in record if "/" in key})
    if not panels:
        return
    figure = Figure(figsize=(8, 3 * len(panels)), layout="constrained")
    rows = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for panel, axes in zip(panels, rows, strict=True):
        for term in sorted({key for record in records for key in record if key.startswith(f"{panel}/")}):
            points = [(record[over], record[term]) for record in records if term in record]
            axes.plot(
                *zip(*points, strict=True),
                label=term.split("/")[1],
                linestyle="-",
                marker="." if len(points) < 50 else None,
            )
        axes.set(title=panel.replace("_", " "), ylabel="loss")
        axes.legend()
        axes.grid(alpha=0.3)
    rows[-1].set_xlabel(over)
    figure.savefig(path, dpi=120)
