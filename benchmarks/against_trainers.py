"""Training steps beside those of other packages, with networks, batches and precision alike.

    pip install --no-deps --target PEERS pythae torch-mimicry
    PYTHONPATH=PEERS python benchmarks/against_trainers.py [mimicry|mimicry_wide|pythae ...]

Both sides take turns in one process, on one thread; times are processor time, ratios theirs / ours (above 1: ours is
faster), all in float32 with glibc's allocator as it is.

mimicry: SNGAN at 32 pixels, colour, by torch-mimicry: its networks and their `train_step`s, five of the discriminator
and one of the generator at batch 32 with Adam (2e-4, 0, 0.9), against `sngan` with n_critic=5. Generator 32 channels,
discriminator 16; mimicry_wide: 64 and 32. Theirs has its real images as tensors, ours reads them from memory as bytes,
averages the generator and keeps what is logged. torch-mimicry imports TensorFlow for its scores and a module of older
versions of PyTorch for its data; empty modules stand in for these.
pythae: an epoch of 10,000 images, the built-in digits at 28 pixels seven times, through an MLP VAE 784-512-20 at batch
128 by pythae's trainer (`train_step`, its own data loader and default networks), against `mlp_vae width=512`.
"""

from __future__ import annotations

import importlib.util
import logging
import sys
import tempfile
import time
import types
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from _measure import alternate, write
from speed import Memory, our_run

import hf_genimg

BATCH, CRITIC = 32, 5


def mimicry(width: int) -> dict[str, float]:
    """SNGAN with so many quarters of the generator's channels."""
    import torch.utils.tensorboard  # which would look into an empty TensorFlow

    if importlib.util.find_spec("tensorflow") is None:
        sys.modules["tensorflow"] = types.ModuleType("tensorflow")
    sys.modules["torch._six"] = types.SimpleNamespace(PY3=True)
    from torch_mimicry.nets.sngan.sngan_32 import SNGANDiscriminator32, SNGANGenerator32
    from torch_mimicry.training.metric_log import MetricLog

    dataset = Memory(1024, 3, 32)
    fields = {"width": width, "n_critic": CRITIC, "latent_dim": 128, "batch_size": BATCH}
    run = our_run("sngan", dataset, **fields)
    generator, discriminator = SNGANGenerator32(nz=128, ngf=4 * width), SNGANDiscriminator32(ndf=2 * width)
    for ours, theirs in zip(run.networks.values(), (generator, discriminator), strict=True):
        one, other = (sum(p.numel() for p in network.parameters()) for network in (ours, theirs))
        if one != other:
            raise SystemExit(f"the networks differ: {one} parameters and {other}")
    optimizers = [torch.optim.Adam(n.parameters(), 2e-4, (0.0, 0.9)) for n in (generator, discriminator)]
    real = dataset.batch(torch.arange(CRITIC * BATCH))["images"].split(BATCH)
    labels = torch.zeros(BATCH, dtype=torch.long)

    def step() -> None:
        shared = {"log_data": MetricLog(), "device": torch.device("cpu"), "global_step": 0}
        for images in real:
            discriminator.train_step((images, labels), netG=generator, optD=optimizers[1], **shared)
        generator.train_step((real[0], labels), netD=discriminator, optG=optimizers[0], **shared)

    return alternate(run.training_step, step, pairs=7, clock=time.process_time)


def pythae() -> dict[str, float]:
    """An epoch of the MLP VAE."""
    from pythae.models import VAE, VAEConfig
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    logging.disable(logging.CRITICAL)
    dataset = hf_genimg.open_dataset("digits", image_size=28)
    dataset = replace(dataset, images=np.tile(dataset.images, (7, 1, 1, 1))[:10_000])
    run = our_run("mlp_vae", dataset, batch_size=128, width=512, latent_dim=20)
    data = dataset.batch(torch.arange(len(dataset)))["images"].add(1).div(2)
    model = VAE(VAEConfig(input_dim=(1, 28, 28), latent_dim=20, reconstruction_loss="bce"))
    one, other = (sum(p.numel() for p in network.parameters()) for network in (run.networks["autoencoder"], model))
    if one != other:
        raise SystemExit(f"the networks differ: {one} parameters and {other}")
    with tempfile.TemporaryDirectory() as folder:
        settings = BaseTrainerConfig(output_dir=folder, per_device_train_batch_size=128, learning_rate=1e-3)
        from pythae.data.datasets import BaseDataset

        trainer = BaseTrainer(model, BaseDataset(data, torch.zeros(len(data))), training_config=settings)
        trainer.callbacks = []
        trainer.prepare_training()
        steps = -(-len(dataset) // 128)
        return alternate(
            lambda: [run.training_step() for _ in range(steps)],
            lambda: trainer.train_step(1),
            pairs=7,
            clock=time.process_time,
        )


CASES: dict[str, Callable[[], Any]] = {
    "mimicry": lambda: mimicry(8),
    "mimicry_wide": lambda: mimicry(16),
    "pythae": pythae,
}


def main(names: list[str]) -> None:
    """Measure the cases in `names` (all, if none) and write results/against_<case>.json."""
    torch.set_num_threads(1)
    for name in names or CASES:
        measured = CASES[name]()
        print(write(f"against_{name}", __doc__, measured), measured)


if __name__ == "__main__":
    main(sys.argv[1:])
