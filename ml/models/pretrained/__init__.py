"""A frozen network that others trained: its files, its input, its layers and the embedding of a clip."""
