"""What a source of audio returned, checked and in short."""

from hashlib import sha256
from pathlib import Path

import mutagen
import numpy as np
import pytest
import soundfile as sf

from sources.previews.finders import (
    AudioSource,
    Found,
    NotFound,
    Wanted,
    find_audio,
    stored_uri,
)


def check(outcome: Found | NotFound, content: bytes, inbox: Path) -> Found:
    """It is this content, in the inbox, whole, as one clip."""
    assert isinstance(outcome, Found), outcome
    (clip,) = outcome.clips
    assert outcome.file is not None
    assert outcome.file.parent == inbox
    assert outcome.file.read_bytes() == content
    assert (clip.file.sha256, clip.file.bytes) == (sha256(content).hexdigest(), len(content))
    assert (
        clip.file.uri
        == stored_uri(clip.file.sha256, "mp3")
        == f"store:audio/{clip.file.sha256[:2]}/{outcome.file.name}"
    )
    assert clip.file.modified_ns == outcome.file.stat().st_mtime_ns
    assert (clip.offset_s, clip.duration_s) == (0.0, pytest.approx(3.75, abs=0.2))
    assert [path.suffix for path in inbox.iterdir()] == [".mp3"]
    return outcome


def missing(outcome: Found | NotFound) -> tuple[str, bool]:
    """(reason, again), the sentence being one."""
    assert isinstance(outcome, NotFound), outcome
    assert outcome.detail.endswith(".")
    assert "hmac" not in outcome.detail
    return outcome.reason, outcome.again


def put(folder: Path, asked: Wanted, seconds: float, **tags: str) -> Path:
    """A file that is the recording by its tags."""
    path = folder / "song.flac"
    sf.write(path, np.zeros(round(seconds * 8000)), 8000)
    file = mutagen.File(path)
    file.update({"title": asked.title, "artist": asked.artists[0]} | tags)
    file.save()
    return path


def source_of(asked: Wanted, finders: list[AudioSource], inbox: Path) -> tuple[str | None, list[str]]:
    found, nowhere = find_audio(asked, finders, inbox)
    return found.source if found else None, [f"{one.source}: {one.reason}" for one in nowhere]
