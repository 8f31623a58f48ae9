"""How good a way to learn is on a whole collection."""
