"""The analysis of long recordings."""
