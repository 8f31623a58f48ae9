"""Errors, text and files for every package. Imports nothing else of Labelscope."""
