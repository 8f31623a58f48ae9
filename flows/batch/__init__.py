"""Batches of work, run in this process or on a Dask cluster."""
