"""Every choice of a training that is not data, and the choices that stand for each architecture."""

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
    """Equal values and equal crops repeat a training on the same machine. docs/model.md says what each is worth.

    The bounds are those of `choose`; a bench may go beyond.
    """

    architecture: str  # the layers: see ml.models.networks.ARCHITECTURES
    # Frames that the network sees at once: 2.97 s at 22 050 Hz and hop 512. Clips of 128 frames count as usable.
    crop_frames: Annotated[int, Field(ge=32, le=CROP_FRAMES)] = CROP_FRAMES
    batch_size: Number = 32  # crops to a gradient step
    epochs: Number = 40  # passes over the training clips; at most, where `patience` may end it sooner
    minimum_steps: Number = 150  # gradient steps at least, however small the crate
    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.001  # the highest of the schedule
    warm_up: Share = 0.0  # of the steps, in which the rate rises, to fall as a cosine; 0: it is constant
    weight_decay: Share = 0.0  # of AdamW
    patience: Number | None = (
        None  # epochs without a better validation loss that end a training; None: none do
    )
    label_smoothing: Share = 0.0  # of each label's certainty, that is spread over all labels
    weight_average: Share = 0.0  # momentum of the moving average of weights that is kept; 0: the last ones
    random_crops: Annotated[int, Field(ge=1, le=1000)] | None = (
        None  # crops from anywhere in each clip and epoch; None: its consecutive ones
    )
    gain_db: Deviation = 0.0  # of the gain that each training crop is given at random
    equaliser_db: Deviation = 0.0  # of the random equaliser that each training crop goes through
    masks: Share = 0.0  # of the bands, and of the frames, that is masked at most (SpecAugment); 0: none
    mixup: Annotated[float, Field(ge=0, le=100)] = (
        0.0  # alpha of the beta distribution that mixes pairs of crops; 0: none
    )
    members: Annotated[int, Field(ge=1, le=100)] = (
        1  # times that each network of the architecture is trained, each time from another beginning
    )
    seed: Annotated[int, Field(ge=0)] = 1  # of initial weights, dropout and the order and places of crops


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
"""What each architecture is trained with."""


class HyperparameterError(LabelscopeError, ValueError):
    """A choice that does not exist, or a value that it cannot have; the message says what there is."""


def choose(architecture: str, seed: int, changes: Mapping[str, Any]) -> Hyperparameters:
    """The preset of an architecture with some changes, by name.

    Raises HyperparameterError for a name that cannot be chosen, and for a value out of bounds.
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
