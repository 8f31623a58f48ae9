"""The Prefect server of a home."""
