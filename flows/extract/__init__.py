"""The stage that turns clips into spectrograms, audio features and fingerprints."""
