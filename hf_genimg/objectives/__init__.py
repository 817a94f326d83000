"""Objectives: the games that networks are trained by."""
