"""Backups: made, and put into an empty home."""
