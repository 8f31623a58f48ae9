"""Explain why a track sounds like a label to the model in use."""
