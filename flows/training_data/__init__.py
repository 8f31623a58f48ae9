"""The tracks that trainings and evaluations use: their splits, the training set, and its provenance."""
