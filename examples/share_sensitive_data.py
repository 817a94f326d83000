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
# # Share a generator of sensitive data
#
# From training to audit to card, with the digits in the place of scans: one generator without privacy and one with
# differential privacy, what each gives away, and what the card says of it. Minutes on a CPU; needs
# `pip install 'hf_genimg[privacy]'`.

# %% [markdown]
# ## 1. Put canaries among the images
#
# A canary is an image with a random mark of its own, as nobody has in any other data. A hundred are put into the
# training set and a hundred more stay out: whoever tells the two kinds apart can only have learned it from the model.

# %%
from pathlib import Path

import numpy as np
from PIL import Image

import hf_genimg


def write(images, folder):
    """uint8 [N, 28, 28], a PNG each."""
    Path(folder).mkdir(parents=True)
    for number, image in enumerate(images):
        Image.fromarray(image).save(Path(folder, f"{number:04}.png"))


def marked(images, rng):
    """Each with a square of black and white cells at a random place."""
    found = images.copy()
    for image in found:
        top, left = rng.integers(0, 21, 2)
        image[top : top + 8, left : left + 8] = np.kron(rng.integers(0, 2, (4, 4)) * 255, np.ones((2, 2)))
    return found


def images_of(split):
    """The built-in digits, uint8 [N, 28, 28]."""
    return np.asarray(hf_genimg.open_dataset(f"digits@{split}", image_size=28, progress=False).images)[..., 0]


train, test = images_of("train"), images_of("test")
canaries = marked(train[:200], np.random.default_rng(0))
write(np.concatenate([train[200:], canaries[:100]]), "scans/train")
write(test, "scans/test")
write(canaries[:100], "canaries/train")
write(canaries[100:], "canaries/test")
Image.fromarray(np.concatenate(list(canaries[:16]), 1))

# %% [markdown]
# ## 2. Settle the budget before training
#
# Epsilon bounds what can be concluded of any one image. It follows from the number of images, the batch size, the
# length of the run and the noise, so it is known before the run. Each run on the same data spends more: choose
# settings on other data.

# %%
from hf_genimg.recipes import recipe_class
from hf_genimg.training.plan import plan

# %%
PRIVATE = {"width": 100, "latent_dim": 8, "batch_size": 150, "micro_batch_size": 50, "dp_delta": 1e-4}
for noise in (1.0, 2.0, 4.0):
    recipe = recipe_class("mlp_vae")(data="scans", dp_noise=noise, images=60_000, **PRIVATE)
    print(f"dp_noise={noise}: {str(plan(recipe, progress=False)).rpartition('; ')[2]}")

# %% [markdown]
# ## 3. Train

# %%
PLAIN = {"images": 200_000, "snapshot_images": 200_000}
PRIVATE |= {"images": 60_000, "snapshot_images": 60_000, "dp_noise": 2.0}
runs = {
    "not private": hf_genimg.train("mlp_vae", "plain", data="scans", **PLAIN, progress=False),
    "private": hf_genimg.train("mlp_vae", "private", data="scans", **PRIVATE, progress=False),
}

# %%
for name, pipe in runs.items():
    pipe.save_grid(f"{name}.png", num_images=32, seed=0, columns=16, overwrite=True)
both = [Image.open(f"{name}.png") for name in runs]
sheet = Image.new("L", (both[0].width, 2 * both[0].height + 8), 255)
sheet.paste(both[0], (0, 0))
sheet.paste(both[1], (0, both[0].height + 8))
sheet  # above without privacy, below with it: what the noise costs is there to be seen

# %% [markdown]
# ## 4. Audit
#
# Are samples copies of training images? Can somebody tell from the model which images it was trained on? An area (AUC)
# of 0.5 is guessing; `membership_auc_of_data` is the same guess without a model. Then the same guess about the
# canaries; one in twenty such intervals misses 0.5 by chance alone. An audit finds what it looks for, and only epsilon
# is a bound: audit both kinds of models.


# %%
def audit(run, reference, metrics):
    """The scores of a run, with their intervals, printed."""
    settings = {"metrics": metrics, "extractor": "digits", "num": 500, "progress": False}
    report = hf_genimg.evaluate(run, reference, **settings)
    print(f"{run} on {reference}")
    for metric, score in report.scores.items():
        interval = "" if score.low is None else f" ({score.low:.3g} to {score.high:.3g})"
        print(f"    {metric}: {score.value:.3g}{interval}")
    return report


for run in ("plain", "private"):
    audit(run, "scans", ["fid", "memorization", "membership"]).save(f"{run}/scores.json")
    audit(run, "canaries", ["membership"])

# %% [markdown]
# ## 5. The card
#
# It is written from the files of the run. `hf-genimg push private OWNER/NAME` uploads it with the model, and nothing of
# `state/`, which holds the secret of the noise.

# %%
from hf_genimg.hub.card import write_card

card = write_card("private").read_text()
for begin, end in (("Trained by DP-SGD", "##"), ("## Memorization", "## Intended use")):
    start = card.index(begin)
    print(card[start : card.index(end, start + 20)])
