"""What is computed from the samples of a clip."""
