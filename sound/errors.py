"""The error for sound files that cannot be used."""

from pathlib import Path

from common.errors import LabelscopeError


class AudioError(LabelscopeError):
    """A sound file that cannot be used. The text is one sentence: the path, the fault and the cure.

    Attributes:
        reason: missing, unreadable, empty, unsupported, not_audio, no_length, truncated, joined, not_finite, silent or
            changed; of a long recording (ml.mixes.analyse) also too_short.
        fault, cure: parts of the sentence, such as "is empty" and "fetch it again".
    """

    def __init__(self, reason: str, path: Path, fault: str, cure: str) -> None:
        self.reason, self.fault, self.cure = reason, fault, cure
        # In quotes: names with line breaks or stray bytes stay on one line and remain storable text.
        super().__init__(self.sentence(repr(str(path))))

    def sentence(self, name: str) -> str:
        """One sentence about the file of this name."""
        return f"{name} {self.fault}; {self.cure}."
