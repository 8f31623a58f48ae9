"""What several stages do with the model in use."""
