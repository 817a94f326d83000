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
# # Edit a digit
#
# Four ways to change an image in the latent space of a model: a walk, a direction that the latents show, a direction
# that labels show, and a class. Seconds on a CPU, with models that the repository ships.

# %%
import torch

import hf_genimg
from hf_genimg.pipelines.images import grid

vae = hf_genimg.load("../model_cards/vae-digits")
digits = hf_genimg.open_dataset("digits", image_size=28, split="test", labels=True)
batch = digits.batch(torch.arange(len(digits)))
images, labels = batch["images"], batch["labels"]

# %% [markdown]
# ## Encode, walk, decode
#
# A real three, a real eight, and the images between their latents.

# %%
three, eight = (images[labels == label][2:3] for label in (3, 8))
ends = vae.encode(three), vae.encode(eight)
steps = torch.linspace(0, 1, 10)[:, None]
grid(vae.decode((1 - steps) * ends[0] + steps * ends[1]), columns=10)

# %% [markdown]
# ## A direction from labels
#
# The mean latent of the zeros minus that of the ones: "rounder". Added to the latents of other digits, it opens them.

# %%
latents = vae.encode(images)
rounder = latents[labels == 0].mean(0) - latents[labels == 1].mean(0)
seven = latents[labels == 7][:1]
amounts = torch.linspace(-0.5, 1, 10)[:, None]
grid(vae.decode(seven + amounts * rounder), columns=10)

# %% [markdown]
# ## Directions without labels
#
# Principal components of a GAN's activations (GANSpace). Each row is one of the three strongest directions, from one
# side to the other.

# %%
from hf_genimg.pipelines.directions import directions

gan = hf_genimg.load("../model_cards/dcgan-digits")
found = directions(gan, count=3)
start = gan.draw_seeds([5, 6]).latents[:1]
walks = torch.cat([start + amount * direction for direction in found for amount in torch.linspace(-6, 6, 10)])
grid(gan(latents=walks).images, columns=10)

# %% [markdown]
# ## A class
#
# A conditional GAN: one seed, so one handwriting, and all ten classes.

# %%
conditional = hf_genimg.load("../model_cards/cgan_projection-digits")
latents = conditional.draw_seeds([3, 4], class_labels=0).latents
rows = [conditional(latents=row.repeat(10, 1), class_labels=list(range(10))).images for row in latents[:, None]]
grid([image for row in rows for image in row], columns=10)
