"""The error for a request that needs a model where none is in use."""

from common.errors import LabelscopeError


class NoModelError(LabelscopeError):
    """No model is in use yet."""

    def __str__(self) -> str:
        return "No model is in use yet; `labelscope run` trains one."
