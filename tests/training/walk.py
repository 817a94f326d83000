"""What every process of a launch runs: `walk.py FOLDER RECIPE...` trains each recipe there (a name, or a user's file);
`walk.py FOLDER CASE` does what CASE says: `killed`, `raises`, `unlike`, `on` or a number of images to stop at.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import hf_genimg  # noqa: F401
from hf_genimg.recipes import recipe_class, recipe_names
from hf_genimg.training.loop import train
from hf_genimg.training.recipe import Recipe
from hf_genimg.training.state import Run

RANK = int(os.environ.get("RANK", "0"))
COMPOSED = {"r1": 1.0, "penalty_every": 2, "gradient_penalty": 1.0, "max_grad_norm": 1.0, "n_critic": 2}
COMPOSED |= {
    "ada": "blit,geometry,color",
    "ada_images": 500,
    "spectral_norm": True,
    "lecam": 0.3,
    "top_k": 0.5,
    "top_k_images": 160,
}
COMPOSED |= {
    "consistency_real": 1.0,
    "consistency_latents": 1.0,
    "latent_spread": 0.1,
    "instance_noise": 0.1,
    "minibatch_std": True,
}
COMPOSED |= {"orthogonal": 1e-4, "label_smoothing": 0.1, "discriminator_learning_rate": 1e-4}


def cases() -> dict[str, Recipe]:
    """Ten updates of every recipe, and twenty of dcgan and of one with everything that an objective may be composed of;
    `halves` is interrupted in the middle.
    """
    plain = {name: recipe_class(name)().smoke().override(images=80) for name in recipe_names()}
    dcgan = plain["dcgan"].override(images=160)
    # Its inverse distances magnify rounding while all images are alike.
    text_gan = plain["text_gan"].override(mode_seeking=0.0)
    composed = dcgan.override(images=320, **COMPOSED)
    return {**plain, "text_gan": text_gan, "dcgan": dcgan, "halves": dcgan, "composed": composed}


def plant_death(how: str) -> None:
    """Process 1 fails, or is killed, at image 96, where a checkpoint was written."""
    plain = Run.training_step

    def step_or_die(self: Run) -> None:
        if self.images >= 96 and RANK == 1:
            if how == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            raise ValueError("the planted failure of process 1")
        plain(self)

    Run.training_step = step_or_die


def main(folder: Path, *names: str) -> None:
    recipes, case = cases(), names[0]
    if case in recipes or case.endswith(".py"):
        for name in names:
            recipe = recipes[name] if name in recipes else recipe_class(name)().smoke().override(images=80)
            if name == "halves":
                train(recipe, folder / name, progress=False, stop_at=72)
            train(recipe, folder / Path(name).stem, progress=False)
        return
    if case in ("killed", "raises"):
        plant_death(case)
    if case == "unlike":
        train(recipe_class("dcgan")().smoke().override(seed=RANK), folder, progress=False)
    stop_at = int(case) if case.isdigit() else None
    train(cases()["dcgan"], folder, progress=False, stop_at=stop_at)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
