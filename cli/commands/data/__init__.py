"""Commands that read the database, write pages, and copy a home."""
