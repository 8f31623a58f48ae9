"""Sounds for the tests of sound."""

from tests.sound.fixtures import burst_mp3, some_clips, tone_flac, tone_mp3

__all__ = ["burst_mp3", "some_clips", "tone_flac", "tone_mp3"]
