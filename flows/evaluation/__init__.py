"""The stage that cross-validates ways of training, apart from the models in use."""
