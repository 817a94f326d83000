"""NAFNet (arXiv:2204.04676) for old photographs: trained on faded, scratched, blurred and noisy pictures.

    hf-genimg train old_photos
    hf-genimg train old_photos data=PHOTOS image_size=128 random_crop=true width=32
    hf-genimg translate runs/old_photos FOLDER --out RESTORED

What a scratch hides is made up from what is around it.

Cost: 17 s of CPU time for images=1600 of digits at 32 pixels on one x86-64 core.
Reached: after these, from spoiled digits, 11.9 dB, 21.6 dB on the 297 held out: fading is undone and noise nearly so,
most scratches are still there. No photographs were trained on yet.
"""

from __future__ import annotations

from dataclasses import dataclass

from .restoration import Restoration


@dataclass(frozen=True, kw_only=True)
class OldPhotos(Restoration):
    """The chain of `inputs` is that of an album, in the order in which it happens."""

    inputs: str | None = "blur:0-1+fade+scratches+noise:0-15+jpeg:50-95"
    loss: str = "l1"  # l2, charbonnier or psnr
