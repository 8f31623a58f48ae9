"""What sounds alike."""
