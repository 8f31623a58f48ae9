"""Long recordings: scores of windows, then segments, then a summary."""
