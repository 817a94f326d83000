"""A walk as a film: MP4 with H.264, which browsers and phones play, where PyAV (the extra `video`) is installed."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

from ..pipelines.images import on_checkerboard
from ..pipelines.provenance import KEY

CODEC = "libx264"
FRAMES_PER_SECOND = 12
FRAME = 192  # pixels a side at least: smaller images are enlarged by a whole factor


@cache
def can_film() -> bool:
    """Whether films can be made here."""
    if find_spec("av") is None:
        return False
    import av

    return CODEC in av.codecs_available


def there_and_back(images: list[Image.Image]) -> list[Image.Image]:
    """The frames of a film that goes on for ever without a jump; RGB, of even sides. `ValueError` for fewer than two
    images.
    """
    if len(images) < 2:
        raise ValueError("there is no walk yet; make one first")
    factor = max(1, FRAME // images[0].width)
    size = (images[0].width * factor, images[0].height * factor)
    return [
        on_checkerboard(image).convert("RGB").resize(size, Image.Resampling.NEAREST)
        for image in (*images, *images[-2:0:-1])
    ]


def comment(images: list[Image.Image]) -> str:
    """What a file says of how it was made."""
    return json.dumps({"Source": "AI-generated", **json.loads(images[0].info.get(KEY, "{}"))})


def mp4(images: list[Image.Image], folder: Path) -> Iterator[tuple[int, int, Path]]:
    """Write the walk there and back as an MP4 with its provenance as the comment: frames so far, all frames, and where
    it will be.
    """
    if not can_film():
        raise ValueError("films need PyAV with H.264; install hf_genimg[video], or ask for a GIF")
    import av

    frames = there_and_back(images)
    width, height = (side // 2 * 2 for side in frames[0].size)  # H.264 halves the colours, so sides are even
    target = Path(tempfile.mkdtemp(dir=folder)) / "walk.mp4"
    with av.open(str(target), "w", options={"movflags": "faststart"}) as film:
        film.metadata["comment"] = comment(images)
        stream = film.add_stream(CODEC, FRAMES_PER_SECOND, options={"crf": "16", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.thread_count = 1
        for number, frame in enumerate(frames, 1):
            film.mux(stream.encode(av.VideoFrame.from_image(frame.crop((0, 0, width, height)))))
            yield number, len(frames), target
        film.mux(stream.encode())
