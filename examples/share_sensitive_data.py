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
#
# ## 1. Settle the budget before training
#
# Epsilon bounds what can be concluded of any one image. It follows from the number of images, the batch size, the
# length of the run and the noise, so it is known before the run. Each run on the same data spends more: choose
# settings on other data.

# %%
import hf_genimg
from hf_genimg.recipes import recipe_class
from hf_genimg.training.plan import plan

# %%
PRIVATE = {"width": 100, "latent_dim": 8, "batch_size": 150, "micro_batch_size": 50, "dp_delta": 1e-4}
for noise in (1.0, 2.0, 4.0):
    recipe = recipe_class("mlp_vae")(dp_noise=noise, images=60_000, **PRIVATE)
    print(f"dp_noise={noise}: {str(plan(recipe, progress=False)).rpartition('; ')[2]}")

# %% [markdown]
# ## 2. Train

# %%
runs = {
    "not private": hf_genimg.train("mlp_vae", "plain", images=200_000, snapshot_images=200_000, progress=False),
    "private": hf_genimg.train(
        "mlp_vae", "private", dp_noise=2.0, images=60_000, snapshot_images=60_000, **PRIVATE, progress=False
    ),
}

# %%
from PIL import Image

for name, pipe in runs.items():
    pipe.save_grid(f"{name}.png", num_images=32, seed=0, columns=16, overwrite=True)
both = [Image.open(f"{name}.png") for name in runs]
sheet = Image.new("L", (both[0].width, 2 * both[0].height + 8), 255)
sheet.paste(both[0], (0, 0))
sheet.paste(both[1], (0, both[0].height + 8))
sheet  # above without privacy, below with it: what the noise costs is there to be seen

# %% [markdown]
# ## 3. Audit
#
# Are samples copies of training images? Can somebody tell from the model which images it was trained on? An area (AUC)
# of 0.5 is guessing; `membership_auc_of_data` is the same guess without a model. An audit finds what it looks for, and
# only epsilon is a bound: audit both kinds of models.

# %%
for run in ("plain", "private"):
    report = hf_genimg.evaluate(run, "digits", metrics=["fid", "memorization", "membership"], num=500, progress=False)
    report.save(f"{run}/scores.json")
    print(run)
    for metric, score in report.scores.items():
        interval = "" if score.low is None else f" ({score.low:.3g} to {score.high:.3g})"
        print(f"    {metric}: {score.value:.3g}{interval}")

# %% [markdown]
# ## 4. The card
#
# It is written from the files of the run. `hf-genimg push private OWNER/NAME` uploads it with the model, and nothing of
# `state/`, which holds the secret of the noise.

# %%
from hf_genimg.hub.card import write_card

card = write_card("private").read_text()
start = card.index("Trained by DP-SGD")
print(card[start : start + 1500])
