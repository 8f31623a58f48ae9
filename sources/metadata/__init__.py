"""What sources say of tracks, cleaned and compared."""
