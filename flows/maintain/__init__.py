"""The nightly check that files and rows agree."""
