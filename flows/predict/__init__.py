"""The stage that scores tracks, and the scoring of files."""
