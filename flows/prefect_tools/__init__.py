"""Helpers for Prefect that several stages use."""
