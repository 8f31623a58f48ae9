"""The clips of a file, as records."""

from sound.clips import plan_clips
from sources.records import AudioClip, AudioFile


def cut_clips(file: AudioFile, windows: int) -> tuple[AudioClip, ...]:
    """The clips of a file as planned by `plan_clips`."""
    return tuple(
        AudioClip(file, offset_s, duration_s) for offset_s, duration_s in plan_clips(file.duration_s, windows)
    )
