# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Restore a photo
#
# DnCNN learns to remove noise from one photograph and is tried on another. Three to four minutes on two CPU
# cores; the two photographs come with scikit-learn (danielbuechele, vultilion; CC BY 2.0). One photograph and minutes
# are enough to see how it is done, not for a good restorer: that takes thousands of photographs.

# %%
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_image

for split, name in (("train", "china"), ("test", "flower")):
    photo = Image.fromarray(load_sample_image(f"{name}.jpg"))
    folder = Path("photos", split)
    folder.mkdir(parents=True, exist_ok=True)
    for top in range(0, photo.height - 63, 44):
        for left in range(0, photo.width - 63, 44):
            photo.crop((left, top, left + 64, top + 64)).save(folder / f"{name}-{top:03}-{left:03}.png")
    print(split, len(list(folder.iterdir())), "images of 64 pixels")

# %% [markdown]
# ## Train
#
# The inputs are made from the targets: `inputs=` is a chain of degradations, here noise of standard deviation 30 (of
# 255). Training sees fresh noise at every step, held-out images always the same.

# %%
import hf_genimg

pipe = hf_genimg.train(
    "dncnn",
    "runs/denoise",
    data="photos",
    inputs="noise:30",
    image_size=32,
    random_crop=True,
    flip=True,
    images=10_000,
    sample_images=10_000,
    snapshot_images=10_000,
    progress=False,
)

# %% [markdown]
# ## Score
#
# On the photograph that it has not seen. The first line is the noisy input itself, which is the least that a restorer
# must beat.

# %%
from hf_genimg.data import parse_degradation
from hf_genimg.evaluation.paired import evaluate_paired

noise = parse_degradation("noise:30")
for folder in ("noisy", "clean"):
    Path(folder).mkdir(exist_ok=True)
for number, file in enumerate(sorted(Path("photos/test").iterdir())):
    clean = Image.open(file)
    clean.save(Path("clean", file.name))
    Image.fromarray(noise(np.asarray(clean), number)).save(Path("noisy", file.name))
for name, source, reference in (("input", "noisy", "clean"), ("restored", "runs/denoise", "photos@test")):
    scores = evaluate_paired(source, reference, metrics=["psnr", "ssim"], progress=False).scores
    print(f"{name}:", ", ".join(f"{metric} {score.value:.3g}" for metric, score in scores.items()))

# %% [markdown]
# ## Look
#
# Noisy, restored, original.

# %%
from hf_genimg.pipelines.images import grid

names = [file.name for file in sorted(Path("clean").iterdir())][20:26]
noisy = [Image.open(Path("noisy", name)) for name in names]
restored = pipe(noisy).images
grid([*noisy, *restored, *(Image.open(Path("clean", name)) for name in names)], columns=len(names))
