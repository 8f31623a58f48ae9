"""Work in batches: in this process, or on a Dask cluster."""
