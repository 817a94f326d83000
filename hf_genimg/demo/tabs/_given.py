"""Where a visitor gives a picture: a file, the camera, the clipboard, an example, or a drawing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr
from PIL import Image

from ...data.dicom import DICOM_EXTENSIONS
from .. import uploads
from ..about import examples
from ..drawing import PAPER, SIDE, as_data
from ._brush import brush
from ._gallery import gallery
from ._instead import instead
from ._page import LIVE, Page, friendly, texts

COLOURS = ("#000000", "#e11d48", "#f59e0b", "#16a34a", "#2563eb", "#7c3aed", "#78350f", "#9ca3af")
# names the file, and when it came
UNSHOWN = "(file) => /\\.(heic|heif|tiff?)$/i.test(file?.path ?? '') ? file.path + Date.now() : ''"
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", **LIVE}


def upload(label: str, elem_id: str) -> gr.Image:
    """A place for a picture, which is read by `read_upload` and by nothing else."""
    place = gr.Image(
        label=texts(label),
        type="pil",
        format="png",
        image_mode=None,
        sources=["upload", "webcam", "clipboard"],
        webcam_options=gr.WebcamOptions(mirror=False),
        buttons=[],
        height=260,
        elem_id=elem_id,
        elem_classes="pixels",
    )

    def read(payload: Any) -> Image.Image | ValueError | None:
        """The picture, or the mistake where it cannot be read: the handler raises it, for gradio answers what is raised
        here with a fault, and in no language of the visitor's.
        """
        if payload is None:
            return None
        if not payload.path or (payload.url or "").startswith("data:"):
            return ValueError("give the picture as a file")
        try:
            return uploads.read_upload(payload.path)
        except ValueError as error:
            return error

    place.preprocess = read
    _show_as_png(place)
    return place


def _show_as_png(place: gr.Image) -> None:
    """Where browsers do not show such files. Whatever is answered here is a picture: a component that was given an
    update, be it `gr.skip()`, is made anew by gradio 6.31, and then reads files as gradio does.
    """
    unshown = gr.Textbox("", visible=False)
    place.upload(None, place, unshown, js=UNSHOWN)
    unshown.change(lambda picture: picture if isinstance(picture, Image.Image) else None, place, place, **QUIET)


@dataclass(frozen=True)
class Given:
    """A place for a picture. arrivals: listeners for whatever brings another one, called as `place.upload` is."""

    place: gr.Image
    arrivals: tuple[Callable[..., Any], ...]

    @property
    def chosen(self) -> tuple[Callable[..., Any], ...]:
        """Those besides an upload."""
        return self.arrivals[1:]


def build_given(page: Page, label: str, elem_id: str, *, with_examples: bool = True) -> Given:
    """Lay out the place for a picture, a pad to draw one, and examples."""
    place = upload(label, elem_id)
    drawn = _pad(page, place, f"{elem_id}-pad")
    arrivals = [place.upload, drawn.success]
    if uploads.reads_dicom():
        arrivals.append(_dicom(place, f"{elem_id}-dicom").success)
    if with_examples:
        arrivals.append(_examples(page, place).then)
    return Given(place, tuple(arrivals))


def _dicom(target: gr.Image, elem_id: str) -> Any:
    """A button for files that no browser shows; what is in one goes into `target`. Returns the event after which it is
    there.
    """
    button = gr.UploadButton(texts("open_dicom"), file_types=list(DICOM_EXTENSIONS), size="sm", elem_id=elem_id)

    @friendly
    def take(file: str | None) -> Image.Image | None:
        return uploads.read_dicom(file) if file else None

    return button.upload(take, button, target, **QUIET)


def _pad(page: Page, target: gr.Image, elem_id: str) -> Any:
    """What is drawn goes into `target` stroke by stroke. Returns the event after which it is there."""
    with gr.Accordion(texts("draw"), open=False, elem_id=f"{elem_id}-open") as opened:
        gr.Markdown(texts("draw_info"), elem_classes="studio-note")
        pad = brush(
            uploads.strokes,
            label=texts("draw"),
            show_label=False,
            brush=gr.Brush(default_size=28, colors=list(COLOURS), default_color=COLOURS[0], color_mode="fixed"),
            eraser=gr.Eraser(default_size=28),
            canvas_size=(SIDE, SIDE),
            height=420,
            elem_id=elem_id,
        )

    def take(model: str, strokes: Image.Image | None, before: Any) -> Image.Image | None:
        """The drawing; what was there before while there is none."""
        before = before if isinstance(before, Image.Image) else None
        return before if strokes is None else as_data(page.shelf.find(model), strokes)

    def paper() -> dict[str, Any]:
        """A pad without a background waits for its brush to be chosen."""
        return {"background": Image.new("RGB", (SIDE, SIDE), PAPER), "layers": [], "composite": None}

    for emptied in (opened.expand, pad.clear):
        emptied(paper, None, pad, **QUIET)
    return pad.input(friendly(take), [page.chooser, pad, target], target, trigger_mode="always_last", **QUIET)


def _examples(page: Page, target: gr.Image) -> Any:
    """A row of pictures to try; choosing one puts it into `target`. Returns the event after which it is there."""
    gr.Markdown(texts("examples"), elem_classes="studio-heading")
    instead("empty_examples")
    shown = gallery(texts("examples"), 4, object_fit="cover", buttons=[], elem_classes=("studio-examples",))

    def show(model: str) -> list[Image.Image]:
        return examples(page.shelf.find(model))

    def choose(model: str, event: gr.SelectData) -> Image.Image:
        return examples(page.shelf.find(model))[event.index]

    hidden = {"api_visibility": "private", "show_progress": "hidden"}
    page.fill(show, [page.chooser], [shown])
    return shown.select(friendly(choose), page.chooser, target, **hidden)


def seen_picture(elem_id: str) -> gr.Image:
    """A place for what the model saw of a picture."""
    return shown_picture("seen", elem_id, buttons=["fullscreen"])


def shown_picture(name: str, elem_id: str, **settings: Any) -> gr.Image:
    """A place for a picture that the page makes, called as the text `name`; settings as of `gr.Image`."""
    usual = {"type": "pil", "format": "png", "interactive": False, "height": 220, "elem_classes": "pixels"}
    usual["buttons"] = ["download", "fullscreen"]
    return gr.Image(label=texts(name), elem_id=elem_id, **{**usual, **settings})


def show_seen(page: Page, place: gr.Image, seen: gr.Image, arrivals: Any) -> None:
    """Show what the model sees of the picture whenever a visitor gives another."""

    def see(model: str, picture: Image.Image | ValueError | None) -> Image.Image | None:
        """Nothing of a file that cannot be read: whoever answers says so."""
        if not isinstance(picture, Image.Image):
            return None
        return uploads.enlarged(uploads.seen(page.shelf.find(model), picture))

    for event in (*arrivals, place.clear):
        event(see, [page.chooser, place], seen, **QUIET)
