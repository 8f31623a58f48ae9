"""The file of a recording before its analysis: its path, the sha256 of its content, and its title."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from common.files import FileState, describe, sha256_of, state_of
from db.write.mixes import RejectedMixRow
from ml.mixes.min_duration import SHORTEST_S, too_short
from sound.errors import AudioError
from sound.probe import probe
from sources.files.names import stem_of
from sources.metadata.tags import clean_text, completed, description_of, read_tags
from sources.records import path_of

URI: Final = "file:///"

# The pattern of Prefect's form: an absolute path, or a file: URI.
Recording = Annotated[str, Field(pattern=r"^(/|file:///)[^\x00]*$", examples=["/music/Live at Berghain.mp3"])]


def as_parameter(path: Path) -> str:
    """A path as text for a flow parameter: absolute, or a file: URI where its bytes are not UTF-8."""
    absolute = path.absolute()
    try:
        str(absolute).encode()
    except UnicodeEncodeError:
        return absolute.as_uri()
    return str(absolute)


def path_from(parameter: str) -> Path:
    """The inverse of `as_parameter`. Raises AudioError for text that is no path."""
    path = path_of(parameter) if parameter.startswith(URI) else Path(parameter)
    if not path.is_absolute() or "\0" in str(path):
        raise AudioError("missing", Path(parameter), "is no path of a file", "give an absolute path")
    return path


def name_in(parameter: str) -> str:
    """The name of the file on one line, or the parameter itself where it is no path."""
    try:
        return clean_text(path_from(parameter).name)
    except (AudioError, ValueError):
        return clean_text(parameter)


def as_text(path: Path) -> str:
    r"""A path as the database stores it: bytes that are not UTF-8 become \xNN."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class RecordingFile:
    """A file that can be opened as audio."""

    path: Path
    sha256: str
    bytes: int
    title: str  # artist and title from its tags, or else its name
    state: FileState  # to detect later changes


def rejection(
    path: Path, file: RecordingFile | None, problem: AudioError, flow_run_id: str | None
) -> RejectedMixRow:
    """The row of a recording that cannot be used; `file` is None where its bytes could not be read."""
    return {
        "sha256": file.sha256 if file else None,
        "path": as_text(path),
        "title": file.title if file else clean_text(path.stem),
        "bytes": file.bytes if file else None,
        "reason": problem.reason,
        "detail": str(problem),
        "flow_run_id": flow_run_id,
    }


def fault_of(path: Path) -> tuple[RecordingFile | None, AudioError] | None:
    """Why a file cannot be analysed, judged by its first bytes only; None where these show no fault."""
    try:
        length_s = probe(path).duration_s
        if length_s < SHORTEST_S:
            return read_recording_file(path), too_short(path, length_s)
    except AudioError as problem:
        return None, problem
    return None


def read_recording_file(path: Path) -> RecordingFile:
    """Read all bytes of a file without decoding them. Raises AudioError: it cannot be read, or is not audio."""
    sound = probe(path)
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            sha256 = sha256_of(file)
            description = description_of(completed(read_tags(file), sound.tags), stem_of(path.name))
    except OSError as problem:
        raise AudioError(
            "unreadable", path, f"cannot be read ({describe(problem)})", "copy it anew"
        ) from problem
    artists = ", ".join(description.artists)
    title = f"{artists} – {description.title}" if artists else description.title
    return RecordingFile(path, sha256, status.st_size, title, state_of(status))
