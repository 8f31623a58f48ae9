"""The base of every error that a person can correct."""

from typing import Any


class LabelscopeError(Exception):
    """A failure that a person can correct. The message is one sentence: what, where, and the cure.

    The command line prints the message alone. Any other exception is a bug, and shows its traceback. Every subclass
    can be pickled, whatever the arguments of its constructor, as errors cross the borders of processes.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (type(self), self.args, self.__dict__)


def _rebuilt(
    kind: type[LabelscopeError], arguments: tuple[Any, ...], attributes: dict[str, Any]
) -> LabelscopeError:
    """The error with these `args` and attributes, without a call of its constructor."""
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(attributes)
    return error
