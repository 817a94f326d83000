"""DiffAugment: random colour, translation and cutout that gradients pass through (arXiv:2006.10738, section 4)."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

Images = torch.Tensor  # float [N, C, H, W] in [-1, 1]; each image draws its own change; a fourth channel is alpha


def diff_augment(policy: str) -> Callable[[Images], Images]:
    """The augmentation for a policy such as `color,translation,cutout`; `ValueError` names the parts there are."""
    names = [name.strip() for name in policy.split(",")]
    for name in names:
        if name not in POLICIES:
            raise ValueError(
                f"diff_augment={policy!r} has no part {name!r}; join some of {', '.join(POLICIES)} with commas"
            )

    def augment(images: Images) -> Images:
        for name in names:
            for change in POLICIES[name]:
                images = of_colours(change, images) if name == "color" else change(images)
        return images

    return augment


def of_colours(change: Callable[[Images], Images], images: Images) -> Images:
    """Change colours and leave alpha."""
    return torch.cat([change(images[:, :3]), images[:, 3:]], 1) if images.shape[1] == 4 else change(images)


def uniform(images: Images, low: float, high: float) -> torch.Tensor:
    """One number for each image: float [N, 1, 1, 1]."""
    return low + (high - low) * torch.rand(len(images), 1, 1, 1, device=images.device, dtype=images.dtype)


def brightness(images: Images) -> Images:
    """Add a number from U(-0.5, 0.5)."""
    return images + uniform(images, -0.5, 0.5)


def saturation(images: Images) -> Images:
    """Move each pixel away from, or towards, its own mean over channels, by a factor from U(0, 2). Leaves grey images
    as they are.
    """
    mean = images.mean(1, keepdim=True)
    return mean + (images - mean) * uniform(images, 0, 2)


def contrast(images: Images) -> Images:
    """Move each pixel away from, or towards, the image's mean, by a factor from U(0.5, 1.5)."""
    mean = images.mean((1, 2, 3), keepdim=True)
    return mean + (images - mean) * uniform(images, 0.5, 1.5)


def translation(images: Images, ratio: float = 1 / 8) -> Images:
    """Shift by up to `ratio` of each side, filling with zeros (mid-grey)."""
    shifts = [random_integers(images, -int(side * ratio + 0.5), int(side * ratio + 0.5)) for side in images.shape[2:]]
    rows, columns = (
        torch.arange(side, device=images.device) + shift[:, None]
        for side, shift in zip(images.shape[2:], shifts, strict=True)
    )
    padded = F.pad(images, (1, 1, 1, 1))
    rows, columns = (rows + 1).clamp(0, images.shape[2] + 1), (columns + 1).clamp(0, images.shape[3] + 1)
    return padded.permute(0, 2, 3, 1)[
        torch.arange(len(images), device=images.device)[:, None, None], rows[:, :, None], columns[:, None, :]
    ].permute(0, 3, 1, 2)


def cutout(images: Images, ratio: float = 1 / 2) -> Images:
    """Set a square of `ratio` of each side, anywhere, partly outside too, to zero (mid-grey)."""
    inside = []
    for side in images.shape[2:]:
        length = int(side * ratio + 0.5)
        start = random_integers(images, 0, side - length % 2) - length // 2
        place = torch.arange(side, device=images.device)
        inside.append((place >= start[:, None]) & (place < start[:, None] + length))
    hole = inside[0][:, None, :, None] & inside[1][:, None, None, :]
    return images * ~hole


def random_integers(images: Images, low: int, high: int) -> torch.Tensor:
    """One integer from low to high, both included, for each image: int64 [N]."""
    return torch.randint(low, high + 1, (len(images),), device=images.device)


POLICIES: dict[str, tuple[Callable[[Images], Images], ...]] = {
    "color": (brightness, saturation, contrast),
    "translation": (translation,),
    "cutout": (cutout,),
}
