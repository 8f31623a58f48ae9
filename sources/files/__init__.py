"""Folders of audio files."""
