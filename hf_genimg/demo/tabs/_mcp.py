"""Answers to MCP clients, where gradio 6.31 gives less than it could."""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from PIL import Image


def give_images() -> None:
    """Let tools that answer with a gallery give its images instead of a list of paths, all images keep what they carry,
    and states be left out once.

    gradio 6.31 takes states out of answers that its client has taken them out of already: the call fails, or something
    else is lost.
    """
    from gradio.mcp import GradioMCPServer

    plain, convert = GradioMCPServer.pop_returned_state, GradioMCPServer.postprocess_output_data
    if plain.__module__ != GradioMCPServer.__module__:
        return  # done before

    def pop_returned_state(components: Any, data: Any) -> Any:
        return plain(components, data) if len(data) == len(components) else data

    GradioMCPServer.pop_returned_state = staticmethod(pop_returned_state)
    GradioMCPServer.postprocess_output_data = _each_image(convert)
    GradioMCPServer.get_base64_data = staticmethod(_whole_file)


def _each_image(convert: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(convert, assigned=("__name__", "__doc__"))
    def postprocess_output_data(self: Any, data: Any, root_url: str) -> Any:
        return convert(self, [each for output in data for each in images_of(output)], root_url)

    return postprocess_output_data


def images_of(output: Any) -> list[Any]:
    """The images of galleries, one after another; answers of any other kind as they are. A tool that yields gives all
    its outputs as one tuple.
    """
    if isinstance(output, tuple):
        return [each for one in output for each in images_of(one)]
    gallery = isinstance(output, list) and output and all(isinstance(each, dict) and "image" in each for each in output)
    return [each["image"] for each in output] if gallery else [output]


def _whole_file(image: Image.Image, format: str) -> str:
    """The file that the image was opened from, in base64: with the provenance, which another encoding would lose."""
    return base64.b64encode(Path(image.filename).read_bytes()).decode()
