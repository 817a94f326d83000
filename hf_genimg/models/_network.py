"""What every network of the package is: a diffusers model whose weights are safetensors and whose address is
`hf_genimg.<Class>`.
"""

from __future__ import annotations

import inspect
import json
from typing import Any, ClassVar

import torch
from diffusers import ConfigMixin, ModelMixin
from torch import nn
from torch.nn.utils import parametrize

from ..layers.latents import sample_latents
from ..layers.spectral_norm import spectral_norm

# What a config may say besides what a constructor takes. spectral_norm: as `normalise_spectrally` made it. boundary:
# the logit above which a discriminator says "real", or null where its logits only say which of two images is more real;
# 0 where nothing is said.
NOTES = ("spectral_norm", "boundary")


class Network(ModelMixin, ConfigMixin):
    """A diffusers model. Loads safetensors only; saved pipelines name it as `["hf_genimg", "<Class>"]`, wherever its
    file lies.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.__module__ = "hf_genimg"

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: Any, **kwargs: Any) -> Network:
        """As in diffusers, but a checkpoint that has no safetensors is an error: pickles are never read."""
        if kwargs.get("use_safetensors") is False:
            raise ValueError(
                "use_safetensors=False would read a pickle, which can run code; hf_genimg reads safetensors only"
            )
        return super().from_pretrained(pretrained_model_name_or_path, **{**kwargs, "use_safetensors": True})

    @classmethod
    def from_config(cls, config: Any, return_unused_kwargs: bool = False, **kwargs: Any) -> Any:
        """As in diffusers, with the `NOTES` that the config has besides."""
        notes = {
            name: config[name]
            for name in NOTES
            if name in config and name not in inspect.signature(cls.__init__).parameters
        }
        made = super().from_config(
            {name: value for name, value in config.items() if name not in notes}, return_unused_kwargs, **kwargs
        )
        network = made[0] if return_unused_kwargs else made
        if notes.get("spectral_norm"):
            network.normalise_spectrally()
        network.register_to_config(**notes)
        return made

    def normalise_spectrally(self) -> bool:
        """Put spectral norm (arXiv:1802.05957) on each linear layer, convolution and embedding that has none, and say
        so in the config.

        Returns whether there was one. Such a network is saved and loaded as any other.
        """
        kinds = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Embedding)
        plain = [
            module for module in self.modules() if isinstance(module, kinds) and not parametrize.is_parametrized(module)
        ]
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
    """A network that makes images from latent vectors: its config holds `latent_dim` and `latent_distribution`.

    mixes_labels: whether `class_labels` may also be weights, float [N, num_classes]: where a class enters as ones and
    zeros, or as a row of a table. finds_classes: whether its classes are none that data has, but were found in
    training.
    """

    mixes_labels: ClassVar[bool] = False
    finds_classes: ClassVar[bool] = False

    def sample_latents(self, num_images: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw float [num_images, latent_dim] on this network's device, or on the generator's where one is given."""
        device = self.device if generator is None else generator.device
        shape = (num_images, self.config.latent_dim)
        return sample_latents(self.config.latent_distribution, shape, generator=generator, device=device)


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
