"""Sound files: their length, and their samples."""
