"""What runs when, and what keeps it running."""
