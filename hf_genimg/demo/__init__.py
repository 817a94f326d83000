"""The studio: plain functions that answer a visitor, and a Gradio page around them (`app.py` and `tabs/`, the only
files with gradio).
"""
