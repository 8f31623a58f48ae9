"""The error for weights that cannot be used."""

from common.errors import LabelscopeError


class WeightsError(LabelscopeError):
    """The files of a pretrained network are missing or damaged. The message is one sentence with the cure."""
