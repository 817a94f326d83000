"""What networks share that enlarge images."""

from __future__ import annotations

import torch

from ._network import TranslationNetwork

SCALES = (2, 3, 4)


def check_choice(name: str, given: object, choices: tuple) -> None:
    """Raise `ValueError` when `given` is none of `choices`."""
    if given not in choices:
        raise ValueError(f"{name}={given!r} is not known; use one of {', '.join(map(str, choices))}")


def enlargements(scale: int) -> list[int]:
    """The factors of the sub-pixel convolutions that together enlarge by `scale`."""
    check_choice("scale", scale, SCALES)
    return [2, 2] if scale == 4 else [scale]


class Enlarger(TranslationNetwork):
    """What both forms share: `scale` times larger images, of any size."""

    @property
    def scale(self) -> int:
        return self.config.scale

    def bounded(self, images: torch.Tensor) -> torch.Tensor:
        """Within [-1, 1] in eval mode; in training as they are, so that every pixel has a gradient."""
        return images if self.training else images.clamp(-1, 1)
