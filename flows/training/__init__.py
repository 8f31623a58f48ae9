"""The stage that trains a model, compares it and promotes it; and evaluations."""
