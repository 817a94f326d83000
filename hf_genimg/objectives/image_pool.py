"""A pool of earlier generated images for the discriminator (arXiv:1612.07828, section 2.3; CycleGAN uses 50)."""

from __future__ import annotations

import torch
from torch import nn

from .base import Step


class ImagePool(nn.Module):
    """Replaces half of the images of a batch by earlier ones, which the new ones replace in turn.

    The pool is filled in the order of the whole batch and moves once an update, so that micro-batches and processes
    change nothing: `query` reads the pool as it was before the update; the objective calls `update` after it.

    size: how many images it holds; 0 for none. shape: [C, H, W] of an image. batch_size: of an update.
    """

    def __init__(self, size: int, shape: tuple[int, int, int], batch_size: int) -> None:
        super().__init__()
        if size < 0:
            raise ValueError(f"pool_size={size} must be at least 0")
        self.size = size
        self.register_buffer("images", torch.zeros(size, *shape))
        self.register_buffer("held", torch.zeros((), dtype=torch.long))
        gathered = torch.zeros(batch_size, 1 + torch.Size(shape).numel()) if size else torch.zeros(0)
        self.register_buffer("gathered", gathered, persistent=False)  # of each image: the slot it takes, plus 1; pixels

    @torch.no_grad()
    def query(self, images: torch.Tensor, step: Step) -> torch.Tensor:
        """images: float [N, C, H, W], generated. Returns the same shape: each image or, with probability one half once
        the pool is full, one that it holds. The choice is drawn from torch's global generator.
        """
        if not self.size:
            return images
        slots = torch.randint(2 * self.size, (len(images),), device=images.device)
        taken = (slots < self.size) & (self.held == self.size)
        rows = slice(step.offset, step.offset + len(images))
        self.gathered[rows, 0] = torch.where(taken, slots + 1, 0).to(self.gathered.dtype)
        self.gathered[rows, 1:] = images.flatten(1).to(self.gathered.dtype)
        held = self.images[slots % self.size].to(images.dtype)
        return torch.where(taken[:, None, None, None], held, images)

    @torch.no_grad()
    def update(self) -> None:
        """Take in the images of an update, in their order."""
        for row in self.gathered:
            slot = int(row[0]) - 1
            if slot < 0 and self.held < self.size:
                slot = int(self.held)
                self.held += 1
            if slot >= 0:
                self.images[slot] = row[1:].view_as(self.images[slot])
