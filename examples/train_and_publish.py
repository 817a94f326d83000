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
# # Train a model and publish it
#
# A GAN of the built-in digits, from nothing to a repository of the Hub: training, samples, scores, card. One to two
# minutes on two CPU cores. For your own images put their folder in place of `digits`.

# %%
import hf_genimg

pipe = hf_genimg.train("mlp_gan", "runs/digits", images=150_000, progress=False)

# %% [markdown]
# The same call again, also after a crash, resumes from the last checkpoint; a finished run is only loaded. Seed 7 is
# the same image whatever `num_images` is.

# %%
from PIL import Image

pipe.save_grid("grid.png", num_images=64, seed=0, overwrite=True)
Image.open("grid.png")

# %% [markdown]
# ## Scores
#
# They are saved in the run, with their protocol, and the card is written again with them.

# %%
report = hf_genimg.evaluate("runs/digits", "digits", metrics=["fid", "precision"], num=500, progress=False)
report.save("runs/digits/scores.json")
for name, score in report.scores.items():
    print(f"{name}: {score.value:.3g}")
print("alarms:", report.alarms or "none")

# %%
from hf_genimg.hub.card import write_card

print(write_card("runs/digits").read_text()[:1200])

# %% [markdown]
# ## Publish
#
# This is what a push sends, in one commit: weights, card, recipe, scores and samples, and a module with which the
# model loads where hf_genimg is not installed.

# %%
from pathlib import Path

from hf_genimg.hub.push import repository_files

for name in sorted(repository_files(Path("runs/digits"), "OWNER/digits")):
    print(name)

# %% [markdown]
# Name a repository of yours to push to it (`hf auth login` first). Then everybody has it with
# `hf_genimg.load("OWNER/NAME")`.

# %%
REPOSITORY = None  # "OWNER/NAME"
if REPOSITORY:
    print(hf_genimg.push("runs/digits", REPOSITORY))
