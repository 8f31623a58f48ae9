"""Cross-validation of training methods on a whole dataset."""
