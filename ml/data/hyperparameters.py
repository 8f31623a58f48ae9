"""The hyperparameters of a training, and the preset of each architecture."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter, ValidationError

from common.errors import LabelscopeError
from ml.data.crops import CROP_FRAMES

Number = Annotated[int, Field(ge=1, le=100_000)]
Share = Annotated[float, Field(ge=0, le=1)]
Deviation = Annotated[float, Field(ge=0, le=100)]  # in dB


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """Equal values and equal crops repeat a training on the same machine. docs/model.md has the effect of each.

    Only `choose` checks the bounds; a bench may exceed them.
    """

    architecture: str  # the layers: see ml.models.networks.ARCHITECTURES
    # Frames of one crop: 2.97 s at 22 050 Hz and hop 512. Clips of 128 frames count as usable.
    crop_frames: Annotated[int, Field(ge=32, le=CROP_FRAMES)] = CROP_FRAMES
    batch_size: Number = 32  # crops to a gradient step
    epochs: Number = 40  # passes over the training clips; `patience` may end a training sooner
    minimum_steps: Number = 150  # gradient steps at least, however small the dataset
    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.001  # the highest of the schedule
    # Share of the steps in which the rate rises; it falls as a cosine afterwards. 0: constant rate.
    warm_up: Share = 0.0
    weight_decay: Share = 0.0  # of AdamW
    # Epochs without a better validation loss after which a training ends; None: it runs to its last epoch.
    patience: Number | None = None
    label_smoothing: Share = 0.0  # share of the target that is spread over all labels
    weight_average: Share = 0.0  # momentum of the moving average of the weights; 0: the last weights are used
    # Crops at random positions of each clip in each epoch; None: its consecutive crops.
    random_crops: Annotated[int, Field(ge=1, le=1000)] | None = None
    gain_db: Deviation = 0.0  # standard deviation of the random gain of each training crop
    equaliser_db: Deviation = 0.0  # standard deviation of the random equaliser of each training crop
    masks: Share = 0.0  # largest masked share of the bands, and of the frames (SpecAugment); 0: no masks
    mixup: Annotated[float, Field(ge=0, le=100)] = 0.0  # alpha of the beta distribution; 0: no mixup
    # How often each network of the architecture is trained, each time from other initial weights.
    members: Annotated[int, Field(ge=1, le=100)] = 1
    seed: Annotated[int, Field(ge=0)] = 1  # of initial weights, dropout, order and positions of crops


PRESETS: Final = {
    "labelscope": Hyperparameters(
        "labelscope",
        warm_up=0.1,
        weight_decay=0.01,
        random_crops=4,
        equaliser_db=4.0,
        minimum_steps=400,
    ),
    "seed": Hyperparameters("seed", batch_size=64, learning_rate=0.0003, patience=8),
}
"""The hyperparameters of each architecture."""


class HyperparameterError(LabelscopeError, ValueError):
    """An unknown hyperparameter, or a value out of bounds; the message lists what is possible."""


def choose(architecture: str, seed: int, changes: Mapping[str, Any]) -> Hyperparameters:
    """The preset of an architecture with some values changed, by name.

    Raises HyperparameterError for an unknown name and for a value out of bounds.
    """
    names = [field.name for field in fields(Hyperparameters) if field.name not in ("architecture", "seed")]
    if unknown := sorted(set(changes) - set(names)):
        raise HyperparameterError(
            f"LABELSCOPE_HYPERPARAMETERS names {', '.join(unknown)}: what can be chosen is {', '.join(names)}."
        )
    try:
        return TypeAdapter(Hyperparameters).validate_python(
            asdict(PRESETS[architecture]) | dict(changes) | {"seed": seed}
        )
    except ValidationError as problem:
        first = problem.errors()[0]
        raise HyperparameterError(
            f"LABELSCOPE_HYPERPARAMETERS sets {first['loc'][0]} to {first['input']!r}: {first['msg'].lower()}."
        ) from None
