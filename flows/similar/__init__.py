"""The search for tracks that sound alike."""
