"""The error for sound files that cannot be used."""

from pathlib import Path

from common.errors import LabelscopeError


class AudioError(LabelscopeError):
    """A sound file that cannot be used. The text is one sentence: the path, the problem and its cure.

    Attributes:
        reason: missing, unreadable, empty, unsupported, not_audio, no_length, truncated, joined, not_finite, silent or
            changed; of a long recording (ml.mixes.analyse) also too_short.
        path: of the file.
        problem: the sentence without the path, such as "is empty; remove it or fetch it again."
    """

    def __init__(self, reason: str, path: Path, problem: str) -> None:
        super().__init__(reason, path, problem)
        self.reason, self.path, self.problem = reason, path, problem

    def __str__(self) -> str:
        # In quotes: names with line breaks or stray bytes stay on one line and remain storable text.
        return f"{str(self.path)!r} {self.problem}"
