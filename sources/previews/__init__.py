"""Previews: where they are found, and how they are fetched."""
