"""The stage in which the champion scores tracks."""
