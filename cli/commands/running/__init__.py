"""Commands that keep a home running."""
