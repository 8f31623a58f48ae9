"""A recording before it is heard: where it is, which file it is by its content, and what it is called."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field

from common.files import FileState, sha256_of, state_of
from ml.audio.decode import AudioError, decoding
from ml.mixes.min_duration import SHORTEST_S, too_short
from sources.metadata.tags import clean_text, description_of, read_tags
from sources.records import path_of

URI: Final = "file:///"

# As a form takes it: a path from / on, or a file: URI.
Recording = Annotated[str, Field(pattern=r"^(/|file:///)[^\x00]*$", examples=["/music/Live at Berghain.mp3"])]


def as_parameter(path: Path) -> str:
    """A path as flows take it, which is text: absolute, and a file: URI where its bytes are no text."""
    absolute = path.absolute()
    try:
        str(absolute).encode()
    except UnicodeEncodeError:
        return absolute.as_uri()
    return str(absolute)


def path_from(parameter: str) -> Path:
    """The inverse. Raises AudioError for what is no path at all."""
    path = path_of(parameter) if parameter.startswith(URI) else Path(parameter)
    if not path.is_absolute() or "\0" in str(path):
        raise AudioError("missing", f"{parameter!r} is no path of a file; write it from / on.")
    return path


def name_in(parameter: str) -> str:
    """The name of the file, on one line, whatever it is that was given."""
    try:
        return clean_text(path_from(parameter).name)
    except (AudioError, ValueError):
        return clean_text(parameter)


def as_text(path: Path) -> str:
    r"""A path as the database holds it: bytes that are no text as \xNN."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class RecordingFile:
    """What is known of a file that can be opened as sound."""

    sha256: str
    bytes: int
    title: str  # artist and title of its tags, or else its name
    state: FileState  # to see whether it was changed since


def rejection(
    path: Path, known: RecordingFile | None, problem: AudioError, flow_run_id: str | None
) -> dict[str, Any]:
    """The row of a recording that cannot be used; `known` is None where its bytes could not be read."""
    return {
        "sha256": known.sha256 if known else None,
        "path": as_text(path),
        "title": known.title if known else clean_text(path.stem),
        "bytes": known.bytes if known else None,
        "reason": problem.reason,
        "detail": str(problem),
        "flow_run_id": flow_run_id,
    }


def fault_of(path: Path) -> tuple[RecordingFile | None, AudioError] | None:
    """Why a file is no recording that can be analysed, as far as its first bytes say; None where they say nothing."""
    try:
        with decoding(path) as sound:
            length_s = sound.promised_s
        if length_s is not None and length_s < SHORTEST_S:
            return look_at(path), too_short(path, length_s)
    except AudioError as problem:
        return None, problem
    return None


def look_at(path: Path) -> RecordingFile:
    """Read all of the file, decoding none of it. Raises AudioError: it cannot be read, or is no sound."""
    with decoding(path):  # whatever is no sound at all is told apart here
        pass
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            sha256 = sha256_of(file)
            description = description_of(read_tags(file), path.stem)
    except OSError as problem:
        raise AudioError(
            "unreadable", f"{str(path)!r} cannot be read ({problem.strerror}); copy it anew."
        ) from problem
    artists = ", ".join(description.artists)
    title = f"{artists} – {description.title}" if artists else description.title
    return RecordingFile(sha256, status.st_size, title, state_of(status))
