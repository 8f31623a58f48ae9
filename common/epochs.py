"""An epoch of a training, as the database stores it and the report shows it."""

from typing import NotRequired, TypedDict


class StoredEpoch(TypedDict):
    """An item of the column `history`; only some epochs are validated."""

    member: NotRequired[int]
    epoch: int
    loss: float
    accuracy: float
    validation_loss: NotRequired[float | None]
    validation_accuracy: NotRequired[float | None]
    seconds: NotRequired[float]
