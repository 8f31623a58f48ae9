"""Synthetic music, for where there is none at hand."""
