"""The sections of the page, one a file: rows as the database gives them in, sentences, pictures and tables out."""
