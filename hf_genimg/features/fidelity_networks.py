"""Feature networks of torch-fidelity, made differentiable: its InceptionV3, and the image half of CLIP."""

from __future__ import annotations

import tempfile
from pathlib import Path
from urllib.error import URLError

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch_fidelity.feature_extractor_clip import MODEL_METADATA, build_model
from torch_fidelity.feature_extractor_inceptionv3 import BasicConv2d, FeatureExtractorInceptionV3

from .files import file_sha256, kept_by_torch, read_state_dict
from .network import FeatureNetwork
from .tensorflow_resizing import resized

INCEPTION = "inception-v3-compat"
INCEPTION_SHA256 = "6726825d"  # of the published weights: the first digits, as its file name has them
INCEPTION_STAGES = (
    *("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "MaxPool_1", "Conv2d_3b_1x1", "Conv2d_4a_3x3", "MaxPool_2"),
    *("Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"),
    *("Mixed_7a", "Mixed_7b", "Mixed_7c"),
)
INCEPTION_TAPS = ("MaxPool_1", "MaxPool_2", "Mixed_5d", "Mixed_6e", "Mixed_7c")
INCEPTION_SIZE, INCEPTION_SMALLEST = 299, 75  # pixels a side
CLIP_NAMES = tuple(MODEL_METADATA)
CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def has_inception() -> bool:
    """Whether torch-fidelity has downloaded Inception's weights before."""
    return _kept_inception() is not None


def load_inception(weights: str | Path | None = None, resolution: int | None = None) -> InceptionV3:
    """torch-fidelity's InceptionV3 with the weights of a file, or those that it keeps or downloads itself.

    Raises `ValueError` for a file that is neither the published one nor safetensors, or does not fit, and where neither
    file nor network is there.
    """
    if weights is None:
        network, kept = _inception(None), _kept_inception()
        sha256 = "as downloaded by torch-fidelity" if kept is None else file_sha256(kept)
        return InceptionV3(network, sha256, resolution)
    path, sha256 = Path(weights), file_sha256(weights)
    if path.suffix != ".safetensors" and not sha256.startswith(INCEPTION_SHA256):
        raise ValueError(
            f"extractor weights {path} have the sha256 {sha256[:16]}..., and the published ones of {INCEPTION} begin "
            f"with {INCEPTION_SHA256}; download them again, or give a .safetensors file"
        )
    with tempfile.TemporaryDirectory() as folder:  # torch-fidelity unpickles its file: it gets one that we wrote
        safe = Path(folder) / "weights.pth"
        torch.save(read_state_dict(path), safe)
        return InceptionV3(_inception(safe), sha256, resolution)


def _inception(weights: Path | None) -> nn.Module:
    path = None if weights is None else str(weights)
    try:
        return FeatureExtractorInceptionV3(INCEPTION, ["2048"], path, verbose=False)
    except (URLError, OSError) as error:
        raise ValueError(
            f"the weights of {INCEPTION} are not on this machine and cannot be downloaded ({error}); give "
            "their file, or use efficientnet-lite0, digits or a classifier of your own"
        ) from error
    except RuntimeError as error:
        raise ValueError(
            f"the extractor weights do not fit {INCEPTION}: {' '.join(str(error).split())[:200]}"
        ) from error


def _kept_inception() -> Path | None:
    return kept_by_torch(f"weights-inception*{INCEPTION_SHA256}.pth")


class InceptionV3(FeatureNetwork):
    """torch-fidelity's InceptionV3, whose vector, the mean of the last feature map over positions, is the FID's.

    Its taps are `MaxPool_1`, `MaxPool_2`, `Mixed_5d`, `Mixed_6e` and `Mixed_7c` (64, 192, 288, 768, 2,048 channels).

    Batch norms are folded into the convolutions, and maps are channels last, which is faster; in float32 the FID is
    torch-fidelity's to 1e-5.

    Args:
        network: as torch-fidelity makes it; it is taken apart.
        sha256: of its weights.
        resolution: pixels a side that images are resized to, from 75; None: 299.
    """

    layer = "2048"
    resizing = "bilinear to 299 as TensorFlow 1 does, without antialiasing"

    def __init__(self, network: nn.Module, sha256: str, resolution: int | None = None) -> None:
        for module in network.modules():
            if isinstance(module, BasicConv2d):
                module.conv, module.bn = fuse_conv_bn_eval(module.conv, module.bn), nn.Identity()
        network.to(memory_format=torch.channels_last)
        stages = {stage: getattr(network, stage) for stage in INCEPTION_STAGES}
        size = INCEPTION_SIZE if resolution is None else resolution
        super().__init__(INCEPTION, sha256, stages, INCEPTION_TAPS, 2048, size, smallest=INCEPTION_SMALLEST)
        self.pool, self.classifier = network.AvgPool, network.fc.requires_grad_(False)

    def prepare(self, images: torch.Tensor) -> torch.Tensor:
        """Resized as TensorFlow 1 does, in [0, 255], then normalized."""
        return self.prepare_levels(self.with_channels(images) * 127.5 + 127.5)

    def prepare_levels(self, levels: torch.Tensor) -> torch.Tensor:
        """As `prepare`, of grey levels: float [N, 3, H, W] in [0, 255]."""
        levels = levels if self.resolution is None else resized(levels, self.resolution)
        return ((levels - 128) / 128).contiguous(memory_format=torch.channels_last)

    def pooled(self, prepared: torch.Tensor) -> torch.Tensor:
        """As `vector`, of images that `prepare` has resized and normalized."""
        return self.pool(self.feature_maps(prepared, INCEPTION_TAPS[-1:])[INCEPTION_TAPS[-1]]).flatten(1)

    def classify(self, features: torch.Tensor) -> torch.Tensor:
        """features: float [N, 2048]. Returns torch-fidelity's `logits_unbiased`, float [N, 1008]."""
        return features @ self.classifier.weight.T


def load_clip(name: str, weights: str | Path | None = None, resolution: int | None = None) -> CLIP:
    """The image half of a CLIP (arXiv:2103.00020), from a file with the tensors of OpenAI's state dict.

    The published files are TorchScript, which is code; `torch.jit.load(FILE).state_dict()` saved as safetensors is not.

    Raises `ValueError` where there is no file, it does not fit, or another resolution is asked for than it has.
    """
    if weights is None:
        raise ValueError(f"{name} needs its weights as a file: the tensors of OpenAI's model, saved as safetensors")
    try:
        visual = build_model(read_state_dict(weights), torch.float32).visual
    except (KeyError, RuntimeError, AssertionError, ZeroDivisionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"the extractor weights {weights} do not fit {name}: {reason}") from error
    if resolution not in (None, visual.input_resolution):
        raise ValueError(f"resolution={resolution} is not that of {name}; leave it out for {visual.input_resolution}")
    return CLIP(name, visual, file_sha256(weights))


class CLIP(FeatureNetwork):
    """The image half of a CLIP: its tap `image_embedding`, float [N, D, 1, 1], is its vector too.

    Args:
        name: of the model, such as `clip-vit-b-32`.
        visual: torch-fidelity's module.
        sha256: of its weights.
    """

    layer = "clip"
    resizing = "bilinear as TensorFlow 1 does, without antialiasing"

    def __init__(self, name: str, visual: nn.Module, sha256: str) -> None:
        stages = {"visual": visual, "image_embedding": nn.Unflatten(1, (-1, 1, 1))}
        super().__init__(name, sha256, stages, ["image_embedding"], visual.output_dim, visual.input_resolution)
        for key, values in (("mean", CLIP_MEAN), ("std", CLIP_STD)):
            self.register_buffer(key, torch.tensor(values).view(1, 3, 1, 1), persistent=False)

    def resize(self, images: torch.Tensor) -> torch.Tensor:
        """As TensorFlow 1 does, for torch-fidelity does so."""
        return resized(images, self.resolution)

    def normalize(self, images: torch.Tensor) -> torch.Tensor:
        """CLIP's own mean and standard deviation, of images in [0, 1]."""
        return (images * 0.5 + 0.5 - self.mean) / self.std
