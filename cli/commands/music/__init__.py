"""Commands on tracks, files and models."""
