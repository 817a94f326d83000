"""What every network is: a diffusers model with safetensors weights that says what it is conditioned on."""

from __future__ import annotations

import inspect
import json
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.utils import BaseOutput
from torch import nn
from torch.nn.utils import parametrize

from ..faults import one_line
from ..layers.latents import sample_latents
from ..layers.spectral_norm import spectral_norm
from ..layers.weights import (
    bounded_construction,
    check_config,
    check_finite,
    check_shapes,
    has_plain_name,
    shapes_of,
    weight_files,
)

# What a config may hold besides the arguments of the constructor. spectral_norm: as `normalize_spectrally` made it.
# class_names: of the labels, in their order. boundary: written by older versions, see `ImageGenerationPipeline`.
NOTES = ("spectral_norm", "class_names", "boundary")


@dataclass
class NetworkOutput(BaseOutput):
    """What a network returns with `return_dict=True`: `sample`, the tensor that it returns without."""

    sample: torch.Tensor


class Network(ModelMixin, ConfigMixin):
    """A diffusers model that loads safetensors only; saved pipelines name it `["hf_genimg", "<Class>"]`, wherever its
    file lies.
    """

    renamed: ClassVar[dict[str, str]] = {}  # arguments that had another name in older configs: old name to name

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        module = sys.modules.get(cls.__module__)
        cls.defined_in = str(Path(getattr(module, "__file__", None) or cls.__module__).resolve())
        cls.__module__ = "hf_genimg"

    def __call__(self, *args: Any, return_dict: bool | None = None, **kwargs: Any) -> Any:
        """Call `forward`.

        return_dict: None returns what `forward` returns; as in diffusers, False returns it in a tuple and True as
        `NetworkOutput` with the field `sample`.
        """
        sample = super().__call__(*args, **kwargs)
        if return_dict is None:
            return sample
        return NetworkOutput(sample) if return_dict else (sample,)

    @property
    def conditions(self) -> tuple[str, ...]:
        """What `forward` takes besides latents or images: `labels`, `text`, `inputs`, `mask`, `style`, `strength`."""
        return ("labels",) if self.config.get("num_classes") else ()

    @property
    def class_names(self) -> list[str]:
        """The names of the labels, in their order; empty where the data named none."""
        return list(self.config.get("class_names") or [])

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: Any, **kwargs: Any) -> Network:
        """As in diffusers, but strict, and never from a pickle.

        Raises `ValueError` in one line where the config is absurd or asks for too much, and where tensors are missing,
        superfluous, of another shape or not finite (see `layers/weights.py`).
        """
        if kwargs.get("use_safetensors") is False:
            raise ValueError(
                "use_safetensors=False would read a pickle, which can run code; hf_genimg reads safetensors only"
            )
        if kwargs.get("ignore_mismatched_sizes"):
            raise ValueError(
                "ignore_mismatched_sizes=True would leave tensors at their random initialization; leave it out"
            )
        folder = Path(pretrained_model_name_or_path, kwargs.get("subfolder") or "")
        with_info, dtype = kwargs.pop("output_loading_info", False), torch.get_default_dtype()
        try:
            with one_line(f"{cls.__name__} cannot be loaded from {folder}"):
                if folder.is_dir():
                    cls._check_files(folder, kwargs.get("variant"))
                loading = {**kwargs, "use_safetensors": True, "output_loading_info": True}
                loading |= {} if has_plain_name(folder) else {"disable_mmap": True}  # maps files by their names
                network, info = super().from_pretrained(pretrained_model_name_or_path, **loading)
                tensors = network.state_dict()
                loaded = [name for name in tensors if name not in info["missing_keys"]]
                found = dict.fromkeys([*loaded, *info["unexpected_keys"]], ())
                check_shapes(dict.fromkeys(tensors, ()), found)
                check_finite(tensors)
        finally:
            torch.set_default_dtype(dtype)  # which diffusers leaves changed where building fails
        return (network, info) if with_info else network

    @classmethod
    def _check_files(cls, folder: Path, variant: str | None) -> None:
        """Compare the files of a network in `folder` with what its config asks for, before it takes memory."""
        config = cls.load_config(folder)
        check_config(config, cls.__name__)
        files = weight_files(folder, variant)
        if files:
            with torch.device("meta"), warnings.catch_warnings(action="ignore"):  # of layers without channels
                expected = cls.from_config(config).state_dict()
            check_shapes({name: tuple(tensor.shape) for name, tensor in expected.items()}, shapes_of(files))

    @classmethod
    def from_config(cls, config: Any, return_unused_kwargs: bool = False, **kwargs: Any) -> Any:
        """As in diffusers, with the `NOTES` that the config has besides; bounded by `layers/weights.py`."""
        config = {cls.renamed.get(name, name): value for name, value in config.items()}
        arguments = inspect.signature(cls.__init__).parameters
        notes = {name: config[name] for name in NOTES if name in config and name not in arguments}
        dtype = torch.get_default_dtype()
        torch.set_default_dtype(torch.float32)  # orthogonal matrices are not computed in half precision
        try:
            with bounded_construction():
                made = super().from_config(
                    {name: value for name, value in config.items() if name not in notes}, return_unused_kwargs, **kwargs
                )
                network = made[0] if return_unused_kwargs else made
                if notes.get("spectral_norm"):
                    network.normalize_spectrally()
        finally:
            torch.set_default_dtype(dtype)
        if dtype != torch.float32:
            network.to(dtype)
        network.register_to_config(**notes)
        return made

    def normalize_spectrally(self) -> bool:
        """Put spectral norm (arXiv:1802.05957) on each linear layer, convolution and embedding that has none, and note
        it in the config.

        Returns whether there was such a layer. The network is saved and loaded as any other.
        """
        layers = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Embedding)
        plain = [m for m in self.modules() if isinstance(m, layers) and not parametrize.is_parametrized(m)]
        for module in plain:
            spectral_norm(module)
        if plain:
            self.register_to_config(spectral_norm=True)
        return bool(plain)

    def to_json_string(self) -> str:
        """`config.json` without the path that the network was loaded from, which diffusers would publish."""
        config = json.loads(super().to_json_string())
        config.pop("_name_or_path", None)
        return json.dumps(config, indent=2, sort_keys=True) + "\n"


