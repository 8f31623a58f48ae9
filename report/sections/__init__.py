"""The sections of the page, one a file: rows of the database to sentences, charts and tables."""
