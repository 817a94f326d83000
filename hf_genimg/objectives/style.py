"""Style transfer by a frozen feature network: content by its maps, style by their statistics (arXiv:1603.08155;
arXiv:1703.06868, eq. 11 to 13), balanced so that any network can be used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from ..features.statistics import channel_statistics, gram_matrix
from .base import Batch, Networks, Objective, Terms, conditions_of

EPS = 1e-6
LEAST = 0.2  # of the mean deviation of channels, that one counts as having
NEAR = 0.02  # squared distance of statistics below which an input counts as being in the style already
SHIFTS = ((0, 0), (1, 2), (2, 1), (3, 3))  # rows and columns that one image after another is cut by before the features
Maps = dict[str, torch.Tensor]


def moments(maps: torch.Tensor) -> torch.Tensor:
    """Means and standard deviations of the channels, float [N, 2 C] (arXiv:1703.06868, eq. 13)."""
    return torch.cat(channel_statistics(maps), 1).flatten(1)


def gram(maps: torch.Tensor) -> torch.Tensor:
    """Gram matrices times the number of channels, float [N, C C]."""
    return (gram_matrix(maps) * maps.shape[1]).flatten(1)


STATISTICS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {"moments": moments, "gram": gram}


class StyleTransfer(Objective):
    """Maps at content taps stay those of the input; statistics at style taps become those of the style.

    Channels are divided by their deviation over the inputs. A content distance of 1 is then that of unrelated pictures,
    and a style distance of 1, at each tap, that of an input that was not changed at all (where it is not already near).

    Images of a batch reach the features shifted by different numbers of pixels (where they have 16 or more): halvings
    in the feature network see some positions more than others, and a generator fills these with a pattern otherwise.

    Args:
        content_taps, style_taps: of the frozen network `features`.
        content_weight, style_weight: of the means over taps.
        smoothness: weight of the mean absolute difference of neighbouring pixels.
        statistics: `moments` or `gram`.
        one_style: the pictures of a batch are parts of one style, and their mean statistics are the target.
    """

    players = ("generator",)

    def __init__(
        self,
        content_taps: Sequence[str],
        style_taps: Sequence[str],
        *,
        content_weight: float = 1.0,
        style_weight: float = 1.0,
        smoothness: float = 0.0,
        statistics: str = "moments",
        one_style: bool = False,
    ) -> None:
        super().__init__()
        self.content_taps, self.style_taps = tuple(content_taps), tuple(style_taps)
        self.weights, self.smoothness = (content_weight, style_weight), smoothness
        self.statistics, self.one_style = STATISTICS[statistics], one_style

    def generator(self, networks: Networks, batch: Batch) -> Terms:
        """The terms of styled `batch["inputs"]`, towards `batch["style"]`; both float [N, C, H, W] in [-1, 1]."""
        generator, features = networks["generator"], networks["features"]
        taps = tuple(dict.fromkeys((*self.content_taps, *self.style_taps)))
        styled = generator(batch["inputs"], **_without_inputs(conditions_of(generator, batch)))
        with torch.autocast(styled.device.type, enabled=False):
            found = features(shifted(styled.float()), taps)
            with torch.no_grad():
                inputs = features(shifted(batch["inputs"]), taps)
                style = features(batch["style"] if self.one_style else shifted(batch["style"]), taps)
                scales = {tap: _scale(maps) for tap, maps in inputs.items()}
            content = torch.stack([self._content(found, inputs, scales, tap) for tap in self.content_taps])
            styles = torch.stack([self._style(found, inputs, style, scales, tap) for tap in self.style_taps])
        terms = {"content": self.weights[0] * content.mean(), "style": self.weights[1] * styles.mean()}
        return terms | ({"smoothness": self.smoothness * variation(styled.float())} if self.smoothness else {})

    def _content(self, found: Maps, inputs: Maps, scales: Maps, tap: str) -> torch.Tensor:
        return ((found[tap] - inputs[tap]) * scales[tap]).square().mean() / 2  # unrelated: the sum of two variances

    def _style(self, found: Maps, inputs: Maps, style: Maps, scales: Maps, tap: str) -> torch.Tensor:
        made, given, wanted = (self.statistics(maps[tap] * scales[tap]) for maps in (found, inputs, style))
        wanted = wanted.mean(0, keepdim=True) if self.one_style else wanted
        return (made - wanted).square().mean() / (given - wanted).square().mean().clamp_min(NEAR)

    def held_out(self, networks: Networks, batch: Batch) -> Terms:
        """The same on pictures that nobody trained on."""
        return self.generator(networks, batch)


def _scale(maps: torch.Tensor) -> torch.Tensor:
    """One over the standard deviation of each channel, float [1, C, 1, 1]; one that hardly varies is not blown up."""
    deviation = maps.std((0, 2, 3), keepdim=True)
    return 1 / deviation.clamp_min(LEAST * deviation.mean() + EPS)


def shifted(images: torch.Tensor) -> torch.Tensor:
    """Images float [N, C, H, W] without 3 rows and columns, one after another cut from places of `SHIFTS`; smaller ones
    than 16 pixels as they are.
    """
    height, width = images.shape[2:]
    if min(height, width) < 16:
        return images
    places = (SHIFTS[number % len(SHIFTS)] for number in range(len(images)))
    return torch.stack(
        [image[:, y : y + height - 3, x : x + width - 3] for image, (y, x) in zip(images, places, strict=True)]
    )


def variation(images: torch.Tensor) -> torch.Tensor:
    """The mean absolute difference of neighbouring pixels, of images float [N, C, H, W]."""
    rows, columns = images[:, :, 1:] - images[:, :, :-1], images[..., 1:] - images[..., :-1]
    return rows.abs().mean() + columns.abs().mean()


def _without_inputs(conditions: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: value for name, value in conditions.items() if name != "inputs"}
