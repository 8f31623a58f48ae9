"""Crops, batches and augmentation: the data of a training."""
