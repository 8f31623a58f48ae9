"""Sounds for the tests of ml."""

import ml  # noqa: F401  (chooses Keras' backend before a test imports Keras)
from tests.sound.fixtures import some_clips, tone_flac, tone_mp3

__all__ = ["some_clips", "tone_flac", "tone_mp3"]
