"""The clips of a file, as records."""

from sound.clips import plan_clips
from sources.records import AudioClip, AudioFile


def cut_clips(file: AudioFile, windows: int) -> tuple[AudioClip, ...]:
    """The clips of a file as planned by `plan_clips`."""
    return tuple(
        AudioClip(
            provider=file.provider,
            uri=file.uri,
            sha256=file.sha256,
            bytes=file.bytes,
            modified_ns=file.modified_ns,
            offset_s=offset_s,
            duration_s=duration_s,
            licence=file.licence,
        )
        for offset_s, duration_s in plan_clips(file.duration_s, windows)
    )
