"""The error for sound files that cannot be used."""

from common.errors import LabelscopeError


class AudioError(LabelscopeError):
    """A sound file that cannot be used.

    `reason` is missing, unreadable, empty, unsupported, not_audio, truncated, not_finite or silent; of a long recording
    (ml.mixes.analyse) also too_short or changed. The text is one sentence with the cure.
    """

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(reason, sentence)  # both, so that the error can be pickled in a worker process
        self.reason = reason

    def __str__(self) -> str:
        return str(self.args[1])
