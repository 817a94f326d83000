"""How fast training and sampling are, as ratios to plain PyTorch in the same process.

    python benchmarks/speed.py [--keep-freed-memory] [dcgan_fp32|dcgan_bf16|vae|vae_tensors|pipeline_256|pipeline_1 ...]

Each case times ours and the plain version alternately on the same networks, batches and threads, and reports the
quartiles of the ratio plain / ours (above 1: ours is faster; for the pipeline, ours / bare is the overhead and is
reported as such). Both sides have the allocator as glibc sets it up; with `--keep-freed-memory` both keep large freed
blocks, which helps the plain loops more.

dcgan: a DCGAN at 64 pixels, width 64, colour, batch 64, on random images in memory. Plain is the loop of PyTorch's
DCGAN example, written
anew: contiguous tensors, BCE on a sigmoid, Adam, the fakes of the discriminator's step used again for the generator's,
three `.item()` a step. Both make `STEPS` training steps. In fp32 the first losses of both, from equal weights, images
and latents, must be equal to 1e-4.
vae: an epoch of 60,000 images, the built-in digits at 28 pixels forty times, through the MLP VAE 784-400-20, batch 128.
Plain is PyTorch's VAE example, written anew: a DataLoader over a dataset that turns each image into a PIL picture and
that into a tensor, as torchvision's MNIST does, BCE on a sigmoid, Adam, `.item()` a step. vae_tensors: the same with a
DataLoader over tensors that were made before.
pipeline: a call for 256 images at 64 pixels in batches of 64, or for one, against the bare forward and the conversion
to PIL that it needs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from _measure import alternate, write
from PIL import Image
from torch import nn

import hf_genimg
from hf_genimg.recipes import recipe_class
from hf_genimg.training.device import keep_freed_memory, make_accelerator
from hf_genimg.training.state import Run

STEPS = 6
BATCH = 64
KEEP = "--keep-freed-memory"


class Memory:
    """Random images, as uint8 rows in memory."""

    fingerprint = "random"

    def __init__(self, count: int, channels: int, size: int) -> None:
        self.rows = torch.randint(
            0, 256, (count, size, size, channels), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
        )
        self.data = hf_genimg.ImageDataset(self.rows.numpy(), None, None, "random", "train", "random")
        self.image_channels, self.batch = channels, self.data.batch
        self.sides, self.conditions, self.class_names = {"images": count}, (), None

    def __len__(self) -> int:
        return len(self.rows)


def our_run(name: str, dataset: Any, **fields: Any) -> Run:
    """A run without a folder."""
    recipe = recipe_class(name)().override(**fields).fitted(dataset)
    return Run(recipe, SimpleNamespace(pipeline=Path("nowhere")), dataset, make_accelerator(recipe.mixed_precision))


def plain_dcgan_step(
    generator: nn.Module, discriminator: nn.Module, real: torch.Tensor, latents: torch.Tensor, optimizers: Any
) -> list[float]:
    """One step of each player, as in PyTorch's DCGAN example; returns the losses (real, fake, adversarial)."""
    of_generator, of_discriminator = optimizers
    discriminator.zero_grad()
    on_real = torch.sigmoid(discriminator(real))
    loss_real = F.binary_cross_entropy(on_real, torch.full_like(on_real, 1.0))
    loss_real.backward()
    fake = generator(latents)
    on_fake = torch.sigmoid(discriminator(fake.detach()))
    loss_fake = F.binary_cross_entropy(on_fake, torch.full_like(on_fake, 0.0))
    loss_fake.backward()
    of_discriminator.step()
    generator.zero_grad()
    on_fake = torch.sigmoid(discriminator(fake))
    loss_fool = F.binary_cross_entropy(on_fake, torch.full_like(on_fake, 1.0))
    loss_fool.backward()
    of_generator.step()
    return [loss_real.item(), loss_fake.item(), loss_fool.item()]


def dcgan(precision: str) -> dict[str, float]:
    """Training steps of our loop against the plain one."""
    dataset = Memory(1024, 3, 64)
    fields = {"image_size": 64, "width": 64, "batch_size": BATCH, "mixed_precision": precision}
    run = our_run("dcgan", dataset, **fields)
    size = {"image_size": 64, "width": 64, "image_channels": 3}
    generator, discriminator = hf_genimg.DCGANGenerator(**size).train(), hf_genimg.DCGANDiscriminator(**size).train()
    generator.load_state_dict(run.networks["generator"].state_dict())
    discriminator.load_state_dict(run.networks["discriminator"].state_dict())
    optimizers = [torch.optim.Adam(network.parameters(), 2e-4, (0.5, 0.999)) for network in (generator, discriminator)]
    indices = run.streams["discriminator", "images"].indices(0, BATCH)
    with sampled(run) as latents:
        run.training_step()
    real = dataset.batch(indices)["images"]
    first = plain_dcgan_step(generator, discriminator, real, latents[0], optimizers)
    ours = [run.meter.sums[f"{player}/{term}"].item() for player, term in FIRST]
    print(f"  first losses: ours {ours}, plain {first}", file=sys.stderr)
    if precision == "no" and max(abs(a - b) for a, b in zip(ours, first, strict=True)) > 1e-4:
        raise SystemExit("the losses differ: the two loops do not do the same")
    images = dataset.batch(torch.arange(1024))["images"].split(BATCH)

    def plain() -> None:
        for number in range(STEPS):
            plain_dcgan_step(generator, discriminator, images[number], torch.randn(BATCH, 100), optimizers)

    measured = alternate(lambda: [run.training_step() for _ in range(STEPS)], plain, pairs=7)
    return {**measured, "our_images_per_second": round(STEPS * BATCH / measured["ours_seconds"], 1)}


