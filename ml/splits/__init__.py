"""Which tracks are for training, validation and holdout."""
