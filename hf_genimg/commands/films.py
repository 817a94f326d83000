"""Moving pictures, frame by frame: animated GIFs, and MP4 films with their rate and sound where PyAV is installed."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tqdm import tqdm

from .pictures import opened

CODEC = "libx264"
QUALITY = "16"  # of H.264, from 0 to 51: nobody sees what is lost at 16
FRAME_MILLISECONDS = 100  # of a GIF that does not say how long its frames last
CHANGED = 24  # levels of 255 by which a pixel of a frame has become another

Translate = Callable[[Any], Any]


def check_film(path: Path) -> None:
    """Raise `ValueError` unless films can be read and written here, and this is one."""
    if find_spec("av") is None:
        raise ValueError(f"{path} is a film, and films need PyAV; install hf_genimg[video]")
    import av

    if CODEC not in av.codecs_available:
        raise ValueError(f"{path} is a film, and this PyAV has no H.264; install another build of av")
    with _reading(path) as film:
        if not film.streams.video:
            raise ValueError(f"{path} has sound only, and no pictures")


def translate_film(path: Path, target: Path, translate: Translate) -> int:
    """Write the translation of each frame of a film, at the same times, with its sound; returns how many.

    translate: from a PIL image to one that carries its provenance.
    """
    import av

    with _reading(path) as film, _temporary(target) as unfinished:
        video = film.streams.video[0]
        sound = film.streams.audio[0] if film.streams.audio else None
        made, waiting = None, []  # the streams are there before anything is written
        with av.open(str(unfinished), "w", format="mp4", options={"movflags": "faststart"}) as written:
            bar = tqdm(total=video.frames or None, desc=path.name, unit="frame")
            copied = written.add_stream_from_template(sound) if sound is not None else None
            for packet in film.demux([each for each in (video, sound) if each is not None]):
                if packet.stream is sound:
                    if packet.dts is not None:
                        packet.stream = copied
                        waiting.append(packet)
                else:
                    for frame in packet.decode():
                        image = translate(_upright(frame))
                        made = _film_stream(written, video, image) if made is None else made
                        encoded = av.VideoFrame.from_image(image.convert("RGB"))
                        encoded.pts, encoded.time_base = frame.pts, video.time_base
                        written.mux(made.encode(encoded))
                        bar.update()
                if made is not None:
                    written.mux(waiting)
                    waiting = []
            bar.close()
            if made is None:
                raise ValueError(f"{path} has no frame that can be read")
            written.mux(made.encode())
        return bar.n


def translate_gif(path: Path, target: Path, translate: Translate) -> int:
    """Write the translation of each frame of an animated GIF, as long as each is shown; returns how many.

    The frames come and go one by one; those that are written wait with one byte a pixel.
    """
    durations, loop = _gif_times(path)
    frames = (translate(frame) for frame in tqdm(_gif_frames(path), path.name, len(durations), unit="frame"))
    first = next(frames)
    settings = {"comment": comment(first).encode(), **({} if loop is None else {"loop": loop})}
    with _temporary(target) as unfinished:
        settings |= {"save_all": True, "append_images": frames, "duration": durations, "disposal": 1}
        first.save(unfinished, format="GIF", **settings)
    return len(durations)


def smoothed(translate: Translate, share: float) -> Translate:
    """A translation for frames that come one after another, which flickers less: where a frame is as the last one was,
    `share` of its translation comes from that of the last; where it changed by `CHANGED` levels or more, none.

    share: from 0 to below 1.
    """
    from PIL import Image, ImageChops

    last: list[Any] = []  # the frame before and its translation

    def next_frame(frame: Any) -> Any:
        image = translate(frame)
        if last and last[1].size == image.size and last[1].mode == image.mode and last[0].size == frame.size:
            changed = ImageChops.difference(frame.convert("RGB"), last[0]).convert("L").resize(image.size)
            kept = changed.point([round(255 * share * max(0.0, 1 - level / CHANGED)) for level in range(256)])
            blended = Image.composite(last[1], image, kept)
            blended.info.update(image.info)
            image = blended
        last[:] = [frame.convert("RGB"), image]
        return image

    return next_frame


def _gif_times(path: Path) -> tuple[list[int], int | None]:
    """For how many milliseconds each frame is shown, and how often all are."""
    from PIL import ImageSequence

    with opened(path) as animated:
        shown = [frame.info.get("duration") or FRAME_MILLISECONDS for frame in ImageSequence.Iterator(animated)]
        return shown, animated.info.get("loop")


def _gif_frames(path: Path) -> Iterator[Any]:
    """Each frame as a PIL image."""
    from PIL import ImageSequence

    with opened(path) as animated:
        for frame in ImageSequence.Iterator(animated):
            yield frame.convert("RGBA")


def comment(image: Any) -> str:
    """What a file says of how it was made: the provenance that an image carries."""
    from ..pipelines.provenance import KEY

    return json.dumps({"Source": "AI-generated", **json.loads(image.info.get(KEY, "{}"))})


def _film_stream(film: Any, video: Any, image: Any) -> Any:
    """The stream for translated frames such as `image`, with the rate and the clock of the original."""
    film.metadata["comment"] = comment(image)
    stream = film.add_stream(CODEC, rate=video.average_rate or 25, options={"crf": QUALITY, "preset": "veryfast"})
    stream.width, stream.height = image.size
    stream.pix_fmt = "yuv444p" if any(side % 2 for side in image.size) else "yuv420p"  # which halves the colours
    stream.codec_context.time_base = video.time_base
    stream.codec_context.thread_count = 1
    return stream


def _upright(frame: Any) -> Any:
    image = frame.to_image()
    return image.rotate(frame.rotation, expand=True) if frame.rotation else image


@contextmanager
def _reading(path: Path) -> Iterator[Any]:
    """An open film; whatever FFmpeg says about a damaged one is one line."""
    import av

    try:
        with path.open("rb") as file, av.open(file) as film:
            yield film
    except av.FFmpegError as error:
        raise ValueError(f"{path} is not a film that can be read ({' '.join(str(error).split())})") from error


@contextmanager
def _temporary(target: Path) -> Iterator[Path]:
    """A file beside `target` that gets its name once it is whole, and never takes the place of another."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(handle)
    try:
        yield Path(name)
        os.chmod(name, 0o644)
        os.link(name, target)  # fails where there is something by now
    except FileExistsError:
        raise ValueError(f"{target} exists already and is not overwritten; name another --out") from None
    finally:
        os.unlink(name)
