"""Errors of sources. Each message is one sentence: what failed, where, and the cure."""

from datetime import datetime

from common.errors import LabelscopeError


class SourceError(LabelscopeError):
    """A source could not deliver a playlist, a track or its features."""


class CrateError(LabelscopeError):
    """The folder is not a crate. The message is one sentence with the cure."""


class Unavailable(SourceError):
    """This playlist cannot be read, now or later; others may be.

    `status`: "forbidden", "gone", or "metadata_only" (the provider gives its name, but not its tracks).
    """

    def __init__(self, sentence: str, status: str) -> None:
        super().__init__(sentence)
        self.status = status


class CapabilityDenied(SourceError):
    """The provider denies this capability to our key, such as audio features to apps made since 2024."""


class TransientError(SourceError):
    """A passing fault outlasted all attempts. The next run tries again."""


class ChangedWhileReading(TransientError):
    """The playlist changed while it was read."""


class RateLimited(TransientError):
    """The provider refuses requests before `until` (with time zone). A request before then extends the wait."""

    def __init__(self, sentence: str, until: datetime) -> None:
        super().__init__(sentence)
        self.until = until


class LoginNeeded(TransientError):
    """No request can succeed before a person sets a key or logs in."""


class UnusableError(Exception):
    """A file, or an entry of a playlist, cannot be used. `reason` is one word, for the database.

    `fault` and `cure` are parts of a sentence: "is empty", "fetch it again, or remove it".
    """

    def __init__(self, reason: str, fault: str, cure: str) -> None:
        super().__init__(reason, fault, cure)
        self.reason = reason
        self.fault = fault
        self.cure = cure

    def sentence(self, name: str) -> str:
        """One sentence about the file or entry with this name."""
        return f"{name} {self.fault}; {self.cure}."
