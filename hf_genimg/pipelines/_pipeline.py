"""What every pipeline is: called `hf_genimg.<Class>` wherever its file lies, strict when it loads, able to say what it
is.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from itertools import chain
from typing import Any, ClassVar

import torch
from diffusers import DiffusionPipeline, ModelMixin
from PIL import Image
from torch import nn

from ..written import Written
from .capabilities import Capabilities
from .images import Images, convert, join, to_pil, to_uint8
from .kinds import LIBRARY, Kind, check_index, check_kind, read_index
from .provenance import (
    REVISION_DIGITS,
    cached_origin,
    folder_name,
    hub_origin,
    text_entries,
    weights_sha256,
    writes,
)
from .watermark import DEFAULT_KEY, check_watermark, mark

# ModelMixin.to warns of the modules that must stay in float32 even where there are none, as in every network of ours.
logging.getLogger("diffusers.models.modeling_utils").addFilter(
    lambda record: "kept in float32: []" not in record.getMessage()
)


class Pipeline(DiffusionPipeline):
    """A diffusers pipeline around networks that make images. A subclass has the properties `network` and
    `capabilities`.

    kinds: of what kind each component must be. model_cpu_offload_seq: diffusers' own, in which order networks run.
    """

    kinds: ClassVar[Mapping[str, Kind]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.__module__ = "hf_genimg"

    @property
    def network(self) -> ModelMixin:
        """The component that makes the images."""
        raise NotImplementedError

    @property
    def networks(self) -> dict[str, ModelMixin]:
        """All components that make images, by name: those that `revision` covers."""
        return {next(name for name, part in self.components.items() if part is self.network): self.network}

    @property
    def capabilities(self) -> Capabilities:
        """What this pipeline can do."""
        raise NotImplementedError

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: str | os.PathLike[str], **kwargs: Any) -> Pipeline:
        """As in diffusers, but a checkpoint that has no safetensors is an error: pickles are never read."""
        if kwargs.get("use_safetensors") is False:
            raise ValueError(
                "use_safetensors=False would read a pickle, which can run code; hf_genimg reads safetensors only"
            )
        return super().from_pretrained(str(pretrained_model_name_or_path), **{**kwargs, "use_safetensors": True})

    @classmethod
    def _dict_from_json_file(cls, json_file: str | os.PathLike[str]) -> dict[str, Any]:
        """As in diffusers, which reads `model_index.json` with it; `ValueError` in one line where that is damaged."""
        origin = cached_origin(json_file)
        return read_index(json_file, f"{origin[0]}/{cls.config_name}" if origin else str(json_file))

    @classmethod
    def extract_init_dict(cls, config_dict: Any, **kwargs: Any) -> Any:
        """As in diffusers, which asks for it before it loads any component; here these are checked first.

        Raises `ValueError` for components that are not of the kinds that this pipeline has.
        """
        with suppress(ModuleNotFoundError):  # a repository that loads without us: its components are files of its own
            check_index(config_dict, cls.kinds, cls._optional_components, import_module(LIBRARY))
        return super().extract_init_dict(config_dict, **kwargs)

    def save_pretrained(
        self, save_directory: str | os.PathLike[str], safe_serialization: bool = True, *args: Any, **kwargs: Any
    ) -> None:
        """As in diffusers, but never as a pickle."""
        if not safe_serialization:
            raise ValueError(
                "safe_serialization=False would write a pickle, which nobody should load; "
                "hf_genimg writes safetensors only"
            )
        pushed = {
            name: kwargs.pop(name)
            for name in ("repo_id", "commit_message", "private", "token", "create_pr")
            if name in kwargs
        }
        to_hub = kwargs.pop("push_to_hub", False)
        super().save_pretrained(save_directory, True, *args, **kwargs)
        if to_hub:
            name = os.path.basename(os.path.abspath(save_directory))
            self.push_to_hub(pushed.pop("repo_id", name), variant=kwargs.get("variant"), **pushed)

    def push_to_hub(
        self,
        repo_id: str,
        commit_message: str | None = None,
        private: bool | None = None,
        token: str | None = None,
        create_pr: bool = False,
        safe_serialization: bool = True,
        variant: str | None = None,
        subfolder: str | None = None,
    ) -> str:
        """Push this pipeline with its card and the files that load without hf_genimg, in one commit; returns the
        repository's address.

        Arguments are those of diffusers. A run directory is pushed with recipe, scores and samples by `hf-genimg push`.
        Raises `ValueError` and `OSError` in one line each, as `hf_genimg.push`.
        """
        if not safe_serialization or subfolder is not None:
            raise ValueError(
                "it is pushed as safetensors, to the root of its repository; leave out safe_serialization and subfolder"
            )
        push = import_module("hf_genimg").push  # by its public name: what pushes lies in a layer above
        settings = {
            "private": bool(private),
            "token": token,
            "commit_message": commit_message,
            "create_pr": create_pr,
            "variant": variant,
        }
        return push(self, repo_id, **settings).url

    def to(self, *args: Any, **kwargs: Any) -> Pipeline:
        """As in diffusers, without its warning that float16 fails on a CPU: our networks run."""
        return super().to(*args, **{"silence_dtype_warnings": True, **kwargs})

    def to_json_string(self) -> str:
        """`model_index.json` without the path that the pipeline was loaded from, which diffusers would publish, and
        without the components that it does not have.
        """
        config = json.loads(super().to_json_string())
        config = {name: value for name, value in config.items() if value != [None, None]}
        config.pop("_name_or_path", None)
        if config.get("watermark_key") is None:
            config.pop("watermark_key", None)
        return json.dumps(config, indent=2, sort_keys=True) + "\n"

    def register_modules(self, **kwargs: Any) -> None:
        """As in diffusers; also notes how often the weights were written to until now.

        Raises `ValueError` for a component that is not of the kind that this pipeline has.
        """
        for name, kind in self.kinds.items():
            if isinstance(kwargs.get(name), nn.Module):
                check_kind(name, type(kwargs[name]), kind)
        super().register_modules(**kwargs)
        self.__dict__["_writes"] = self._writes_now()

    def set_watermark(self, key: str | None = DEFAULT_KEY) -> None:
        """Mark, from now on and wherever this pipeline is saved and loaded, every image that it gives as `pil` or
        `uint8`.

        key: any text; with the default one `hf-genimg verify` finds the mark without the key being named. It lies in
        `model_index.json` as `watermark_key`, so it is no secret of a published model. None: no mark, as is the
        default. Raises `ValueError` for an empty key, and for images below 64 pixels, which do not hold the
        mark, or with transparency.
        """
        if key is not None:
            check_watermark(key, self.capabilities.image_size)
            if self.capabilities.image_channels == 4:
                raise ValueError("a watermark needs images without transparency; leave watermark_key out")
        self.register_to_config(watermark_key=key)

    @property
    def model_name(self) -> str:
        """The Hub id, or the name of the run or folder that it was loaded from; `unsaved` where it was not loaded."""
        origin = self._hub_origin()
        return origin[0] if origin else folder_name(self.name_or_path)

    @property
    def revision(self) -> str:
        """Names exactly the weights that make the images.

        The commit, for a pipeline that was loaded from the Hub and not trained since; else the first 12 digits of the
        sha256 of the network's safetensors file, computed when it is first asked for and again only after the weights
        have changed. Where several networks make the images: of the lines `<sha256>  <name>` of all of them, sorted by
        name.
        """
        origin = self._hub_origin()
        if origin:
            return origin[1]
        tensors = ([*network.parameters(), *network.buffers()] for network in self.networks.values())
        state = Written(chain.from_iterable(tensors))
        known_state, revision = self.__dict__.get("_known_revision", (None, ""))
        if known_state != state:
            revision = self._sha256()[:REVISION_DIGITS]
            self.__dict__["_known_revision"] = (state, revision)
        return revision

    def _sha256(self) -> str:
        hashes = {name: weights_sha256(network) for name, network in self.networks.items()}
        if len(hashes) == 1:
            return next(iter(hashes.values()))
        return hashlib.sha256("".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes)).encode()).hexdigest()

    def provenance(self, **settings: Any) -> dict[str, Any]:
        """What is written into images: model, revision, pipeline and network, and those `settings` (JSON values) that
        are not None.
        """
        networks = {name: type(network).__name__ for name, network in self.networks.items()}
        return {
            "model": self.model_name,
            "revision": self.revision,
            "pipeline": type(self).__name__,
            "network": type(self.network).__name__,
            **({"networks": networks} if len(networks) > 1 else {}),
            **{name: value for name, value in settings.items() if value is not None},
        }

    def _hub_origin(self) -> tuple[str, str] | None:
        if self._writes_now() != self.__dict__["_writes"]:
            return None  # trained since
        networks = self.networks.values()
        origins = {hub_origin(self.name_or_path, network.config.get("_name_or_path")) for network in networks}
        return origins.pop() if len(origins) == 1 else None

    def _writes_now(self) -> int:
        return sum(writes(network) for network in self.networks.values())

    def _in_batches(self, part: Any, count: int, size: int) -> Images:
        """Join `part(start)` for each batch of `size`, in eval mode and without gradients; a bar shows where there are
        several.
        """
        starts = range(0, count, size)
        with self._running():
            return join([part(start) for start in (self.progress_bar(starts) if len(starts) > 1 else starts)])

    @contextmanager
    def _running(self, network: ModelMixin | None = None) -> Iterator[None]:
        """Without gradients, all networks in eval mode, and `network` on its device where it was offloaded."""
        network = self.network if network is None else network
        with torch.no_grad(), ExitStack() as modes:
            for each in self.networks.values():
                modes.enter_context(evaluating(each))
            hook = getattr(network, "_hf_hook", None)  # accelerate's, which runs before `forward` only
            if hook is not None:
                hook.pre_forward(network)
            yield
        self.maybe_free_model_hooks()

    def _convert(self, images: torch.Tensor, output_type: str) -> Images:
        """As `convert`; grey levels get the watermark where one is set."""
        key = self.config.get("watermark_key")
        if key is None or output_type in ("np", "pt"):
            return convert(images, output_type)
        pixels = mark(to_uint8(images), key)
        return to_pil(pixels) if output_type == "pil" else pixels

    def _sign(self, images: list[Image.Image], settings: list[dict[str, Any]]) -> None:
        """Put the provenance of each image into its `info`."""
        shared = self.provenance()  # looks at all weights, so once for all images
        for image, own in zip(images, settings, strict=True):
            image.info.update(
                text_entries({**shared, **{name: value for name, value in own.items() if value is not None}})
            )


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Eval mode inside; afterwards every module is in the mode that it was found in, also where they differed."""
    training = [module for module in network.modules() if module.training]
    if training:
        network.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True
