"""What is said where a model is needed and none is in use."""

from common.errors import LabelscopeError


class NoModelError(LabelscopeError):
    """No model is in use yet; the message is a sentence with the cure."""

    def __str__(self) -> str:
        return "No model is in use yet; `labelscope run` trains one."
