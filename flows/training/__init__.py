"""The stage that trains models, compares and promotes them, and evaluates ways of training."""