FIRST = (("discriminator", "real"), ("discriminator", "fake"), ("generator", "adversarial"))


@contextmanager
def sampled(run: Run) -> Iterator[list[torch.Tensor]]:
    """The latents that the generator of `run` samples meanwhile."""
    generator, seen = run.networks["generator"], []
    plain = generator.sample_latents
    generator.sample_latents = lambda *arguments: seen.append(plain(*arguments)) or seen[-1]
    try:
        yield seen
    finally:
        del generator.sample_latents


class Pictures(torch.utils.data.Dataset):
    """Rows of grey levels, each made a PIL picture and then a tensor when it is asked for, as torchvision's MNIST and
    ToTensor do.
    """

    def __init__(self, levels: np.ndarray) -> None:
        self.levels = levels

    def __len__(self) -> int:
        return len(self.levels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor]:
        picture = Image.fromarray(self.levels[index])
        return (torch.from_numpy(np.array(picture)).unsqueeze(0).float().div(255),)


def vae(decoded: bool = False) -> dict[str, float]:
    """An epoch of the MLP VAE against PyTorch's example; `decoded`: which then has its tensors ready."""
    dataset = hf_genimg.open_dataset("digits", image_size=28)
    dataset = replace(dataset, images=np.tile(dataset.images, (40, 1, 1, 1)))
    run = our_run("mlp_vae", dataset, batch_size=128)
    pictures = Pictures(dataset.images[:60_000, ..., 0])
    source = torch.utils.data.TensorDataset(torch.stack([image for (image,) in pictures])) if decoded else pictures
    loader = torch.utils.data.DataLoader(source, batch_size=128, shuffle=True)
    model = nn.ModuleDict(
        {
            "a": nn.Linear(784, 400),
            "m": nn.Linear(400, 20),
            "v": nn.Linear(400, 20),
            "b": nn.Linear(20, 400),
            "c": nn.Linear(400, 784),
        }
    )
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def plain() -> None:
        for (batch,) in loader:
            optimizer.zero_grad()
            flat = batch.view(-1, 784)
            hidden = F.relu(model["a"](flat))
            mean, log_variance = model["m"](hidden), model["v"](hidden)
            latents = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
            decoded = torch.sigmoid(model["c"](F.relu(model["b"](latents))))
            divergence = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
            loss = F.binary_cross_entropy(decoded, flat, reduction="sum") + divergence
            loss.backward()
            loss.item()
            optimizer.step()

    return alternate(lambda: [run.training_step() for _ in range(60_000 // 128)], plain, pairs=5)


def pipeline(count: int) -> dict[str, float]:
    """A call against the bare forward plus the conversion to PIL images."""
    generator = hf_genimg.DCGANGenerator(image_size=64, width=64).eval()
    pipe = hf_genimg.ImageGenerationPipeline(generator=generator)
    pipe.set_progress_bar_config(disable=True)

    @torch.no_grad()
    def bare() -> list[Any]:
        made = []
        for start in range(0, count, 64):
            images = generator(torch.randn(min(64, count - start), 100))
            levels = (
                images.add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
            )
            made += [Image.fromarray(one) for one in levels]
        return made

    repeats = 1 if count > 1 else 30
    ours = alternate(
        lambda: [pipe(count, seed=0, max_batch_size=64) for _ in range(repeats)],
        lambda: [bare() for _ in range(repeats)],
        pairs=9,
    )
    return {**ours, "overhead": round(1 / ours["ratio"] - 1, 3)}


CASES: dict[str, Callable[[], dict[str, float]]] = {
    "dcgan_fp32": lambda: dcgan("no"),
    "dcgan_bf16": lambda: dcgan("bf16"),
    "vae": vae,
    "vae_tensors": lambda: vae(decoded=True),
    "pipeline_256": lambda: pipeline(256),
    "pipeline_1": lambda: pipeline(1),
}


def main(names: list[str]) -> None:
    """Measure the cases in `names` (all, if none) and write results/speed_<case>.json, or speed_<case>_kept.json."""
    kept = KEEP in names and keep_freed_memory(torch.device("cpu"))
    for name in [name for name in names if name != KEEP] or CASES:
        print(name, file=sys.stderr)
        measured = CASES[name]()
        print(
            write(f"speed_{name}{'_kept' if kept else ''}", __doc__, measured, allocator_keeps_freed_memory=kept),
            measured,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