class LatentNetwork(Network):
    """A network that generates images from latents, and owns what they are.

    Its config has `latent_dim` and `latent_distribution`. mixes_labels: `class_labels` may also be weights, float
    [N, num_classes], because a class enters as a one-hot vector or as a row of a table. finds_classes: its classes are
    not those of the data, but were found in training. infers_labels: an autoencoder encodes without labels, and
    `classify(images)` gives logits of their classes. truncates: latents nearer to a mean give more usual images; false
    where all have one length. mixing_layers: in how many layers the latents of another image can take over; 0 where
    styles do not mix. style_shape: of the styles of one image, which `forward` takes in place of latents; None where it
    takes none. noise_sides: pixels a side of the maps that `sample_noise` gives, one after the
    other; empty where noise is no maps. example_prompts: texts such as it was trained on.
    """

    mixes_labels: ClassVar[bool] = False
    finds_classes: ClassVar[bool] = False
    infers_labels: ClassVar[bool] = False
    truncates: ClassVar[bool] = True
    mixing_layers: int = 0
    style_shape: tuple[int, ...] | None = None
    noise_sides: Sequence[int] = ()
    example_prompts: Sequence[str] = ()

    def sample_latents(self, num_images: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Sample float [num_images, latent_dim] on this network's device, or on the generator's where one is given."""
        device = self.device if generator is None else generator.device
        shape = (num_images, self.config.latent_dim)
        return sample_latents(self.config.latent_distribution, shape, generator=generator, device=device)

    def sample_noise(self, num_images: int, generator: torch.Generator | None = None) -> torch.Tensor | None:
        """Sample float [num_images, M] for `forward(..., noise=)`; None for a network without noise inputs."""
        return None

    def truncate(self, latents: torch.Tensor, truncation: float) -> torch.Tensor:
        """Latents nearer to the most usual ones: by default scaled by `truncation`; 1 leaves them as they are."""
        return truncation * latents

    def at_truncation(self, truncation: float) -> LatentNetwork:
        """The network that generates from latents truncated so: by default this one."""
        return self

    def tokenize(self, prompts: list[str]) -> torch.Tensor:
        """Token ids int64 [N, T] of texts, for a network with `text` among its conditions."""
        raise ValueError(f"{type(self).__name__} takes no text; use a model that is conditioned on text")

    def encode_text(self, tokens: torch.Tensor) -> torch.Tensor | None:
        """Sentence vectors float [N, D] of token ids, which `forward` takes in their place: what lies between those of
        two texts is a text too. None where it takes token ids alone.
        """
        return None


class TranslationNetwork(Network):
    """A network that turns images into images: `forward(inputs, ...)`, with what else its `conditions` name as
    keywords: `labels` (as `class_labels`, of `num_classes` in its config), `latents`, `mask`, `style`, `strength`.

    Its config has `image_size`, `image_channels` and `input_channels`; with latents also `latent_dim`. scale: the size
    of its outputs over that of its inputs. size_multiple: the sides of its inputs are multiples of this; 0 where they
    must be `image_size`. halo: how many pixels around a tile of the input its output depends on; None where it depends
    on all of the image.
    """

    scale: int = 1
    size_multiple: int = 1
    halo: int | None = None
    style_shape: None = None  # of what a call may give in place of latents: nothing

    @property
    def conditions(self) -> tuple[str, ...]:
        return ("inputs",)

    def sample_latents(self, num_images: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Sample float [num_images, latent_dim] from N(0, 1), for a network with `latents` among its conditions."""
        device = self.device if generator is None else generator.device
        return torch.randn(num_images, self.config.latent_dim, generator=generator, device=device)

    def sample_noise(self, num_images: int, generator: torch.Generator | None = None) -> None:
        """None: there is no noise beside the latents."""


def defined(name: str) -> type[Network] | None:
    """The network class called `name`, among those that were imported; None where there is none.

    A file that is run again replaces its classes. Raises `ValueError` where two files define one of this name.
    """
    check_names(name)
    return next((each for each in reversed(_networks()) if each.__name__ == name), None)


def check_names(name: str) -> None:
    """Raise `ValueError` where two files define a network called `name`."""
    files = sorted({each.defined_in for each in _networks() if each.__name__ == name})
    if len(files) > 1:
        raise ValueError(
            f"two networks are called {name}, in {files[0]} and in {files[1]}; rename one, for saved models are found "
            "by the name"
        )


def networks_in(file: Path) -> list[str]:
    """The names of the networks that a file defines, once it was run."""
    return sorted({each.__name__ for each in _networks() if each.defined_in == str(file.resolve())})


def _networks() -> list[type[Network]]:
    """All network classes, each before those that are derived from it and those that were defined later."""
    found: list[type[Network]] = []
    classes = Network.__subclasses__()
    while classes:
        found += classes
        classes = [each for parent in classes for each in parent.__subclasses__()]
    return found


def refuse_labels(class_labels: torch.Tensor | None) -> None:
    """Raise `ValueError` when an unconditional network is given class labels."""
    if class_labels is not None:
        raise ValueError(
            "class_labels were given, but this network is unconditional; leave them out or use a conditional family"
        )


def check_labels(num_classes: int, class_labels: torch.Tensor | None) -> None:
    """Raise `ValueError` when a network is given class labels and has no classes, or the other way round."""
    if not num_classes:
        refuse_labels(class_labels)
    elif class_labels is None:
        raise ValueError(f"this network is conditional; give class_labels, int64 [N] from 0 to {num_classes - 1}")
