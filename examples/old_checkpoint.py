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
# # Bring an old checkpoint to the Hub
#
# A `.pth` file of a DCGAN that somebody trained with a script of their own becomes a pipeline with a card. Seconds on
# a CPU.
#
# First the old file. Here it is made from a shipped model: a plain `nn.Sequential`, as in PyTorch's DCGAN example,
# whose weights have names like `main.0.weight` and are saved by `torch.save`.

# %%
import torch
from torch import nn

import hf_genimg

shipped = hf_genimg.load("../model_cards/dcgan-digits")


class Generator(nn.Module):
    def __init__(self, nz=100, ngf=16, nc=1):
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(nz, ngf * 4, 4, 1, 0, bias=False),
            nn.BatchNorm2d(ngf * 4),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf * 4, ngf * 2, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ngf * 2),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf * 2, ngf, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ngf),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf, nc, 4, 2, 1, bias=False),
            nn.Tanh(),
        )

    def forward(self, noise):
        return self.main(noise)


old = Generator()
old.load_state_dict(dict(zip(old.state_dict(), shipped.generator.state_dict().values(), strict=True)))
torch.save(old.state_dict(), "netG_epoch_24.pth")

# %% [markdown]
# ## Convert
#
# The command line does the same: `hf-genimg convert netG_epoch_24.pth --as dcgan --out imported image_size=32`. The
# file is read with `weights_only=True`, so nothing in it is run. It says what it found and what it assumed; `check=`
# compares the images with data.

# %%
import shutil

from hf_genimg.hub.convert import convert

shutil.rmtree("imported", ignore_errors=True)
for line in convert("netG_epoch_24.pth", "dcgan", "imported", ["image_size=32"], check="digits"):
    print(line)

# %% [markdown]
# ## Is it the same network?

# %%
pipe = hf_genimg.load("imported")
noise = torch.randn(8, 100)
with torch.no_grad():
    theirs = old.eval()(noise[:, :, None, None])
ours = pipe(latents=noise, output_type="pt").images
print("largest difference:", float((theirs.clamp(-1, 1) - ours * 2 + 1).abs().max()))

# %%
from hf_genimg.pipelines.images import grid

grid(pipe(num_images=32, seed=0).images, columns=16)

# %% [markdown]
# ## Publish
#
# The repository would hold these files; `hf_genimg.push("imported", "OWNER/NAME")` sends them. State in the card what
# only you know: which images it was trained on, and their licence.

# %%
from pathlib import Path

from hf_genimg.hub.push import repository_files

for name in sorted(repository_files(Path("imported"), "OWNER/NAME")):
    print(name)
