"""Checks that fail fast, before anything slow starts."""
