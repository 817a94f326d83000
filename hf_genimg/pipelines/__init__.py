"""Pipelines: one public file per task; what they share is in plain modules of functions and in `_`-prefixed base
classes.
"""

from __future__ import annotations

# Importing this module registers our pipelines with diffusers, which imports each of their files (see
# hf_genimg/_imports.py). Here, ahead of them, so that this never happens while one of them is itself half imported.
import diffusers.pipelines.pipeline_utils  # noqa: F401
