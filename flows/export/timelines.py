"""A mix's timeline as a CUE sheet, Audacity labels, chapters in JSON (Podcasting 2.0), or Markdown."""

import json
import re
from pathlib import PurePath
from typing import Final

from common.text import one_line
from flows.export.entries import MARK, Timeline
from flows.export.errors import ExportError

MOST_CUE_TRACKS: Final = 99
FRAMES: Final = 75  # of a CUE sheet, in a second
MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~&])")


def cue(timeline: Timeline) -> bytes:
    """A CUE sheet. Quotes become apostrophes, as the format cannot escape them.

    Raises ExportError for more than 99 segments, or a file name with a quote or a line break.
    """
    if len(timeline.segments) > MOST_CUE_TRACKS:
        raise ExportError(
            f"A CUE sheet holds at most {MOST_CUE_TRACKS} tracks, and this mix has {len(timeline.segments)} segments:"
            " write .txt, .json or .md."
        )
    file = PurePath(timeline.path).name
    if '"' in file or one_line(file) != file:
        raise ExportError(
            f"A CUE sheet cannot name the file {one_line(file)!r}: rename it, or write .txt, .json or .md."
        )
    kind = {".mp3": "MP3", ".aif": "AIFF", ".aiff": "AIFF"}.get(PurePath(file).suffix.lower(), "WAVE")
    lines = [f'REM COMMENT "{MARK}"', f'TITLE "{_quoted(timeline.title)}"', f'FILE "{file}" {kind}']
    for number, segment in enumerate(timeline.segments, 1):
        lines += [
            f"  TRACK {number:02} AUDIO",
            f'    TITLE "{_quoted(segment.label)}"',
            f"    INDEX 01 {_frames(segment.start_s)}",
        ]
    return ("\r\n".join(lines) + "\r\n").encode()


def audacity(timeline: Timeline) -> bytes:
    """Labels for Audacity: start and end in seconds and the label, with tabs between them."""
    return "".join(
        f"{segment.start_s:.6f}\t{segment.end_s:.6f}\t{one_line(segment.label)}\n"
        for segment in timeline.segments
    ).encode()


def chapters(timeline: Timeline) -> bytes:
    """Chapters in JSON, version 1.2.0 of Podcasting 2.0."""
    document = {
        "version": "1.2.0",
        "title": timeline.title,
        "description": MARK,
        "chapters": [
            {"startTime": segment.start_s, "endTime": segment.end_s, "title": segment.label}
            for segment in timeline.segments
        ],
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def markdown(timeline: Timeline) -> bytes:
    """A table with a row for each segment."""
    lines = [
        f"<!-- {MARK} -->",
        f"# {_escaped(timeline.title)}",
        "",
        "| from | to | sounds like | confidence |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {_clock(segment.start_s)} | {_clock(segment.end_s)} | {_escaped(segment.label)}"
        f" | {segment.confidence:.3f} |"
        for segment in timeline.segments
    ]
    return ("\n".join(lines) + "\n").encode()


def _quoted(text: str) -> str:
    return one_line(text).replace('"', "'")


def _frames(seconds: float) -> str:
    """The time as MM:SS:FF; minutes go beyond 99."""
    whole, frames = divmod(round(seconds * FRAMES), FRAMES)
    return f"{whole // 60:02}:{whole % 60:02}:{frames:02}"


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def _escaped(text: str) -> str:
    return MARKDOWN.sub(r"\\\1", one_line(text))
