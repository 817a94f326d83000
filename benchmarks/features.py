"""How fast images become Inception features and features a Fréchet distance, against torch-fidelity as it comes, and in
how much memory.

    python benchmarks/features.py [WEIGHTS.safetensors] [features|last_step|memory ...]

features: 128 images of 32 pixels, noise that is smooth, through InceptionV3 in batches of 64; ours against
torch-fidelity's own extractor, alternately in one process, with the same weights (random ones where no file is given),
threads and allocator settings. The Fréchet distance between two halves of 256 images by either's features is compared
at 64 of the 2048 features.
last_step: the distance from two means and covariances of 2048 features (8,192 random rows each) by our code and by
torch-fidelity's.
memory: how much a process that scores 50,000 images of 64 pixels by the extractor `digits` takes at most beyond one
that scores 5,000; all images at once would be 205 MB. Scored are FID, precision and recall, density and coverage
against 5,000. Results go to results/features_CASE.json: quartiles of theirs / ours, above 1 is faster.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from _measure import alternate, write
from torch import nn

import hf_genimg  # noqa: F401
from hf_genimg.evaluation.fidelity import INCEPTION, Inception, open_fidelity_extractor
from hf_genimg.evaluation.frechet import Statistics, frechet_distance, statistics

BATCH = 64


def random_weights(path: Path) -> Path:
    """Random weights of Inception, with activations that neither die nor explode."""
    import torch_fidelity.feature_extractor_inceptionv3 as theirs
    from safetensors.torch import save_file

    plain = theirs.load_state_dict_from_url, theirs.FeatureExtractorInceptionV3.load_state_dict
    theirs.load_state_dict_from_url = lambda *_, **__: {}
    theirs.FeatureExtractorInceptionV3.load_state_dict = lambda *_: None
    torch.manual_seed(0)
    network = theirs.FeatureExtractorInceptionV3(INCEPTION, ["2048"])
    theirs.load_state_dict_from_url, theirs.FeatureExtractorInceptionV3.load_state_dict = plain
    for module in network.modules():
        if isinstance(module, theirs.BasicConv2d):
            nn.init.kaiming_normal_(module.conv.weight)
            module.bn.running_var.uniform_(0.5, 2)
            module.bn.running_mean.normal_(0, 0.3)
    save_file(network.state_dict(), path)
    return path


def stock(weights: Path, folder: Path) -> nn.Module:
    """torch-fidelity's extractor, made by torch-fidelity."""
    from safetensors.torch import load_file
    from torch_fidelity.utils import create_feature_extractor

    torch.save(load_file(weights), folder / "weights.pth")
    path = {"feature_extractor_weights_path": str(folder / "weights.pth")}
    return create_feature_extractor(INCEPTION, ["2048", "logits_unbiased"], cuda=False, verbose=False, **path)


def smooth_images(count: int) -> torch.Tensor:
    """uint8 [count, 32, 32, 3]."""
    coarse = torch.rand(count, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    return F.interpolate(coarse, (32, 32), mode="bicubic").clamp(0, 1).mul(255).byte().permute(0, 2, 3, 1).contiguous()


@torch.no_grad()
def features(ours: Inception, theirs: nn.Module) -> dict[str, float]:
    """The rate of both, and how far their distances are apart."""
    pixels = smooth_images(256)
    own = [ours(part)[0] for part in pixels.split(BATCH)]
    other = [theirs(part.permute(0, 3, 1, 2))[0] for part in pixels.split(BATCH)]
    distances = []
    for table in (own, other):
        rows = torch.cat(table)[:, :64].numpy()
        distances.append(frechet_distance(statistics(rows[:128]), statistics(rows[128:])))
    few = pixels[:128].split(BATCH)
    measured = alternate(
        lambda: [ours(part) for part in few], lambda: [theirs(part.permute(0, 3, 1, 2)) for part in few], pairs=3
    )
    return {
        **measured,
        "distance_relative_error": abs(distances[0] / distances[1] - 1),
        "our_images_per_second": 128 / measured["ours_seconds"],
    }


def last_step() -> dict[str, Any]:
    """The distance from statistics at 2048 features."""
    from torch_fidelity.metric_fid import fid_statistics_to_metric

    rng = np.random.default_rng(0)
    mixing = rng.normal(0, 1 / 45, (2048, 2048))
    sides = [statistics(rng.normal(0, 1, (8192, 2048)) @ mixing + shift) for shift in (0, 0.1)]
    values = {}

    def theirs() -> None:
        found = fid_statistics_to_metric(
            *({"mu": side.mean, "sigma": side.covariance} for side in sides), verbose=False
        )
        values["theirs"] = found["frechet_inception_distance"]

    def ours() -> None:
        values["ours"] = frechet_distance(
            *map(Statistics, *zip(*((side.mean, side.covariance) for side in sides), strict=True))
        )

    measured = alternate(ours, theirs, pairs=3)
    return {**measured, "relative_error": abs(values["ours"] / values["theirs"] - 1)}


SCORED = """
import resource, sys, torch
import hf_genimg
from hf_genimg.evaluation.extractors import open_extractor
from hf_genimg.evaluation.features import extract
from hf_genimg.evaluation.metrics import Tables, measure

class Noise:
    def __init__(self, count): self.count = count
    def __len__(self): return self.count
    def batch(self, start, stop):
        generator = torch.Generator().manual_seed(start)
        return torch.randint(0, 256, (stop - start, 64, 64, 1), dtype=torch.uint8, generator=generator)

extractor = open_extractor("digits")
fake, real = (extract(Noise(count), extractor, "", progress=False) for count in (int(sys.argv[1]), 5000))
measure(Tables(fake, real), ["fid", "precision", "density"])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6)
"""


def memory() -> dict[str, float]:
    """Peak megabytes of processes that score few and many images."""
    peaks = {}
    for count in (5_000, 50_000):
        done = subprocess.run([sys.executable, "-c", SCORED, str(count)], capture_output=True, text=True, check=True)
        peaks[f"peak_megabytes_{count}"] = round(float(done.stdout.split()[-1]), 1)
    return {
        **peaks,
        "growth_megabytes": round(peaks["peak_megabytes_50000"] - peaks["peak_megabytes_5000"], 1),
        "all_images_megabytes": 204.8,
    }


def main(arguments: list[str]) -> None:
    """Measure what is named, all when nothing is, and write results/features_CASE.json."""
    weights = next((Path(argument) for argument in arguments if argument.endswith(".safetensors")), None)
    names = [argument for argument in arguments if not argument.endswith(".safetensors")] or [
        "features",
        "last_step",
        "memory",
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for case in names:
            if case == "features":
                file = weights or random_weights(folder / "random.safetensors")
                found = features(open_fidelity_extractor(INCEPTION, file), stock(file, folder))
            else:
                found = {"last_step": last_step, "memory": memory}[case]()
            print(write(f"features_{case}", __doc__, found, allocator_keeps_freed_memory=False), found)


if __name__ == "__main__":
    main(sys.argv[1:])
