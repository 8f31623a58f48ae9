"""Synthetic music, for trying Labelscope without any music."""
