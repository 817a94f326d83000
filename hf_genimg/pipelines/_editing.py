"""What a pipeline does with latents besides calling its network: walks, named directions, style mixing, inversion."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers.utils.hub_utils import EntryNotFoundError, _get_model_file

from ..faults import causes
from .images import Images
from .interpolation import MODES, texts_between, walk
from .inversion import invert
from .mixing import mixing_matrix
from .named_directions import (
    FILE,
    NamedDirection,
    check_direction,
    check_strengths,
    dimensions,
    read_directions,
    write_directions,
)
from .sampling import GeneratorInputs, check_count, check_labels, check_latents, draw, example, labels_for_json

FETCHING = ("cache_dir", "force_download", "proxies", "token", "local_files_only")


class LatentEditing:
    """Methods of every pipeline with latents."""

    mixing_matrix = mixing_matrix
    invert = invert

    @property
    def directions(self) -> dict[str, NamedDirection]:
        """Directions with a name, which are loaded with the model and saved with it; a call, `edit` and the studio
        take their names. What is put into this dict is the model's from then on.

        Raises `ValueError` where the file that the model has them in is damaged.
        """
        if "_directions" not in self.__dict__:
            self.__dict__["_directions"] = self._load_directions({})
        return self.__dict__["_directions"]

    @directions.setter
    def directions(self, directions: Mapping[str, NamedDirection]) -> None:
        self.__dict__["_directions"] = dict(directions)

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: str | os.PathLike[str], **kwargs: Any) -> Any:
        """As in diffusers; the named directions of the model are loaded as well, or the error raised that they give."""
        pipe = super().from_pretrained(pretrained_model_name_or_path, **kwargs)
        if isinstance(pipe, LatentEditing):
            options = {name: kwargs[name] for name in FETCHING if kwargs.get(name) is not None}
            pipe.__dict__["_directions"] = pipe._load_directions(options)
        return pipe

    def save_pretrained(self, save_directory: str | os.PathLike[str], *args: Any, **kwargs: Any) -> None:
        """As in diffusers, with the named directions; those of a model that lay there before are removed.

        Raises `ValueError` for what is no direction of this model, before anything is written.
        """
        lengths = dimensions(self.network) if self.directions else {}
        for name, direction in self.directions.items():
            check_direction(name, direction, lengths)
        super().save_pretrained(save_directory, *args, **kwargs)
        file = Path(save_directory, FILE)
        if self.directions:
            write_directions(file, self.directions)
        else:
            file.unlink(missing_ok=True)

    def _load_directions(self, options: Mapping[str, Any]) -> dict[str, NamedDirection]:
        """Those that lie beside the network that this pipeline was loaded with; none where it was built from networks.

        options: of fetching from the Hub.
        """
        place = self.network.config.get("_name_or_path")
        if not self.name_or_path or not place:
            return {}
        file, origin = Path(place).parent / FILE, self._hub_origin()
        if not file.is_file() and origin is not None:
            file = _fetched(*origin, options) or file
        return read_directions(file, dimensions(self.network)) if file.is_file() else {}

    def edit(self, latents: torch.Tensor, directions: Mapping[str, float], *, class_labels: Any = None) -> torch.Tensor:
        """Move latents along named directions.

        Args:
            latents: as the network samples them, float [N, D]; or styles, float [N, mixing_layers, style_dim], as
                `invert` finds them in the spaces `w` and `w+`, for directions in `w`.
            directions: the strength of each by its name: 1 is one standard deviation of latents along it.
            class_labels: of a conditional model, where latents are mapped to styles: one for all, or one for each.

        Returns:
            Latents of the same shape; styles where one of the directions is in `w`.

        Raises:
            ValueError: there is no such direction, or an argument is not what it may be.
        """
        strengths = check_strengths(directions, self.directions)
        check_latents(latents, example(self.network), self.network.style_shape)
        chosen = [(self.directions[name], strength) for name, strength in strengths.items()]
        lengths = dimensions(self.network)
        for name in strengths:
            check_direction(name, self.directions[name], lengths)
        styled = latents.dim() == 3
        for direction, strength in chosen:
            if direction.space == "z":
                if styled:
                    raise ValueError(
                        "latents are styles, and one of the directions is of the space z; give latents of z, or find "
                        "a direction in w"
                    )
                latents = latents + strength * direction.vector.to(latents)
        if not styled and any(direction.space == "w" for direction, _ in chosen):
            latents = self.styles_of(latents, class_labels)
        for direction, strength in chosen:
            if direction.space == "w":
                latents = latents + strength * direction.vector.to(latents)
        return latents

    def styles_of(self, latents: torch.Tensor, class_labels: Any = None) -> torch.Tensor:
        """The styles that a network with styles maps latents to.

        Args:
            latents: float [N, D].
            class_labels: of a conditional model: one for all, or one for each.

        Returns:
            float [N, mixing_layers, style_dim], which a call takes as `latents`, of their dtype and device.

        Raises:
            ValueError: the network has no styles, or an argument is not what it may be.
        """
        network, device = self.network, self._execution_device
        if network.style_shape is None:
            raise ValueError(f"{type(network).__name__} has no styles; use a model with styles, such as stylegan2")
        check_latents(latents, example(network))
        conditional = "labels" in network.conditions
        if conditional and class_labels is None:
            raise ValueError(f"{type(network).__name__} is conditioned on classes; give class_labels as well")
        classes = self.capabilities.num_classes if conditional else 0
        labels = check_labels(network, class_labels if conditional else None, classes, self.class_names, len(latents))
        with self._running():
            styles = network.map(self._placed(latents), None if labels is None else labels.to(device))
        return styles.to(latents)

    def interpolate(
        self,
        seeds: list[int] | None = None,
        steps: int = 8,
        mode: str | None = None,
        output_type: str = "pil",
        *,
        latents: torch.Tensor | None = None,
        noise: torch.Tensor | None = None,
        class_labels: Any = None,
        prompt: Any = None,
        truncation: float = 1.0,
        max_batch_size: int | None = None,
    ) -> Images:
        """Walk from the image of each seed to that of the next, or from each of some latents to the next.

        Args:
            seeds: two or more.
            steps: images from one seed to the next, both included; at least 2.
            mode: `slerp`, the great circle, which keeps the length of Gaussian latents; or `lerp`, the straight line.
                Unless given, slerp, and lerp between styles.
            latents, noise: instead of seeds, two or more as a call takes them; styles as `invert` finds them, too.
            class_labels: of a conditional model: one for the whole walk or one for each seed. Left out, each seed draws
                its own. Labels are not mixed: each image takes that of the nearer seed.
            prompt: of a model that is conditioned on text: likewise, but texts are mixed where the network has
                sentence vectors: equal seeds and two prompts walk from one text to the other.
            Others: as for a call.

        Returns:
            (K - 1) (steps - 1) + 1 images of K seeds; that at k (steps - 1) is the image of `seeds[k]`.

        Raises:
            ValueError: an argument is not what it may be.
        """
        self._check(truncation, max_batch_size, output_type)
        check_count("steps", steps, 2)
        if mode is not None and mode not in MODES:
            raise ValueError(f"mode={mode!r} is not known; use one of {', '.join(MODES)}")
        if not self.capabilities.interpolation:
            raise ValueError(f"the latents of {type(self.network).__name__} are tokens, between which there is nothing")
        ends = self._ends(seeds, latents, noise, class_labels, prompt)
        mode = mode or ("lerp" if ends.latents.dim() == 3 else "slerp")
        positions = torch.arange((len(ends.latents) - 1) * (steps - 1) + 1) / (steps - 1)  # 0: first seed, 1: second
        nearer = (positions + 0.5).long()
        inputs = GeneratorInputs(
            walk(ends.latents.flatten(1), steps, mode).unflatten(1, ends.latents.shape[1:]),
            None if ends.class_labels is None else ends.class_labels[nearer],
            None,
            None if ends.noise is None else walk(ends.noise, steps, mode),
            texts_between(self.network, ends.text, positions),
        )
        images = self._make(inputs, float(truncation), max_batch_size, output_type)
        if output_type == "pil":
            prompts = (
                prompt if isinstance(prompt, str | dict | None) else [prompt[number] for number in nearer.tolist()]
            )
            same = {"seeds": ends.seeds, "mode": mode, "truncation": float(truncation)}
            places = zip(positions.tolist(), notes(inputs, prompts, len(images)), strict=True)
            self._sign(images, [{**same, "position": place, **own} for place, own in places])
        return images

    def _ends(
        self,
        seeds: list[int] | None,
        latents: torch.Tensor | None,
        noise: torch.Tensor | None,
        class_labels: Any,
        prompt: Any,
    ) -> GeneratorInputs:
        """What a walk leads through."""
        if latents is None:
            if noise is not None:
                raise ValueError("noise is given without latents; give both, or seeds alone")
            return self.draw_seeds(seeds, class_labels, prompt)
        if seeds is not None:
            raise ValueError("seeds and latents are both given, and both say where to walk; give one of them")
        given = {"latents": latents, "noise": noise, "class_labels": class_labels, "text": self._tokens(prompt)}
        ends = draw(self.network, self.capabilities.num_classes, **given, class_names=self.class_names)
        if len(ends.latents) < 2:
            raise ValueError("latents hold one image, which is no walk; give two or more")
        return ends


def notes(inputs: GeneratorInputs, prompt: Any, count: int) -> list[dict[str, Any]]:
    """Of each image its seed, class and prompt, for its provenance."""
    seeds = inputs.seeds or [None] * count
    classes = labels_for_json(inputs.class_labels) or [None] * count
    prompts = [prompt] * count if isinstance(prompt, str | dict | None) else list(prompt)
    rows = zip(seeds, classes, prompts, strict=True)
    return [{"seed": seed, "class_label": label, "prompt": text} for seed, label, text in rows]


def _fetched(repository: str, commit: str, options: Mapping[str, Any]) -> Path | None:
    """The file of directions of a repository, where it has one."""
    try:
        return Path(_get_model_file(repository, weights_name=FILE, revision=commit, **options))
    except OSError as error:
        if any(isinstance(each, EntryNotFoundError) for each in causes(error)):
            return None
        raise
