"""Objectives: the losses that networks are trained by."""
