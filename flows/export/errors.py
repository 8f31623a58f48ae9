"""The error of an export."""

from common.errors import LabelscopeError


class ExportError(LabelscopeError):
    """An export is not possible. The message is one sentence with the cure."""
