"""Rows in, one HTML page out: what there is, how good the model in use is, and what the music looks like to it."""
