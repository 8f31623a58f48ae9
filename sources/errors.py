"""What can go wrong between a source and us. Each message is one sentence: what, where, and the cure."""

from datetime import datetime

from common.errors import LabelscopeError


class SourceError(LabelscopeError):
    """Something was not to be had."""


class CrateError(LabelscopeError):
    """The folder is not a crate. The message is one sentence with the cure."""


class Unavailable(SourceError):
    """This playlist is not to be had, however often one asks; the others may be.

    `status`: "forbidden", "gone", or "metadata_only" (its name may be read, its tracks may not).
    """

    def __init__(self, sentence: str, status: str) -> None:
        super().__init__(sentence)
        self.status = status


class CapabilityDenied(SourceError):
    """The provider does not offer this to our key, such as audio features to apps made since 2024."""


class TransientError(SourceError):
    """A passing fault outlived all attempts: the next run asks again."""


class ChangedWhileReading(TransientError):
    """The list changed while it was read."""


class RateLimited(TransientError):
    """The provider wants no more requests before `until` (with time zone); asking earlier makes it longer."""

    def __init__(self, sentence: str, until: datetime) -> None:
        super().__init__(sentence)
        self.until = until


class LoginNeeded(TransientError):
    """No request can succeed before a person has set a key or logged in."""
