"""The tables of docs/stabilization.md: pairs of fields, and families, that are refused, from the code that refuses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

from hf_genimg.recipes import recipe_class, recipe_names
from hf_genimg.recipes._adversarial import AdversarialRecipe
from hf_genimg.recipes._stabilization import REFUSED

METHODS: dict[str, dict[str, Any]] = {  # each method with the fields that it needs
    "spectral_norm": {"spectral_norm": True},
    "minibatch_std": {"minibatch_std": True},
    "diff_augment": {"diff_augment": "color,translation,cutout"},
    "ada": {"ada": "blit,geometry,color"},
    "augment": {"augment": "blit,color:0.5,cutout"},
    "penalty_decay": {"r1": 1.0, "penalty_decay": 0.1, "burn_in_images": 16},
    "final_adam_beta2": {"final_adam_beta2": 0.99, "burn_in_images": 16},
    "r1": {"r1": 1.0, "penalty_every": 2},
    "r2": {"r2": 1.0},
    "gradient_penalty": {"gradient_penalty": 1.0},
    "weight_clipping": {"weight_clipping": 0.05},
    "lecam": {"lecam": 0.3},
    "consistency_real": {"consistency_real": 10.0},
    "consistency_fake": {"consistency_real": 10.0, "consistency_fake": 10.0},
    "consistency_latents": {"consistency_latents": 5.0, "latent_spread": 0.5},
    "mode_seeking": {"mode_seeking": 0.1},
    "instance_noise": {"instance_noise": 0.1},
    "label_smoothing": {"label_smoothing": 0.1},
    "orthogonal": {"orthogonal": 1e-3},
    "top_k": {"top_k": 0.5, "top_k_images": 1},
    "discriminator_learning_rate": {"discriminator_learning_rate": 4e-4},
    "max_grad_norm": {"max_grad_norm": 1.0},
    "schedule": {"schedule": "cosine", "warmup_images": 16},
    "ema_half_life": {"ema_half_life": 100},
}
OTHER_NUMBERS = "_paper"  # a smoke run of such a recipe is that of the one it is made from


def adversarial() -> list[str]:
    """The adversarial recipes of the package, without those of published settings."""
    return [
        name
        for name in recipe_names()
        if issubclass(recipe_class(name), AdversarialRecipe) and not name.endswith(OTHER_NUMBERS)
    ]


def refusal(recipe: AdversarialRecipe) -> str | None:
    """The line with which a recipe is refused before training, or None."""
    try:
        recipe.check()
        with torch.device("meta"):
            recipe.override(image_channels=1).networks()
    except ValueError as error:
        return str(error)
    return None


def pairs() -> str:
    """The pairs of fields that do not go together, as Markdown."""
    rows = [f"| `{one}` | `{other}` | {why} |" for one, other, why in REFUSED]
    return "\n".join(["| one | other | why |", "|---|---|---|", *rows])


def families(names: Iterable[str]) -> str:
    """The recipes that refuse a method at their defaults, as Markdown."""
    refusing: dict[tuple[str, str], list[str]] = {}
    for method, fields in METHODS.items():
        for name in names:
            refused = refusal(recipe_class(name)().smoke().override(**fields))
            if refused:
                refusing.setdefault((method, refused.partition(" ")[2]), []).append(f"`{name}`")
    rows = [f"| `{method}` | {', '.join(recipes)} | {why} |" for (method, why), recipes in sorted(refusing.items())]
    return "\n".join(["| field | recipes | why it is refused |", "|---|---|---|", *rows])
