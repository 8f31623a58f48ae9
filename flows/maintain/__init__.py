"""The nightly check that files and database rows match."""
