"""Discriminator augmentation (arXiv:2006.06676): changes that gradients pass through, each with a probability that
adapts or rises.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

from .diff_augment import cutout as hole

Images = torch.Tensor  # float [N, C, H, W] in [-1, 1]
Rows = torch.Tensor  # float [N]
LUMA = 1 / math.sqrt(3)  # each component of the unit vector along which colours are grey


class RandomChanges(nn.Module):
    """Changes images, each change with probability `probability`, from 0 to 1, which a subclass moves.

    groups: some of the changes of appendix B, joined with commas: `blit` (mirror, quarter turns, whole pixels),
    `geometry` (scale, turn, stretch, shift), `color` (brightness, contrast, luma flip, hue, saturation) and `cutout`;
    `color:0.5` has half the probability. Unlike there, geometry samples bilinearly, without the wavelet filter.
    """

    def __init__(self, groups: str) -> None:
        super().__init__()
        self.changes = [(change, share) for name, share in _shares(groups) for change in GROUPS[name]]
        self.register_buffer("probability", torch.zeros(()))
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))

    def forward(self, images: Images) -> Images:
        for change, share in self.changes:
            images = change(images, share * self.probability)
        return images

    def observe(self, on_real: torch.Tensor) -> None:
        """Take in logits on (augmented) real images."""

    def move(self) -> None:
        """After an update of the discriminator."""
        self.updates += 1

    def measured(self) -> dict[str, float]:
        """What the log is to have of it."""
        return {"augmentation/probability": self.probability.item()}


def _shares(groups: str) -> list[tuple[str, float]]:
    """The parts of `groups`, each with the part of the probability that it has."""
    found = []
    for part in (part.strip() for part in groups.split(",")):
        name, _, share = part.partition(":")
        if name not in GROUPS:
            raise ValueError(
                f"augmentation {groups!r} has no part {name!r}; join some of {', '.join(GROUPS)} with commas"
            )
        if share and not re.fullmatch(r"1(\.0*)?|0?\.\d+", share):
            raise ValueError(
                f"augmentation {part!r}: what follows the colon must be a part of the probability, such as {name}:0.5"
            )
        found.append((name, float(share or 1)))
    return found


class RisingAugment(RandomChanges):
    """Its probability is `schedule` of the number of updates of the discriminator so far."""

    def __init__(self, groups: str, schedule: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__(groups)
        self.schedule = schedule
        self.probability.copy_(schedule(self.updates))

    def move(self) -> None:
        super().move()
        self.probability.copy_(self.schedule(self.updates))


class AdaptiveAugment(RandomChanges):
    """Its probability moves by how sure the discriminator is of real images.

    Every `every` updates it rises by one step where r_t = E[sign D(real)] is above `target`, and falls where it is
    below (section 3.1, eq. 1); the step is such that `images` images would take it from 0 to 1.
    """

    def __init__(
        self, groups: str, *, target: float = 0.6, images: int = 500_000, batch_size: int = 64, every: int = 4
    ) -> None:
        super().__init__(groups)
        self.target, self.every, self.step = target, every, batch_size * every / images
        self.register_buffer("signs", torch.zeros(2))  # sum and number since the probability last moved
        self.register_buffer("gathered", torch.zeros(2), persistent=False)  # of this update, over all processes

    @torch.no_grad()
    def observe(self, on_real: torch.Tensor) -> None:
        self.gathered += torch.stack([on_real.sign().sum(), torch.full_like(on_real, 1).sum()])

    @torch.no_grad()
    def move(self) -> None:
        """After an update, of which every process has gathered the same."""
        super().move()
        self.signs += self.gathered
        if self.updates % self.every == 0:
            self.probability += self.step * (self.signs[0] / self.signs[1] - self.target).sign()
            self.probability.clamp_(0, 1)
            self.signs.zero_()


def chosen_images(images: Images, probability: torch.Tensor) -> torch.Tensor:
    """Which images are changed: bool [N]."""
    return torch.rand(len(images), device=images.device) < probability


def normal(images: Images) -> Rows:
    """A standard normal number for each image."""
    return torch.randn(len(images), device=images.device)


def uniform(images: Images, low: float, high: float) -> Rows:
    """A uniform number for each image."""
    return low + (high - low) * torch.rand(len(images), device=images.device)


def mirror(images: Images, probability: torch.Tensor) -> Images:
    """Left for right, in half of the chosen images."""
    turned = chosen_images(images, probability) & (uniform(images, 0, 1) < 0.5)
    return torch.where(turned[:, None, None, None], images.flip(3), images)


def quarter_turns(images: Images, probability: torch.Tensor) -> Images:
    """0 to 3 quarter turns; images are square."""
    turns = uniform(images, 0, 4).long().clamp(max=3) * chosen_images(images, probability)
    for quarters in (1, 2, 3):
        images = torch.where((turns == quarters)[:, None, None, None], images.rot90(quarters, (2, 3)), images)
    return images


def whole_pixels(images: Images, probability: torch.Tensor) -> Images:
    """Shift by a whole number of pixels, up to an eighth of a side, mirrored at the border."""
    chosen = chosen_images(images, probability)
    places = []
    for side in images.shape[2:]:
        shift = (uniform(images, -0.125, 0.125) * side).round().long() * chosen
        places.append(reflected(torch.arange(side, device=images.device) + shift[:, None], side))
    number = torch.arange(len(images), device=images.device)[:, None, None]
    return images.permute(0, 2, 3, 1)[number, places[0][:, :, None], places[1][:, None, :]].permute(0, 3, 1, 2)


def reflected(places: torch.Tensor, side: int) -> torch.Tensor:
    """Places outside 0 .. side - 1, by less than a side, mirrored at the middle of the border pixels."""
    return (side - 1 - (side - 1 - places.abs()).abs()).abs()


def geometry(images: Images, probability: torch.Tensor) -> Images:
    """Scale, turn, stretch, turn and shift as one map from output to input, sampled bilinearly (appendix B, algorithm
    1).
    """
    matrix = torch.eye(3, device=images.device).expand(len(images), 3, 3)
    turning = 1 - (1 - probability).sqrt()  # two turns, at least one of which happens with the probability
    scale = normal(images).mul(0.2).exp2().where(chosen_images(images, probability), torch.ones(()).to(images.device))
    matrix = matrix @ stretched(scale, scale)
    matrix = matrix @ turned(uniform(images, -math.pi, math.pi) * chosen_images(images, turning))
    stretch = normal(images).mul(0.2).exp2().where(chosen_images(images, probability), torch.ones(()).to(images.device))
    matrix = matrix @ stretched(stretch, 1 / stretch)
    matrix = matrix @ turned(uniform(images, -math.pi, math.pi) * chosen_images(images, turning))
    chosen = chosen_images(images, probability)
    matrix = matrix @ shifted(
        normal(images) * 0.25 * chosen, normal(images) * 0.25 * chosen
    )  # of a side that is 2 long
    grid = F.affine_grid(matrix[:, :2], list(images.shape), align_corners=False)
    return F.grid_sample(images, grid.to(images.dtype), padding_mode="reflection", align_corners=False)


def stretched(x: Rows, y: Rows) -> torch.Tensor:
    """float [N, 3, 3] that multiplies coordinates by x and y."""
    return torch.diag_embed(torch.stack([x, y, torch.ones_like(x)], 1))


def turned(angle: Rows) -> torch.Tensor:
    """float [N, 3, 3] that turns by an angle in radians."""
    zero, one = torch.zeros_like(angle), torch.ones_like(angle)
    rows = [[angle.cos(), -angle.sin(), zero], [angle.sin(), angle.cos(), zero], [zero, zero, one]]
    return torch.stack([torch.stack(row, 1) for row in rows], 1)


def shifted(x: Rows, y: Rows) -> torch.Tensor:
    """float [N, 3, 3] that adds x and y."""
    zero, one = torch.zeros_like(x), torch.ones_like(x)
    return torch.stack([torch.stack(row, 1) for row in ([one, zero, x], [zero, one, y], [zero, zero, one])], 1)


def brightness(images: Images, probability: torch.Tensor) -> Images:
    """Add a number from N(0, 0.2)."""
    return images + columns(normal(images) * 0.2 * chosen_images(images, probability), images)


def contrast(images: Images, probability: torch.Tensor) -> Images:
    """Multiply by 2 to a power from N(0, 0.5)."""
    return images * columns((normal(images) * 0.5 * chosen_images(images, probability)).exp2(), images)


def luma_flip(images: Images, probability: torch.Tensor) -> Images:
    """Mirror the grey part of every colour, in half of the chosen images: light for dark, hue kept."""
    flipped = chosen_images(images, probability) & (uniform(images, 0, 1) < 0.5)
    return images - 2 * columns(flipped, images) * images.mean(1, keepdim=True)


def hue(images: Images, probability: torch.Tensor) -> Images:
    """Turn colours about the grey axis (Rodrigues' formula). Leaves grey images as they are."""
    if images.shape[1] != 3:
        return images
    angle = columns(uniform(images, -math.pi, math.pi) * chosen_images(images, probability), images)
    grey = images.mean(1, keepdim=True)
    crossed = LUMA * (images.roll(1, 1) - images.roll(-1, 1))  # the axis x the colour
    return grey + (images - grey) * angle.cos() + crossed * angle.sin()


def saturation(images: Images, probability: torch.Tensor) -> Images:
    """Move colours from, or towards, their grey part by 2 to a power from N(0, 1). Leaves grey images as they are."""
    grey = images.mean(1, keepdim=True)
    return grey + (images - grey) * columns((normal(images) * chosen_images(images, probability)).exp2(), images)


def cutout(images: Images, probability: torch.Tensor) -> Images:
    """Set a square of half a side, anywhere, partly outside too, to zero (mid-grey)."""
    return torch.where(chosen_images(images, probability)[:, None, None, None], hole(images), images)


def columns(rows: Rows, images: Images) -> torch.Tensor:
    """float [N, 1, 1, 1] of the type of the images."""
    return rows.to(images.dtype)[:, None, None, None]


GROUPS: dict[str, tuple[Callable[[Images, torch.Tensor], Images], ...]] = {
    "blit": (mirror, quarter_turns, whole_pixels),
    "geometry": (geometry,),
    "color": (brightness, contrast, luma_flip, hue, saturation),
    "cutout": (cutout,),
}
