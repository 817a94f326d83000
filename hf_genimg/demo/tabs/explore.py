"""The Explore tab: a walk between seeds, directions as live sliders, and a map."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import gradio as gr
from PIL import Image

from .. import explore
from ..favourites import edit_query
from ..film import can_film, mp4
from ..models import Shared, Shelf
from ..settings import LARGEST_SEED
from . import _invert, _matrix, piles
from ._gallery import gallery
from ._named import named_sliders
from ._page import LIVE, LONG, Page, cache_folder, friendly, texts

PROGRESS = gr.Progress()  # a stand-in, which gradio replaces for each request
METHODS = [("PCA", "pca"), ("SeFa", "sefa")]
QUIET: dict[str, Any] = {"show_progress": "hidden", "trigger_mode": "always_last"}


def build(page: Page) -> None:
    """Lay the tab out and wire it."""
    ui = SimpleNamespace(page=page)
    with page.tab("explore"):
        missing = gr.Markdown(texts("no_directions"), visible=False, elem_id=page.id("explore-missing"))
        with gr.Column() as panel:
            _directions(ui)
            piles.build(page, [ui.named_info, *ui.named])
            _map(ui)
            _matrix.build(page)
            _walk(ui)
    page.adapt(
        [panel, missing],
        lambda model: [gr.update(visible=able) for able in (model.has_directions, not model.has_directions)],
    )
    ui.moved = _invert.wire(ui)
    _wire_directions(ui)
    _wire_map(ui)
    _wire_walk(ui)


def _directions(ui: SimpleNamespace) -> None:
    gr.Markdown(texts("directions_info"))
    _invert.build(ui)
    with gr.Row(elem_classes="studio-row"):
        with gr.Column(scale=2, min_width=260, elem_classes="studio-controls"):
            with gr.Row():
                ui.seed = gr.Number(7, label=texts("seed"), precision=0, minimum=0, maximum=LARGEST_SEED, min_width=100)
                ui.method = gr.Radio(
                    METHODS, value="pca", label=texts("method"), min_width=100, elem_id=ui.page.id("method")
                )
            ui.amounts = [
                gr.Slider(
                    -3,
                    3,
                    0,
                    step=0.05,
                    label=texts(f"direction_{number + 1}"),
                    elem_id=ui.page.id(f"direction-{number + 1}"),
                    min_width=120,
                )
                for number in range(explore.SLIDERS)
            ]
            ui.named_info, ui.named = named_sliders(ui.page, "named")
            ui.reset = gr.Button(texts("reset"), size="sm")
        with gr.Column(scale=3, min_width=240, elem_classes="studio-stays"):
            ui.image = gr.Image(
                label=texts("image"),
                show_label=False,
                format="png",
                interactive=False,
                buttons=["download", "fullscreen"],
                elem_classes="pixels large",
                elem_id=ui.page.id("direction-image"),
                alt_text=texts("alt_direction"),
            )
            ui.keep = gr.Button(texts("keep"), size="sm", elem_id=ui.page.id("keep-edit"))


def _map(ui: SimpleNamespace) -> None:
    ui.asked = gr.Button(visible=False)  # for the map, by programs
    gr.Markdown(texts("map_info"))
    with gr.Row(elem_classes="studio-row"):
        with gr.Column(scale=3, min_width=260):
            ui.map = gr.Image(
                label=texts("map"),
                show_label=False,
                format="png",
                interactive=False,
                buttons=["fullscreen"],
                elem_classes="pixels studio-choose studio-map",
                elem_id=ui.page.id("map"),
                alt_text=texts("alt_map"),
            )
        with gr.Column(scale=2, min_width=240):
            ui.x = gr.Slider(
                -explore.MAP_REACH, explore.MAP_REACH, 0, step=0.05, label=texts("map_x"), elem_id=ui.page.id("map-x")
            )
            ui.y = gr.Slider(
                -explore.MAP_REACH, explore.MAP_REACH, 0, step=0.05, label=texts("map_y"), elem_id=ui.page.id("map-y")
            )
            ui.there = gr.Image(
                label=texts("image"),
                show_label=False,
                format="png",
                interactive=False,
                buttons=["download"],
                elem_classes="pixels large",
                elem_id=ui.page.id("map-image"),
                alt_text=texts("alt_place"),
            )


def _walk(ui: SimpleNamespace) -> None:
    with gr.Row(equal_height=True):
        ui.seeds = gr.Textbox("3, 7, 12", label=texts("walk"), info=texts("seeds_info"), scale=3, min_width=200)
        ui.steps = gr.Slider(2, explore.MOST_STEPS, 8, step=1, label=texts("steps"), scale=3, min_width=200)
    with gr.Row():
        ui.go = gr.Button(texts("make_walk"), variant="primary", min_width=100, elem_id=ui.page.id("walk"))
        ui.gif = gr.Button(texts("gif"), min_width=100, elem_id=ui.page.id("gif"))
        if can_film():
            ui.mp4 = gr.Button(texts("mp4"), min_width=100, elem_id=ui.page.id("mp4"))
        ui.stop = gr.Button(texts("stop"), min_width=80, scale=0)
    ui.strip = gallery(texts("strip"), 8, visible=False, buttons=["fullscreen"], elem_id=ui.page.id("strip"))
    ui.moving = gr.Image(
        label=texts("moving"),
        show_label=False,
        format="gif",
        type="filepath",
        interactive=False,
        buttons=["download"],
        visible=False,
        elem_classes="pixels",
        height=240,
        alt_text=texts("alt_walk"),
    )
    if can_film():
        ui.film = gr.Video(
            label=texts("moving"),
            show_label=False,
            interactive=False,
            autoplay=True,
            loop=True,
            buttons=["download"],
            visible=False,
            height=240,
            elem_id=ui.page.id("film"),
        )


def _directions_endpoint(shelf: Shelf) -> Callable[..., Any]:
    @friendly
    def directions(
        model: str = "",
        seed: int = 7,
        method: str = "pca",
        first: float = 0,
        second: float = 0,
        third: float = 0,
        fourth: float = 0,
        fifth: float = 0,
        sixth: float = 0,
        named_1: float = 0,
        named_2: float = 0,
        named_3: float = 0,
        named_4: float = 0,
        named_5: float = 0,
        named_6: float = 0,
        found: explore.Found | None = None,
    ) -> Image.Image:
        """Make the image of a seed, moved along the six directions that change images most; of a picture's latents once
        invert has found some.

        Args:
            model: the name of a model of this page; the first one when left empty.
            seed: an integer of 0 or more.
            method: how the directions are found: pca (GANSpace) or sefa.
            first: how far along the first, in standard deviations from -3 to 3.
            second: likewise.
            third: likewise.
            fourth: likewise.
            fifth: likewise.
            sixth: likewise.
            named_1: how far along the first named direction that the model came with, likewise.
            named_2: likewise.
            named_3: likewise.
            named_4: likewise.
            named_5: likewise.
            named_6: likewise.
        """
        principal, named = [first, second, third, fourth, fifth, sixth], [named_1, named_2, named_3]
        amounts, shared = [*principal, *named, named_4, named_5, named_6], shelf.find(model)
        return explore.along(shared, seed, amounts, method, found=_invert.begun(shared, found))

    return directions


def _wire_directions(ui: SimpleNamespace) -> None:
    shelf = ui.page.shelf
    directions = _directions_endpoint(shelf)
    amounts = [*ui.amounts, *ui.named]
    inputs = [ui.page.chooser, ui.seed, ui.method, *amounts, ui.found]
    live = [*(slider.input for slider in amounts), ui.method.input]
    ui.page.keeping.append((ui.keep, _edited, inputs[1:]))
    gr.on(live, directions, inputs, ui.image, **ui.page.api("directions"), **QUIET, **LIVE)
    again: dict[str, Any] = {"api_visibility": "private", **QUIET, **LIVE}
    ui.reset.click(lambda: [0] * len(amounts), None, amounts, api_visibility="private").then(
        directions, inputs, ui.image, **again
    )
    shown = _where_there_are_any(shelf, directions)
    for event in ui.moved:
        event.success(lambda: [0] * len(amounts), None, amounts, api_visibility="private").then(
            directions, inputs, ui.image, **again
        )
    ui.page.refill("explore", shown, inputs, [ui.image])

    def updates(model: Shared) -> list[Any]:
        used = min(explore.SLIDERS, model.latent_dim)
        methods = [(name, value) for name, value in METHODS if value in explore.methods_of(model)]
        return [
            gr.update(choices=methods or METHODS, value="pca", visible=len(methods) > 1),  # one is no choice
            *(gr.update(visible=i < used, value=0) for i in range(explore.SLIDERS)),
        ]

    ui.page.adapt([ui.method, *ui.amounts], updates)


def _edited(model: Shared, seed: int, method: str, *rest: Any) -> tuple[str, int]:
    """How the image at the directions is made again."""
    *amounts, found = rest
    if _invert.begun(model, found) is not None:
        raise ValueError("an image that began with your picture is not kept: no link makes it again; download it")
    return edit_query(seed, method, amounts), 0


def _where_there_are_any(shelf: Shelf, answer: Callable[..., Any]) -> Callable[..., Any]:
    """`answer`, but nothing for a model without directions."""

    @friendly
    def shown(model: str, *rest: Any) -> Any:
        return answer(model, *rest) if shelf.find(model).has_directions else None

    return shown


def _map_endpoints(shelf: Shelf) -> tuple[Callable[..., Any], Callable[..., Any]]:
    @friendly
    def latent_map(model: str = "", found: explore.Found | None = None) -> Image.Image:
        """Draw the plane of the two strongest directions as a grid of images.

        Args:
            model: the name of a model of this page; the first one when left empty.
        """
        shared = shelf.find(model)
        return explore.latent_map(shared, _invert.begun(shared, found))

    @friendly
    def on_map(model: str = "", x: float = 0, y: float = 0, found: explore.Found | None = None) -> Image.Image:
        """Make the image at a place of the map.

        Args:
            model: the name of a model of this page; the first one when left empty.
            x: to the right, in standard deviations from -2.5 to 2.5.
            y: up, likewise.
        """
        shared = shelf.find(model)
        return explore.on_map(shared, x, y, _invert.begun(shared, found))

    return latent_map, on_map


def _wire_map(ui: SimpleNamespace) -> None:
    latent_map, on_map = _map_endpoints(ui.page.shelf)

    @friendly
    def clicked(model: str, event: gr.SelectData) -> tuple[float, float]:
        return explore.place(ui.page.shelf.find(model), *event.index)

    chooser, hidden = ui.page.chooser, {"show_progress": "hidden", "api_visibility": "private", **LIVE}
    whole, at = [chooser, ui.found], [chooser, ui.x, ui.y, ui.found]
    gr.on([ui.x.input, ui.y.input], on_map, at, ui.there, **ui.page.api("on_map"), **QUIET, **LIVE)
    shown, there = (_where_there_are_any(ui.page.shelf, each) for each in (latent_map, on_map))
    ui.asked.click(latent_map, whole, ui.map, **ui.page.api("latent_map"), show_progress="hidden", **LIVE)
    for event in ui.moved:
        event.success(lambda: (0, 0), None, [ui.x, ui.y], api_visibility="private").then(
            there, at, ui.there, **hidden
        ).then(shown, whole, ui.map, **hidden)
    ui.page.refill("explore", shown, whole, [ui.map])
    ui.page.refill("explore", there, at, [ui.there])
    ui.page.adapt([ui.x, ui.y], lambda model: [0, 0])
    ui.map.select(clicked, chooser, [ui.x, ui.y], **hidden).then(on_map, at, ui.there, **hidden)


def _wire_walk(ui: SimpleNamespace) -> None:
    shelf = ui.page.shelf

    @friendly
    def walk(
        model: str = "",
        seeds: str = "3, 7, 12",
        steps: int = 8,
        found: explore.Found | None = None,
        progress: gr.Progress = PROGRESS,
    ) -> Iterator[list[Image.Image]]:
        """Walk from the image of each seed to that of the next, and from a picture's latents to the first once invert
        has found some; the images so far come one by one.

        Args:
            model: the name of a model of this page; the first one when left empty.
            seeds: two to eight seeds with commas between them.
            steps: images from one seed to the next, both included, from 2 to 32.
        """
        for images, total in _walking(shelf.find(model), seeds, steps, found, progress):
            if len(images) % 4 == 0 or len(images) == total:
                yield images

    @friendly
    def walk_gif(
        model: str = "",
        seeds: str = "3, 7, 12",
        steps: int = 8,
        found: explore.Found | None = None,
        progress: gr.Progress = PROGRESS,
    ) -> str:
        """Make the walk there and back as an endless GIF.

        Args:
            model: the name of a model of this page; the first one when left empty.
            seeds: two to eight seeds with commas between them.
            steps: images from one seed to the next, both included, from 2 to 32.
        """
        *_, (images, _) = _walking(shelf.find(model), seeds, steps, found, progress)
        return str(explore.gif(images, cache_folder(ui.strip)))

    inputs = [ui.page.chooser, ui.seeds, ui.steps, ui.found]
    going = ui.go.click(walk, inputs, ui.strip, **ui.page.api("walk"), **LONG)
    gr.on(
        [ui.go.click, ui.seeds.submit],
        lambda: gr.update(visible=True),
        None,
        ui.strip,
        api_visibility="private",
        queue=False,
    )
    ui.seeds.submit(walk, inputs, ui.strip, api_visibility="private", **LONG)
    making = ui.gif.click(walk_gif, inputs, ui.moving, **ui.page.api("walk_gif"), **LONG)
    making.success(lambda: gr.update(visible=True), None, ui.moving, api_visibility="private")
    made = [ui.strip, ui.moving, *([ui.film] if can_film() else [])]
    ui.page.adapt(made, lambda model: [gr.update(value=None, visible=False) for _ in made])  # another's walks
    ui.stop.click(None, None, None, cancels=[going, making, *(_wire_film(ui, inputs) if can_film() else [])])


def _walking(
    model: Shared, seeds: str, steps: int, found: explore.Found | None, progress: gr.Progress
) -> Iterator[tuple[list[Image.Image], int]]:
    """The images of a walk so far and how many there will be, which the bar of the page says too."""
    points, found = explore.seeds_of(seeds), _invert.begun(model, found)
    total = (len(points) - 1 + (found is not None)) * (steps - 1) + 1
    for images in explore.walk_between(model, points, steps, found=found):
        progress((len(images), total))
        yield images, total


def _wire_film(ui: SimpleNamespace, inputs: list[Any]) -> list[Any]:
    @friendly
    def walk_mp4(
        model: str = "",
        seeds: str = "3, 7, 12",
        steps: int = 8,
        found: explore.Found | None = None,
        progress: gr.Progress = PROGRESS,
    ) -> str:
        """Make the walk there and back as a film, MP4 with H.264.

        Args:
            model: the name of a model of this page; the first one when left empty.
            seeds: two to eight seeds with commas between them.
            steps: images from one seed to the next, both included, from 2 to 32.
        """
        *_, (images, _) = _walking(ui.page.shelf.find(model), seeds, steps, found, progress)
        film = ""
        for done, total, written in mp4(images, cache_folder(ui.strip)):
            progress((done, total), desc="MP4")
            film = str(written)
        return film

    making = ui.mp4.click(walk_mp4, inputs, ui.film, **ui.page.api("walk_mp4"), **LONG)
    making.success(lambda: gr.update(visible=True), None, ui.film, api_visibility="private")
    return [making]
