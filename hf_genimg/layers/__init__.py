"""Layers, distributions and initialisations that several families share."""
