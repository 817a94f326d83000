"""Scores with their protocol: sampling, features and statistics are three separate steps, and metrics are functions of
feature tables.
"""
