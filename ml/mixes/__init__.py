"""Long recordings: window by window, then segments, then a summary."""
