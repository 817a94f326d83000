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
# # Evaluate honestly
#
# Two shipped models of digits, DCGAN and R3GAN: which one is better? A single number does not say. A minute on two
# CPU cores.

# %%
import hf_genimg

METRICS = ["fid", "precision"]  # precision brings recall along
reports = {
    name: hf_genimg.evaluate(f"../model_cards/{name}-digits", "digits", metrics=METRICS, num=500, progress=False)
    for name in ("dcgan", "r3gan")
}
for name, report in reports.items():
    print(name)
    for metric, score in report.scores.items():
        interval = "" if score.low is None else f" ({score.low:.3g} to {score.high:.3g})"
        print(f"    {metric}: {score.value:.3g}{interval}")

# %% [markdown]
# Precision is high where single images are good, recall where all kinds of images are there. A model that repeats a
# few good images has high precision and low recall: look for both, and for alarms.

# %%
for name, report in reports.items():
    print(f"{name}:", *(report.alarms or ["no alarm"]), sep="\n    ")

# %%
from PIL import Image

for name in reports:
    hf_genimg.load(f"../model_cards/{name}-digits").save_grid(
        f"{name}.png", num_images=32, seed=0, columns=16, overwrite=True
    )
both = [Image.open(f"{name}.png") for name in reports]
sheet = Image.new("L", (max(image.width for image in both), sum(image.height for image in both) + 8), 255)
sheet.paste(both[0], (0, 0))
sheet.paste(both[1], (0, both[0].height + 8))
sheet  # DCGAN above, R3GAN below

# %% [markdown]
# ## Is the difference larger than the uncertainty?

# %%
from hf_genimg.evaluation.scores import compare

for line in compare(reports["dcgan"], reports["r3gan"]):
    print(line)

# %% [markdown]
# ## A protocol is part of a score
#
# The same model against other images, or with another number of them, has another FID. Such scores are not compared.

# %%
fewer = hf_genimg.evaluate("../model_cards/dcgan-digits", "digits", metrics=["fid"], num=250, progress=False)
print(f"with 500 images {reports['dcgan'].scores['fid'].value:.3g}, with 250 images {fewer.scores['fid'].value:.3g}")
try:
    compare(reports["dcgan"], fewer)
except ValueError as error:
    print(error)
